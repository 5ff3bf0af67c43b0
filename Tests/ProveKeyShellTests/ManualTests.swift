import Foundation
import JSONLines
import ProveKeyShell
import Testing

@Suite("The manual of the shell")
struct ManualTests {
  private func manual() throws -> [String] {
    let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let text = try String(
      contentsOf: here.appendingPathComponent("../../docs/shell.md"), encoding: .utf8)
    return text.components(separatedBy: "\n")
  }

  @Test("the table of operations has each operation with its fields, and no other")
  func operations() throws {
    let rows = try manual().filter { line in
      ["localStorage", "keys", "database", "store", "vault"].contains {
        line.hasPrefix("| `\($0).")
      }
    }
    let expected = ShellOperation.all.map { operation in
      let fields = operation.fields.map { $0.isRequired ? "`\($0.name)`" : "[`\($0.name)`]" }
      return "| `\(operation.name)` | \(fields.joined(separator: " ")) | \(operation.result) |"
        .replacing("|  |", with: "| |")
    }
    #expect(rows == expected, "the table should be:\n\(expected.joined(separator: "\n"))")
  }

  @Test("the table of errors has each refusal of the shell, and no other")
  func errors() throws {
    let lines = try manual()
    let start = try #require(lines.firstIndex(of: "| name | why |"))
    let rows = lines[(start + 2)...].prefix { $0.hasPrefix("|") }
    let names = rows.compactMap { $0.split(separator: "`").dropFirst().first.map(String.init) }
    #expect(
      names == LineRefusal.Fault.allCases.map(\.rawValue) + ShellFault.allCases.map(\.rawValue))
  }

  @Test("the limits are those of the shell")
  func limits() throws {
    let text = try manual().joined(separator: " ")
    #expect(ShellLimits.lineByteCount == 33_554_432 && text.contains("33,554,432 bytes"))
    #expect(ShellLimits.nesting == 400 && text.contains("400 levels"))
  }

  @Test("its examples are answered as they stand, each request before its answer")
  func examples() throws {
    let shell = try ShellFixture()
    // What the program in Python has made before the last example.
    try shell.result(
      #"{"op":"database.open","origin":"https://a.example","database":"prove","version":1,"#
        + #""stores":[{"name":"devices","autoIncrement":true}]}"#)
    try shell.result(
      #"{"op":"database.close","origin":"https://a.example","database":"prove"}"#)
    var answer: Answer?
    var counts = (requests: 0, answers: 0)
    for line in try manual() where line.hasPrefix("{") {
      if line.contains(#""op":"#) {
        answer = try shell.ask(line)
        counts.requests += 1
      } else {
        #expect(answer?.text == line)
        counts.answers += 1
      }
    }
    #expect(answer?.result["version"] == .number(2))
    #expect(counts == (3, 2))
  }
}
