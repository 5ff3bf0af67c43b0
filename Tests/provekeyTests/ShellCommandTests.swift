import Foundation
import Testing

@Suite("provekey vault shell, over real pipes")
struct ShellCommandTests {
  let program: Program
  private let shell = ["vault", "shell", "device.vault", "--key-file", "device.key"]

  init() throws {
    program = try Program()
    try program.run(
      ["vault", "create", "device.vault", "--create-key-file", "--key-file", "device.key"]
    ).expectSuccess()
  }

  private func set(_ key: String) -> String {
    #"{"id":"\#(key)","op":"localStorage.setItem","origin":"o","key":"\#(key)","value":"v"}"#
  }

  private let length = #"{"op":"localStorage.length","origin":"o"}"#

  @Test("each answer is there before the next request is sent, and the end of the input ends it")
  func conversation() throws {
    let process = Process()
    let (input, output) = (Pipe(), Pipe())
    process.executableURL = Program.executable
    process.arguments = shell
    process.currentDirectoryURL = program.folder
    (process.standardInput, process.standardOutput) = (input, output)
    try process.run()
    var answers = ""
    for number in 1...20 {
      try input.fileHandleForWriting.write(contentsOf: Data((set("\(number)") + "\n").utf8))
      var line = ""
      while !line.hasSuffix("\n") {
        let data = output.fileHandleForReading.availableData
        try #require(!data.isEmpty, "the shell ended")
        line += String(decoding: data, as: UTF8.self)
      }
      answers += line
    }
    try input.fileHandleForWriting.close()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    let expected = (1...20).map { #"{"id":"\#($0)","ok":true,"result":null}"# + "\n" }
    #expect(answers == expected.joined())
    let again = try program.run(shell, input: length)
    #expect(again.output == #"{"id":null,"ok":true,"result":20}"# + "\n", "a line without end")
    try program.remove()
  }

  @Test("no input is no answer, and lines of every kind are answered one by one")
  func lines() throws {
    let none = try program.run(shell)
    #expect(none.status == 0)
    #expect(none.output == "")
    let long = String(repeating: "x", count: 33_554_433)
    let run = try program.run(
      shell, input: "\n\r\n{}\nnonsense\n\(set("k"))\r\n\(long)\n\0\n\(length)\n\(long)")
    #expect(run.status == 0)
    #expect(run.errors == "")
    let names = run.output.split(separator: "\n").map { line in
      line.split(separator: "\"name\":\"").dropFirst().first?.prefix { $0 != "\"" } ?? "ok"
    }
    #expect(
      names == [
        "MalformedLine", "MalformedLine", "MissingField", "MalformedLine", "ok", "LineTooLong",
        "MalformedLine", "ok", "LineTooLong",
      ])
    #expect(run.output.contains(#""result":1}"#))
    try program.remove()
  }

  @Test("when nobody reads the answers it ends with code 1, and the vault is closed and sound")
  func closedOutput() throws {
    let requests = (0..<3_000).map { _ in length }.joined(separator: "\n")
    let run = try program.runScript(
      "(provekey \(shell.joined(separator: " ")); echo \"code $?\" >&2) | head -n 1",
      input: set("k") + "\n" + requests)
    #expect(run.output == #"{"id":"k","ok":true,"result":null}"# + "\n")
    #expect(run.errors.contains("nobody reads the answers"))
    #expect(run.errors.contains("code 1\n"))
    let left = try FileManager.default.contentsOfDirectory(atPath: program.folder.path)
    #expect(!left.contains("device.vault-wal"), "closing moves the log into the file")
    let verified = try program.run(
      ["vault", "verify", "device.vault", "--key-file", "device.key", "--json"])
    #expect(try verified.objects().first?["sound"] == .flag(true))
    #expect(try program.run(shell, input: length).output.contains(#""result":1}"#))
    try program.remove()
  }

  @Test("a shell that is killed has kept what it had answered")
  func killed() throws {
    let process = Process()
    let (input, output) = (Pipe(), Pipe())
    process.executableURL = Program.executable
    process.arguments = shell
    process.currentDirectoryURL = program.folder
    (process.standardInput, process.standardOutput) = (input, output)
    try process.run()
    try input.fileHandleForWriting.write(contentsOf: Data((set("k") + "\n").utf8))
    #expect(!output.fileHandleForReading.availableData.isEmpty)
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    #expect(try program.run(shell, input: length).output.contains(#""result":1}"#))
    try program.remove()
  }

  @Test("a vault that cannot be opened is told on standard error, with nothing on the output")
  func refused() throws {
    let run = try program.run(
      ["vault", "shell", "none", "--key-file", "device.key"], input: length)
    #expect(run.status == 1)
    #expect(run.output == "")
    #expect(run.errors.contains("vault create"))
    #expect(try program.run(["vault", "shell", "device.vault"], input: length).status == 2)
    try program.remove()
  }

  @Test("the README's example gives the answers that it shows")
  func readme() throws {
    let section = try document("README.md").components(separatedBy: "## In any language\n")
    let blocks = try #require(section.last).components(separatedBy: "```")
    try #require(blocks.count > 4)
    let script = String(blocks[1].drop { $0 != "\n" }.dropFirst())
    let answers = String(blocks[3].drop { $0 != "\n" }.dropFirst())
    let run = try program.runScript(script)
    #expect(run.errors == "")
    #expect(run.output == answers)
    try program.remove()
  }

  private static let hasPython =
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    .contains { FileManager.default.isExecutableFile(atPath: "\($0)/python3") }

  @Test("the manual's example in Python runs and prints what is said", .enabled(if: hasPython))
  func python() throws {
    let manual = try document("docs/shell.md")
    let example = try #require(manual.components(separatedBy: "```python\n").last)
    let parts = example.components(separatedBy: "```")
    let said = parts[1].components(separatedBy: "`")
    try Data(parts[0].utf8).write(to: URL(fileURLWithPath: program.path("example.py")))
    let run = try program.runScript("PYTHONIOENCODING=utf-8 python3 example.py")
    #expect(run.errors == "")
    #expect(run.output == "\(said[1])\n\(said[3])\n")
    try program.remove()
  }

  private func document(_ path: String) throws -> String {
    let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    return try String(
      contentsOf: here.appendingPathComponent("../../" + path), encoding: .utf8)
  }
}
