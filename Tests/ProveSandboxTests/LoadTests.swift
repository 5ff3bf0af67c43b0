#if Sandbox
  import Crypto
  import Foundation
  import ProveKeyModel
  import ProveKeyPlatform
  import ProveUnify
  import Testing

  extension ManyClients {
    /// Q12: many flows at once.
    @Suite("1,000 flows at once")
    struct LoadTests {
      /// A flow as its device and its integrator saw it.
      struct Seen: Sendable {
        let number: Int
        let offered: String
        let status: [String: JSON]
        var refusals = 0
      }

      @Test(
        "none is mixed with another, 429 is waited out, memory is bounded", .timeLimit(.minutes(5)))
      func flows() async throws {
        let count = 1000
        let clients = (0..<12).map { ("client\($0)", "secret\($0)") }
        let sandbox = try SandboxProcess(clients: Dictionary(clients) { $1 })
        OpenFileLimit.raise()
        let before = try await SlowClientTests.metric("resident_bytes", sandbox)
        let port = sandbox.port
        let began = ContinuousClock.now
        let seen = try await withThrowingTaskGroup(of: Seen.self) { group in
          for number in 0..<count {
            group.addTask {
              let (id, secret) = clients[number % clients.count]
              return try await Self.flow(number, port, id, secret)
            }
          }
          return try await group.reduce(into: [Seen]()) { $0.append($1) }
        }
        let seconds = began.duration(to: .now) / .seconds(1)
        let after = try await SlowClientTests.metric("resident_bytes", sandbox)
        for flow in seen {
          #expect(flow.status["success"] == .text("true"))
          #expect(flow.status["deviceId"] == .text(flow.offered), "flow \(flow.number)")
          #expect(flow.status["clientRequestId"] == .text("request-\(flow.number)"))
          #expect(flow.status["clientHumanId"] == .text("human-\(flow.number)"))
          #expect(flow.status["phoneNumber"] == .text(Self.e164(flow.number)))
        }
        #expect(Set(seen.map(\.offered)).count == count)
        let refusals = seen.reduce(0) { $0 + $1.refusals }
        #expect(refusals > 0, "nobody met the rate limit")
        #expect(after - before < 192 << 20)
        print(
          "\(count) flows in \(seconds) s, \(refusals) times 429, "
            + "\((after - before) >> 20) MiB more than before (\(before >> 20) MiB)")
      }

      private static func phone(_ number: Int) -> String {
        number.isMultiple(of: 2) ? "2001004014" : "+2001004025"
      }

      private static func e164(_ number: Int) -> String {
        number.isMultiple(of: 2) ? "+12001004014" : "+2001004025"
      }

      /// One flow from unify to unify-status, by a key of its own.
      private static func flow(
        _ number: Int, _ port: UInt16, _ id: String, _ secret: String
      ) async throws -> Seen {
        let client = WireClient(port)
        defer { client.close() }
        var refusals = 0
        /// Sends until it is not told to wait.
        func ask(
          _ path: String, _ body: String, _ headers: [String: String] = [:]
        ) async throws -> WireClient.Answer {
          while true {
            let answer = try await client.ask("POST", path, body, headers: headers)
            guard answer.status == 429 else { return answer }
            refusals += 1
            let seconds = try #require(answer.headers["retry-after"].flatMap { Int($0) })
            try await Task.sleep(for: .seconds(seconds))
          }
        }
        let token = try await ask(
          "/token", "grant_type=client_credentials&client_id=\(id)&client_secret=\(secret)"
        ).json["access_token"]?.text
        let bearer = ["Authorization": "Bearer " + (try #require(token))]
        let flow = try await ask(
          "/v3/unify",
          """
          {"clientRequestId":"request-\(number)","possessionType":"mobile",\
          "phoneNumber":"\(phone(number))","clientHumanId":"human-\(number)"}
          """, bearer
        ).json
        let start = try await ask(
          "/v1/device/start",
          """
          {"authToken":"\(try #require(flow["authToken"]?.text))","abilities":["otp"],\
          "buildConfig":"US_UAT"}
          """
        ).json
        let authID = try #require(start["authId"]?.text)
        func reply(_ reply: String) async throws -> JSON? {
          try await ask("/v1/device/reply", #"{"authId":"\#(authID)","reply":\#(reply)}"#)
            .json["step"]
        }
        _ = try await reply(#"{"type":"presented"}"#)
        _ = try await reply(#"{"type":"consent"}"#)
        let offer = try await reply(#"{"type":"code","code":"1234"}"#)
        let challenge = try #require(offer?["challenge"]?.text.flatMap { WireText.bytes($0) })
        let deviceID = try DeviceID(validating: "device-\(number)")
        let end = try await reply(
          #"{"type":"offered","newKey":\#(try newKey(deviceID, over: challenge))}"#)
        #expect(end?["finish"]?["success"] == .text("true"), "\(String(describing: end))")
        let correlationID = try #require(flow["correlationId"]?.text)
        let status = try await ask(
          "/v3/unify-status", #"{"correlationId":"\#(correlationID)"}"#, bearer
        ).json
        return Seen(
          number: number, offered: deviceID.rawValue, status: status, refusals: refusals)
      }

      /// A key as a browser's WebCrypto makes it, in the JSON of the device protocol.
      static func newKey(_ deviceID: DeviceID, over challenge: [UInt8]) throws -> String {
        let key = P256.Signing.PrivateKey()
        let message = try KeyAssertion.signedBytes(
          challenge: challenge, deviceID: deviceID, counter: nil, vaultState: nil)
        let proof = try KeyAssertion(
          deviceID: deviceID, counter: nil, vaultState: nil,
          signature: Array(try key.signature(for: message).rawRepresentation))
        let publicKey = WireText.text(Array(key.publicKey.x963Representation))
        return """
          {"deviceId":"\(deviceID.rawValue)","algorithm":"ES256","publicKey":"\(publicKey)",\
          "proof":"\(WireText.text(proof.encoded))"}
          """
      }
    }
  }
#endif
