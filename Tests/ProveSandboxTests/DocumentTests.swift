#if Sandbox
  import Foundation
  import ProveDeviceRegistry
  import ProveKeyModel
  import ProveUnify
  import Testing

  @testable import ProveSandbox

  /// What the documents show is what happens.
  @Suite("the documents of the wire")
  struct DocumentTests {
    private func document(_ name: String) throws -> String {
      let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
      return try String(
        contentsOf: root.appendingPathComponent("docs/" + name), encoding: .utf8)
    }

    private func examples(_ language: String, in text: String) -> [String] {
      text.components(separatedBy: "```\(language)\n").dropFirst().compactMap {
        $0.components(separatedBy: "```").first
      }
    }

    @Test("the shell example of sandbox.md runs as it stands, to the members that it shows")
    func shell() throws {
      let text = try document("sandbox.md")
      let script = try #require(examples("sh", in: text).first)
      let shown = try #require(examples("json", in: text).first)
      let sandbox = try SandboxProcess()
      let bytes = Data((0..<32).map { _ in UInt8.random(in: 0...255) })
      #expect(
        FileManager.default.createFile(
          atPath: sandbox.folder + "/vault.key", contents: bytes,
          attributes: [.posixPermissions: 0o600]))
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments = ["-ec", script]
      process.currentDirectoryURL = URL(fileURLWithPath: sandbox.folder)
      let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
      process.environment = [
        "PATH": SandboxProcess.program.deletingLastPathComponent().path + ":" + path,
        "SANDBOX": sandbox.url, "CLIENT_ID": sandbox.clientID, "CLIENT_SECRET": sandbox.secret,
      ]
      let output = Pipe()
      process.standardOutput = output
      try process.run()
      let data = try output.fileHandleForReading.readToEnd() ?? Data()
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
      let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
      let last = try #require(lines.last)
      func members(_ text: some StringProtocol) throws -> [String: JSON] {
        try JSONDecoder().decode([String: JSON].self, from: Data(text.utf8))
      }
      let (seen, wanted) = (try members(last), try members(shown))
      #expect(Set(seen.keys) == Set(wanted.keys))
      for name in ["evaluation", "phoneNumber", "success", "clientRequestId"] {
        #expect(seen[name] == wanted[name])
      }
    }

    @Test(
      "every JSON example of device-protocol.md is read by its type, or is what that type writes")
    func deviceExamples() throws {
      let examples = examples("json", in: try document("device-protocol.md"))
      #expect(examples.count == 4)
      let start = try WireCodec.decode(DeviceStart.self, from: Array(examples[0].utf8))
      #expect(start.abilities == [.mobileAuth, .otp])
      #expect(start.context?.publicAPIKey == SandboxVisitors.publicAPIKey(for: .usUAT))
      let step = try JSONDecoder().decode(
        DeviceStepBody.self, from: Data(examples[1].replacing("AAAB...", with: "AAAB").utf8))
      guard case .presentKey = step.step else {
        Issue.record("not the step that is shown")
        return
      }
      let reply = try WireCodec.decode(DeviceReplyBody.self, from: Array(examples[2].utf8))
      #expect(reply.reply == .code("1234"))
    }

    @Test("every step and reply comes back from its JSON as it was")
    func roundTrips() throws {
      let challenge = Challenge(bytes: [UInt8](0..<40))
      let id = try DeviceID(validating: "device")
      let steps: [DeviceStep] = [
        .presentKey(challenge), .presentAnotherKey(challenge), .mobileAuth,
        .startOTP(phoneNumberNeeded: true, .malformed), .startOTP(phoneNumberNeeded: false, nil),
        .finishOTP(.incorrect), .finishOTP(nil),
        .startInstantLink(phoneNumberNeeded: true, .undeliverable), .awaitInstantLink,
        .offerKey(challenge, as: id), .offerKey(challenge, as: nil),
      ]
      for step in steps {
        let body = try WireCodec.encode(DeviceStepBody(authID: "a", step: step))
        #expect(try WireCodec.decode(DeviceStepBody.self, from: body).step == step)
        #expect(!String(decoding: body, as: UTF8.self).contains("null"))
      }
      let assertion = try KeyAssertion(
        deviceID: id, counter: 7, vaultState: nil, signature: [UInt8](repeating: 1, count: 64))
      let newKey = try NewKey(
        deviceID: id, publicKey: PublicKey(algorithm: .ed25519, bytes: [UInt8](0..<32)),
        proof: assertion)
      let replies: [DeviceReply] = [
        .presented(nil), .presented(assertion), .mobileAuth(token: nil), .mobileAuth(token: "t"),
        .consent(phoneNumber: nil), .consent(phoneNumber: "2001004014"), .code("1"), .waiting,
        .resend, .changeNumber, .offered(newKey), .cancelled,
      ]
      for reply in replies {
        let body = try WireCodec.encode(DeviceReplyBody(authID: "a", reply: reply))
        #expect(try WireCodec.decode(DeviceReplyBody.self, from: body).reply == reply)
      }
    }

    @Test("a client that waits gets its requests back, and many clients are remembered in bounds")
    func limiter() {
      let limiter = RateLimiter(perSecond: 2, remembering: 3)
      let now = ContinuousClock.now
      #expect(limiter.take("a", at: now) == nil)
      #expect(limiter.take("a", at: now) == nil)
      #expect(limiter.take("a", at: now) == 1)
      #expect(limiter.take("a", at: now + .milliseconds(500)) == nil)
      #expect(limiter.take("a", at: now + .milliseconds(600)) == 1)
      for name in ["b", "c", "d", "e"] { #expect(limiter.take(name, at: now) == nil) }
      #expect(limiter.count <= 3)
    }
  }
#endif
