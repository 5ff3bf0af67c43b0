import Foundation

/// `provekey registry shell` in a process of its own, which is asked line by line.
package final class ShellProcess {
  /// What went wrong outside of the registry.
  package struct Failure: Error, CustomStringConvertible {
    /// What it was.
    package let description: String
  }

  /// A process's answer to one line.
  package struct Answer {
    /// The result, where it succeeded.
    package let result: Any?
    /// The name of the refusal, where it did not.
    package let refusal: String?

    /// A field of a result that is an object.
    package subscript(name: String) -> Any? { (result as? [String: Any])?[name] }
  }

  private let process = Process()
  private let (input, output) = (Pipe(), Pipe())
  private var unread: [UInt8] = []

  /// Starts the program that stands beside the tests in the build folder.
  package init(_ arguments: [String]) throws {
    process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
      .deletingLastPathComponent().appendingPathComponent("provekey")
    process.arguments = ["registry", "shell"] + arguments
    (process.standardInput, process.standardOutput) = (input, output)
    try process.run()
  }

  /// Sends a request without waiting for its answer.
  package func send(_ op: String, _ fields: [String: Any]) throws {
    let object = fields.merging(["op": op]) { $1 }
    let line = try JSONSerialization.data(withJSONObject: object) + Data("\n".utf8)
    try input.fileHandleForWriting.write(contentsOf: line)
  }

  /// Waits for the answer to the oldest request that has none.
  package func answer() throws -> Answer {
    while !unread.contains(UInt8(ascii: "\n")) {
      let data = output.fileHandleForReading.availableData
      guard !data.isEmpty else { throw Failure(description: "the shell has ended") }
      unread += Array(data)
    }
    let line = unread.prefix { $0 != UInt8(ascii: "\n") }
    unread.removeFirst(line.count + 1)
    let object = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
    let error = object?["error"] as? [String: Any]
    return Answer(result: object?["result"], refusal: error?["name"] as? String)
  }

  /// Sends a request and waits for its answer.
  package func ask(_ op: String, _ fields: [String: Any] = [:]) throws -> Answer {
    try send(op, fields)
    return try answer()
  }

  /// As ``ask(_:_:)``, where a refusal is none of the answers that there may be.
  @discardableResult
  package func expect(_ op: String, _ fields: [String: Any] = [:]) throws -> Answer {
    let answer = try ask(op, fields)
    guard let refusal = answer.refusal else { return answer }
    throw Failure(description: "\(op): \(refusal)")
  }

  /// Ends the process; its exit code.
  package func end() throws -> Int32 {
    try input.fileHandleForWriting.close()
    process.waitUntilExit()
    return process.terminationStatus
  }
}
