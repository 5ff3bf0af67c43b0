import Foundation
import Testing

/// Runs the program as a user would, from a folder of its own.
struct Program {
  /// What a run printed, and how it ended.
  struct Run {
    let output: String
    let errors: String
    let status: Int32

    /// The output's lines as JSON objects.
    func objects() throws -> [[String: JSONValue]] {
      try output.split(separator: "\n").map {
        try JSONDecoder().decode([String: JSONValue].self, from: Data($0.utf8))
      }
    }
  }

  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("provekey-tests-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  /// Removes the folder with all that runs have left in it.
  func remove() throws {
    try FileManager.default.removeItem(at: folder)
  }

  func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  /// Runs a script of the shell, which finds the program as `provekey`.
  func runScript(_ script: String, input: String = "") throws -> Run {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return try run(
      ["-c", script], input: input,
      environment: ["PATH": Self.executable.deletingLastPathComponent().path + ":" + path],
      executable: URL(fileURLWithPath: "/bin/sh"))
  }

  func run(
    _ arguments: [String], input: String = "", environment: [String: String] = [:],
    executable: URL = Program.executable
  ) throws -> Run {
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    // Files rather than pipes: no output is too long for them.
    let outputFile = folder.appendingPathComponent("output-" + UUID().uuidString)
    let errorFile = folder.appendingPathComponent("errors-" + UUID().uuidString)
    let inputFile = folder.appendingPathComponent("input-" + UUID().uuidString)
    for file in [outputFile, errorFile] { try Data().write(to: file) }
    try Data(input.utf8).write(to: inputFile)
    process.standardOutput = try FileHandle(forWritingTo: outputFile)
    process.standardError = try FileHandle(forWritingTo: errorFile)
    process.standardInput = try FileHandle(forReadingFrom: inputFile)
    try process.run()
    process.waitUntilExit()
    let run = Run(
      output: try Self.text(of: outputFile), errors: try Self.text(of: errorFile),
      status: process.terminationReason == .exit ? process.terminationStatus : -1)
    for file in [outputFile, errorFile, inputFile] { try FileManager.default.removeItem(at: file) }
    return run
  }

  /// Not `String(contentsOf:)`, which leaks when a file is empty.
  private static func text(of file: URL) throws -> String {
    let handle = try FileHandle(forReadingFrom: file)
    defer { handle.closeFile() }
    return String(decoding: try handle.readToEnd() ?? Data(), as: UTF8.self)
  }

  /// The program stands beside the tests in the build folder.
  static var executable: URL {
    URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
      .appendingPathComponent("provekey")
  }
}

/// A value in the program's JSON.
enum JSONValue: Decodable, Equatable {
  case text(String)
  case number(Int)
  case flag(Bool)
  case list([String])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let flag = try? container.decode(Bool.self) {
      self = .flag(flag)
    } else if let number = try? container.decode(Int.self) {
      self = .number(number)
    } else if let list = try? container.decode([String].self) {
      self = .list(list)
    } else {
      self = .text(try container.decode(String.self))
    }
  }

  var text: String? {
    if case .text(let text) = self { text } else { nil }
  }
}
