import Foundation
import Testing

@Suite("provekey registry shell, over real pipes")
struct RegistryShellCommandTests {
  let program: Program
  private let target = ["--store", "sqlite:registry.sqlite", "--key-file", "registry.key"]
  private var shell: [String] { ["registry", "shell"] + target }

  init() throws {
    program = try Program()
    try program.run(["registry", "init", "--create-key-file"] + target).expectSuccess()
  }

  private func started() throws -> (process: Process, input: Pipe, output: Pipe) {
    let process = Process()
    let (input, output) = (Pipe(), Pipe())
    process.executableURL = Program.executable
    process.arguments = shell
    process.currentDirectoryURL = program.folder
    (process.standardInput, process.standardOutput) = (input, output)
    try process.run()
    return (process, input, output)
  }

  private func placing(_ id: String) -> String {
    """
    {"op":"device.new","deviceId":"\(id)"}
    {"id":"\(id)","op":"place","device":"\(id)"}

    """
  }

  @Test("each answer is there before the next request is sent, and the end of the input ends it")
  func conversation() throws {
    let (process, input, output) = try started()
    for number in 1...20 {
      let line = #"{"id":\#(number),"op":"resolve","deviceIds":["d"]}"# + "\n"
      try input.fileHandleForWriting.write(contentsOf: Data(line.utf8))
      var answer = ""
      while !answer.hasSuffix("\n") {
        let data = output.fileHandleForReading.availableData
        try #require(!data.isEmpty, "the shell ended")
        answer += String(decoding: data, as: UTF8.self)
      }
      #expect(answer == #"{"id":\#(number),"ok":true,"result":[null]}"# + "\n")
    }
    try input.fileHandleForWriting.close()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    #expect(try program.run(shell).output == "")
    try program.remove()
  }

  @Test("a shell that is killed has kept what it had answered")
  func killed() throws {
    let (process, input, output) = try started()
    try input.fileHandleForWriting.write(contentsOf: Data(placing("kept").utf8))
    var answers = ""
    while answers.count(where: { $0 == "\n" }) < 2 {
      let data = output.fileHandleForReading.availableData
      try #require(!data.isEmpty, "the shell ended")
      answers += String(decoding: data, as: UTF8.self)
    }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    let shown = try program.run(["registry", "show", "--device", "kept", "--json"] + target)
    #expect(try shown.objects().first?["state"] == .text("placed"))
    try program.remove()
  }

  @Test("lines of every kind are answered one by one, too long ones once")
  func lines() throws {
    let long = String(repeating: "x", count: 2_097_153)
    let run = try program.run(
      shell, input: "\n{}\n\(long)\nnonsense\n{\"op\":\"challenge\"}\n\(long)")
    #expect(run.status == 0)
    let names = run.output.split(separator: "\n").map { line in
      line.split(separator: "\"name\":\"").dropFirst().first?.prefix { $0 != "\"" } ?? "ok"
    }
    #expect(
      names == [
        "MalformedLine", "MissingField", "LineTooLong", "MalformedLine", "ok", "LineTooLong",
      ])
    try program.remove()
  }

  @Test("when nobody reads the answers it ends with code 1, and the registry is closed and sound")
  func closedOutput() throws {
    let requests = (0..<3_000).map { _ in #"{"op":"resolve","deviceIds":["kept"]}"# }
    let run = try program.runScript(
      "(provekey \(shell.joined(separator: " ")); echo \"code $?\" >&2) | head -n 1",
      input: placing("kept") + requests.joined(separator: "\n"))
    #expect(run.errors.contains("nobody reads the answers"))
    #expect(run.errors.contains("code 1\n"))
    let left = try FileManager.default.contentsOfDirectory(atPath: program.folder.path)
    #expect(!left.contains("registry.sqlite-wal"), "closing moves the log into the file")
    let verified = try program.run(["registry", "verify", "--json"] + target)
    #expect(try verified.objects().first?["sound"] == .flag(true))
    try program.remove()
  }

  @Test("the policy's options rule what is decided")
  func policy() throws {
    let script =
      placing("d") + """
        {"op":"bind","deviceId":"d","phoneNumber":"+12001004014","now":"2026-01-01T00:00:00Z"}
        {"id":"x","op":"decide","request":{"channel":"mobile"},"device":"d","now":"2026-01-01T01:00:00Z"}
        """
    let run = try program.run(
      shell + ["--maximum-binding-age", "600", "--every-decision"], input: script)
    #expect(run.output.contains(#""reason":"bindingTooOld""#), "\(run.output)")
    #expect(!run.output.contains(#""ok":false"#), "\(run.output)")
    let replay = try program.run(["registry", "replay", "--json"] + target)
    #expect(try replay.objects().first?["byRow"] == .list(["D9 1"]))
    try program.remove()
  }

  private static let hasPython =
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    .contains { FileManager.default.isExecutableFile(atPath: "\($0)/python3") }

  @Test("the manual's life of a key in Python prints what is said", .enabled(if: hasPython))
  func python() throws {
    let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let manual = try String(
      contentsOf: here.appendingPathComponent("../../docs/registry-shell.md"), encoding: .utf8)
    let example = try #require(manual.components(separatedBy: "```python\n").last)
    let parts = example.components(separatedBy: "```")
    try Data(parts[0].utf8).write(to: URL(fileURLWithPath: program.path("example.py")))
    let run = try program.runScript("python3 example.py")
    #expect(run.errors == "")
    #expect("\n" + run.output == parts[2])
    try program.remove()
  }
}
