import Foundation
import Testing

/// What docs/integration.md shows is what the nested package `Examples` compiles and runs, to the letter.
@Suite("The snippets of the integration guide")
struct IntegrationTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private static func lines(of path: String) throws -> [String] {
    try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
      .components(separatedBy: "\n")
  }

  /// The page's Swift snippets by the comment that stands before each: `<!-- FILE REGION -->`.
  private static func shown(in page: [String]) -> [String: [String]] {
    var found: [String: [String]] = [:]
    var position = page.startIndex
    while let start = page[position...].firstIndex(of: "```swift"),
      let end = page[start...].firstIndex(of: "```")
    {
      let name = page[start - 1].wholeMatch(of: /<!-- (.+) -->/).map { String($0.1) }
      found[name ?? "line \(start + 1)"] = Array(page[(start + 1)..<end])
      position = end + 1
    }
    return found
  }

  /// The regions of a file between `// docs: REGION` and `// docs: end`, without their indentation.
  private static func regions(of path: String) throws -> [String: [String]] {
    var found: [String: [String]] = [:]
    var open: (name: String, lines: [String])?
    for line in try lines(of: path) {
      let text = line.trimmingCharacters(in: .whitespaces)
      if text == "// docs: end", let region = open {
        found["\(path) \(region.name)"] = dedented(region.lines)
        open = nil
      } else if let match = text.wholeMatch(of: /\/\/ docs: (\w+)/) {
        #expect(open == nil, "a region of \(path) does not end")
        open = (String(match.1), [])
      } else {
        open?.lines.append(line)
      }
    }
    #expect(open == nil, "a region of \(path) does not end")
    return found
  }

  private static func dedented(_ lines: [String]) -> [String] {
    let depth = lines.filter { !$0.isEmpty }.map { $0.prefix { $0 == " " }.count }.min() ?? 0
    return lines.map { String($0.dropFirst(depth)) }
  }

  @Test("each is a marked region of a source that is compiled, line by line, and none is missing")
  func identical() throws {
    let page = Self.shown(in: try Self.lines(of: "docs/integration.md"))
    var compiled: [String: [String]] = [:]
    for folder in ["UnifyServer", "ShopDevice"] {
      let path = "Examples/Sources/" + folder
      let names = try FileManager.default.contentsOfDirectory(
        atPath: Self.root.appendingPathComponent(path).path)
      for name in names where name.hasSuffix(".swift") {
        compiled.merge(try Self.regions(of: path + "/" + name)) { $1 }
      }
    }
    #expect(compiled.count == 7)
    #expect(page.keys.sorted() == compiled.keys.sorted())
    for (name, lines) in compiled {
      #expect(page[name] == lines, "\(name)")
    }
  }
}
