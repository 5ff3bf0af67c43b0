/// Swift text without its comments and string literals, for rules about code.
///
/// Lines keep their numbers. Code inside a string's interpolation counts as code.
struct SwiftCode {
  private(set) var bytes: [UInt8] = []

  private let text: [UInt8]
  private var index = 0

  /// Strips `text`.
  static func strip(_ text: String) -> String {
    var code = SwiftCode(text: Array(text.utf8))
    code.readCode(untilParenthesis: false)
    return String(decoding: code.bytes, as: UTF8.self)
  }

  private init(text: [UInt8]) {
    self.text = text
    bytes.reserveCapacity(text.count)
  }

  private mutating func readCode(untilParenthesis: Bool) {
    var depth = 0
    while index < text.count {
      if starts("//") {
        while index < text.count, text[index] != UInt8(ascii: "\n") { index += 1 }
      } else if starts("/*") {
        skipBlockComment()
      } else if let pounds = openingPounds() {
        index += pounds
        readString(pounds: pounds)
      } else {
        let byte = text[index]
        if byte == UInt8(ascii: "(") { depth += 1 }
        bytes.append(byte)
        index += 1
        if byte == UInt8(ascii: ")") {
          if untilParenthesis, depth == 0 { return }
          depth -= 1
        }
      }
    }
  }

  private mutating func skipBlockComment() {
    var depth = 0
    repeat {
      if starts("/*") {
        depth += 1
        index += 2
      } else if starts("*/") {
        depth -= 1
        index += 2
      } else {
        skip()
      }
    } while depth > 0 && index < text.count
  }

  /// How many `#` stand before the quotation mark that opens a string here, if one does.
  private func openingPounds() -> Int? {
    var end = index
    while end < text.count, text[end] == UInt8(ascii: "#") { end += 1 }
    return end < text.count && text[end] == UInt8(ascii: "\"") ? end - index : nil
  }

  private mutating func readString(pounds: Int) {
    let quote = starts("\"\"\"") ? "\"\"\"" : "\""
    let close = quote + String(repeating: "#", count: pounds)
    let escape = "\\" + String(repeating: "#", count: pounds)
    index += quote.utf8.count
    bytes.append(UInt8(ascii: "\""))
    while index < text.count {
      if starts(close) {
        index += close.utf8.count
        break
      } else if starts(escape + "(") {
        index += escape.utf8.count + 1
        bytes.append(UInt8(ascii: "("))
        readCode(untilParenthesis: true)
      } else if starts(escape) {
        index += escape.utf8.count
        if index < text.count { skip() }
      } else {
        skip()
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Passes over one byte, keeping the end of a line.
  private mutating func skip() {
    if text[index] == UInt8(ascii: "\n") { bytes.append(text[index]) }
    index += 1
  }

  private func starts(_ prefix: String) -> Bool {
    text[index...].starts(with: prefix.utf8)
  }
}

extension SourceFile {
  /// The file's lines without comments and string literals.
  var codeLines: [Substring] {
    SwiftCode.strip(text).split(separator: "\n", omittingEmptySubsequences: false)
  }

  /// The modules that the file imports.
  var imports: [String] {
    codeLines.compactMap { line in
      var words = line.split { $0 == " " || $0 == "\t" }[...]
      while let word = words.first, Self.importPrefixes.contains(word) || word.hasPrefix("@") {
        words.removeFirst()
      }
      guard words.popFirst() == "import" else { return nil }
      if let kind = words.first, Self.importKinds.contains(kind) { words.removeFirst() }
      guard let name = words.first else { return nil }
      return name.split { $0 == "." || $0 == ";" }.first.map(String.init)
    }
  }

  private static let importPrefixes: Set<Substring> = [
    "public", "package", "internal", "fileprivate", "private",
  ]
  private static let importKinds: Set<Substring> = [
    "struct", "class", "enum", "protocol", "func", "var", "let", "typealias",
  ]
}
