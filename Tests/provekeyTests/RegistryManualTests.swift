import Foundation
import Testing

@Suite("docs/registry-command.md")
struct RegistryManualTests {
  /// A command of the manual, and what it is said to print.
  private struct Example {
    let command: String
    var output: [String] = []
  }

  private func examples() throws -> [Example] {
    let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let text = try String(
      contentsOf: here.appendingPathComponent("../../docs/registry-command.md"), encoding: .utf8)
    var examples: [Example] = []
    for block in text.components(separatedBy: "```console\n").dropFirst() {
      let lines = block.components(separatedBy: "\n```")[0].components(separatedBy: "\n")
      for line in lines {
        if line.hasPrefix("$ ") {
          examples.append(Example(command: String(line.dropFirst(2))))
        } else if !examples.isEmpty {
          examples[examples.count - 1].output.append(line)
        }
      }
    }
    return examples
  }

  /// Whether a line is what the manual shows, where `...` stands for anything.
  private func fits(_ line: String, _ shown: String) -> Bool {
    let parts = shown.components(separatedBy: "...")
    guard parts.count > 1 else { return line == shown }
    var rest = line[...]
    for (index, part) in parts.enumerated() {
      if index == 0 {
        guard rest.hasPrefix(part) else { return false }
        rest = rest.dropFirst(part.count)
      } else if index == parts.count - 1 {
        return rest.hasSuffix(part)
      } else {
        guard let range = rest.range(of: part) else { return false }
        rest = rest[range.upperBound...]
      }
    }
    return true
  }

  @Test("every example prints what is shown, and each command has one")
  func run() throws {
    let program = try Program()
    var settings = ""
    let examples = try examples()
    for example in examples {
      if example.command.hasPrefix("export ") {
        settings += example.command + "\n"
        continue
      }
      let run = try program.runScript(settings + example.command)
      var lines = (run.output + run.errors).components(separatedBy: "\n")
      if lines.last == "" { lines.removeLast() }
      #expect(lines.count == example.output.count, "\(example.command)\n\(run.output)")
      for (line, shown) in zip(lines, example.output) {
        #expect(fits(line, shown), "\(example.command)\n\(line)\nbut shown is\n\(shown)")
      }
    }
    let help = try program.run(["registry", "--help"]).output
    let names = help.matches(of: /\n {2}([a-z]+) {2,}\S/).map { String($0.1) }
    #expect(names.count >= 21, "\(names)")
    for name in names where name != "help" {
      #expect(
        examples.contains { $0.command.contains("provekey registry \(name)") },
        "no example of '\(name)'")
    }
    try program.remove()
  }
}
