#if Sandbox
  import Foundation
  import Testing

  /// The built program, serving the sandbox on a port of its own; ended with the test.
  final class SandboxProcess {
    let folder: String
    private(set) var port: UInt16 = 0
    private(set) var clientID = ""
    private(set) var secret = ""
    private let options: [String]
    private var process: Process?

    /// The clients of a file, beside the one that the sandbox makes itself.
    init(_ options: [String] = [], clients: [String: String] = [:]) throws {
      folder =
        FileManager.default.temporaryDirectory
        .appendingPathComponent("sandbox-tests-" + UUID().uuidString).path
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      var options = options
      if !clients.isEmpty {
        let text = clients.map { "\($0.key) \($0.value)\n" }.joined()
        try text.write(toFile: folder + "/clients", atomically: true, encoding: .utf8)
        options += ["--clients", folder + "/clients"]
      }
      self.options = options
      try start()
    }

    deinit {
      if let process, process.isRunning { process.terminate() }
      process?.waitUntilExit()
      // What is left behind lies in the system's temporary folder.
      try? FileManager.default.removeItem(atPath: folder)
    }

    var url: String { "http://127.0.0.1:\(port)" }

    /// The facts that the sandbox prints when it listens.
    private struct Facts: Decodable {
      let url: String
      let clientId: String?
      let clientSecret: String?
    }

    func start() throws {
      let process = Process()
      process.executableURL = Self.program
      process.arguments =
        ["sandbox", "--port", "0", "--state", folder + "/state", "--json"] + options
      let output = Pipe()
      process.standardOutput = output
      try process.run()
      self.process = process
      // The line is there as soon as the sandbox listens; its end, if it ends before.
      var line = Data()
      while !line.contains(0x0A) {
        let data = output.fileHandleForReading.availableData
        guard !data.isEmpty else { throw Failure(text: "the sandbox did not start") }
        line += data
      }
      let facts = try JSONDecoder().decode(Facts.self, from: line)
      port = try #require(facts.url.split(separator: ":").last.flatMap { UInt16($0) })
      if let id = facts.clientId, let secret = facts.clientSecret {
        (clientID, self.secret) = (id, secret)
      }
    }

    /// Stops it as an operator would.
    /// - Returns: its exit code.
    @discardableResult
    func stop() -> Int32 {
      guard let process else { return -1 }
      process.terminate()
      process.waitUntilExit()
      return process.terminationStatus
    }

    func restart() throws {
      #expect(stop() == 0)
      try start()
    }

    struct Failure: Error {
      let text: String
    }

    /// The program stands beside the tests in the build folder.
    static var program: URL {
      URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appendingPathComponent("provekey")
    }

    // MARK: Devices

    /// What `provekey device` said.
    struct DeviceRun: Equatable {
      let exit: Int32
      let success: String?
      let reason: String?
      let deviceID: String?
      let errors: String
    }

    private struct Outcome: Decodable {
      let success: String?
      let reason: String?
      let deviceId: String?
    }

    /// Runs the device command on a vault of this folder.
    func device(_ arguments: [String], vault: String = "device") throws -> DeviceRun {
      let key = folder + "/vault.key"
      if !FileManager.default.fileExists(atPath: key) {
        let bytes = Data((0..<32).map { _ in UInt8.random(in: 0...255) })
        _ = FileManager.default.createFile(
          atPath: key, contents: bytes, attributes: [.posixPermissions: 0o600])
      }
      let process = Process()
      process.executableURL = Self.program
      process.arguments =
        ["device"] + arguments
        + ["--vault", folder + "/" + vault + ".vault", "--key-file", key, "--json"]
      let (output, errors) = (Pipe(), Pipe())
      process.standardOutput = output
      process.standardError = errors
      try process.run()
      let data = try output.fileHandleForReading.readToEnd() ?? Data()
      let text = try errors.fileHandleForReading.readToEnd() ?? Data()
      process.waitUntilExit()
      // Commands other than those of a flow print other facts.
      let outcome = try? JSONDecoder().decode(Outcome.self, from: data)
      return DeviceRun(
        exit: process.terminationStatus, success: outcome?.success, reason: outcome?.reason,
        deviceID: outcome?.deviceId, errors: String(decoding: text, as: UTF8.self))
    }

    /// Runs a flow on a device.
    func authenticate(
      _ token: String, _ options: [String] = ["--otp", "1234"], vault: String = "device"
    ) throws -> DeviceRun {
      try device(
        ["enroll", "--sandbox", url, "--auth-token", token] + options, vault: vault)
    }
  }
#endif
