/// Habits of the source text.
///
/// Each rule takes a file and gives a line of text for every breach. The words looked for are
/// put together from halves, so that these rules hold for this file too.
enum TextRules {
  /// The most lines a Swift file may have.
  static let lineLimit = 400

  /// A file is one idea and can be read in one sitting.
  static func length(_ file: SourceFile) -> [String] {
    guard file.lines.count > lineLimit else { return [] }
    return ["\(file.path): \(file.lines.count) lines, more than \(lineLimit)"]
  }

  /// Whoever takes sendability on trust says why, on the same line.
  static func uncheckedSendable(_ file: SourceFile) -> [String] {
    let words = "@unchecked" + " Sendable"
    let lines = zip(file.codeLines, file.lines).enumerated()
    return lines.compactMap { number, line in
      let (code, whole) = line
      guard code.contains(words) else { return nil }
      let reason = whole.split(separator: "//", maxSplits: 1).dropFirst().first ?? ""
      guard reason.filter(\.isLetter).count < 5 else { return nil }
      return "\(file.path):\(number + 1): \(words) without its reason on the line"
    }
  }

  /// Nothing traps on an error, and nothing is left for later.
  static func unfinished(_ file: SourceFile) -> [String] {
    let inCode = ["try" + "!"]
    let anywhere = ["TO" + "DO", "FIX" + "ME", "fatalError(" + "\"not"]
    let lines = zip(file.codeLines, file.lines).enumerated()
    return lines.flatMap { number, line in
      let (code, whole) = line
      let found = inCode.filter { code.contains($0) } + anywhere.filter { whole.contains($0) }
      return found.map { "\(file.path):\(number + 1): \($0)" }
    }
  }

  /// No text names a folder of somebody's machine.
  static func machinePaths(_ file: SourceFile) -> [String] {
    let folders = ["/ro" + "ot/", "/ho" + "me/", "/Us" + "ers/"]
    return file.lines.enumerated().compactMap { number, line in
      guard let folder = folders.first(where: { names(line, folder: $0) }) else { return nil }
      return "\(file.path):\(number + 1): a path of a developer's machine (\(folder))"
    }
  }

  /// Whether the line holds the path from its root on, not as the end of a longer one.
  private static func names(_ line: Substring, folder: String) -> Bool {
    line.ranges(of: folder).contains { range in
      guard range.lowerBound > line.startIndex else { return true }
      let before = line[line.index(before: range.lowerBound)]
      return !before.isLetter && !before.isNumber && !"._-}".contains(before)
    }
  }
}
