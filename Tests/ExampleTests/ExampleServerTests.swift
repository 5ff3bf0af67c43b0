import Foundation
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeySealing
import ProveKeyTesting
import Testing

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

#if Sandbox
  /// `docs/examples/server`, as a back end and a device meet it.
  @Suite("The example of a server wrapper")
  struct ExampleServerTests {
    private let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("example-server-" + UUID().uuidString)

    private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    @Test("resolves stored deviceIds, and lets in the key that one of them stands for")
    func runs() async throws {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }  // what stays harms no test
      try KeyFile.create(at: path("registry.key"))
      let (device, stranger) = (try SimulatedDevice(), try SimulatedDevice())
      let store = try SQLiteRegistryStore(
        at: path("registry.sqlite"), unlock: .keyFile(path("registry.key")))
      let registry = try await DeviceRegistry(
        store: store, scope: try RegistryScope(tenant: "shop", buildConfig: .usUAT))
      let challenge = registry.issueChallenge()
      try await registry.place(device.offer(for: challenge), for: challenge, on: .mobile)
      try await registry.bind(device.deviceID, to: try PhoneNumber("2001004014"))

      let (process, port) = try await started()
      defer { process.terminate() }
      func ask(_ path: String, _ body: [String: Any]? = nil) async throws -> (Int, Any) {
        try await Self.ask("http://127.0.0.1:\(port)\(path)", body)
      }
      func signIn(_ device: SimulatedDevice) async throws -> (Int, [String: Any]) {
        let challenge = try await ask("/challenge").1 as? [String: Any]
        let text = try #require(challenge?["challenge"] as? String)
        let bytes = Array(try #require(Data(base64Encoded: text)))
        let presented = try device.assertion(for: Challenge(bytes: bytes)).encoded
        let (status, answer) = try await ask(
          "/authenticate", ["challenge": text, "presented": Data(presented).base64EncodedString()])
        return (status, try #require(answer as? [String: Any]))
      }

      let ids = [device.deviceID.rawValue, stranger.deviceID.rawValue]
      let found = try await ask("/resolve", ["deviceIds": ids]).1 as? [Any]
      let known = try #require(found?.first as? [String: Any])
      #expect(known["deviceId"] as? String == ids[0])
      #expect(known["state"] as? String == "bound" && known["isUsable"] as? Bool == true)
      #expect(found?.count == 2 && found?.last is NSNull)

      let welcome = try await signIn(device)
      #expect(welcome.0 == 200 && welcome.1["outcome"] as? String == "authenticated")
      #expect(welcome.1["deviceId"] as? String == ids[0])
      #expect(try await signIn(stranger).1["outcome"] as? String == "possessionRequired")
      // A deviceId without its key is answered as one that nobody has, whatever became of it.
      let forger = try SimulatedDevice(as: device.deviceID)
      let unknown = try await signIn(stranger)
      func isToldApart() async throws -> Bool {
        let answer = try await signIn(forger)
        return answer.0 != unknown.0
          || NSDictionary(dictionary: answer.1) != NSDictionary(dictionary: unknown.1)
      }
      #expect(try await !isToldApart())

      try await registry.revoke(device.deviceID)
      #expect(try await signIn(device).1["outcome"] as? String == "refused")
      #expect(try await !isToldApart())
      let later = try await ask("/resolve", ["deviceIds": [ids[0]]]).1 as? [[String: Any]]
      #expect(later?.first?["state"] as? String == "revoked")
      #expect(later?.first?["isUsable"] as? Bool == false)

      let malformed = try await ask("/resolve", ["deviceIds": 7])
      #expect(malformed.0 == 400)
      try await registry.close()
    }

    /// Starts the program that stands beside the tests in the build folder.
    private func started() async throws -> (Process, Int) {
      for _ in 0..<10 {
        let port = Int.random(in: 20_000..<60_000)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
          .deletingLastPathComponent().appendingPathComponent("example-server")
        process.arguments = [path("registry.sqlite"), path("registry.key"), "\(port)"]
        process.standardError = FileHandle.nullDevice
        try process.run()
        // Until it answers, or has ended because somebody else has the port.
        while process.isRunning {
          if (try? await Self.ask("http://127.0.0.1:\(port)/challenge", nil))?.0 == 200 {
            return (process, port)
          }
          try await Task.sleep(for: .milliseconds(20))
        }
      }
      throw CocoaError(.executableLoad)
    }

    private static func ask(
      _ address: String, _ body: [String: Any]?
    ) async throws -> (Int, Any) {
      var request = URLRequest(url: try #require(URL(string: address)))
      if let body {
        request.httpMethod = "POST"
        request.httpBody = try JSONSerialization.data(withJSONObject: body)
      }
      let (data, response) = try await URLSession.shared.data(for: request)
      let status = try #require(response as? HTTPURLResponse).statusCode
      return (status, try JSONSerialization.jsonObject(with: data))
    }
  }
#endif
