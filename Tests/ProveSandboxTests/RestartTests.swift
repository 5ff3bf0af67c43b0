#if Sandbox
  import Foundation
  import ProveKeyModel
  import ProveKeySealing
  import ProveKeyVault
  import ProveUnify
  import Testing

  /// A sandbox that is stopped and started again in the middle of a flow.
  @Suite("a sandbox that is restarted")
  struct RestartTests {
    @Test("a sandbox that is ended the moment it says where it is ends well")
    func endedAtOnce() throws {
      for _ in 0..<10 { #expect(try SandboxProcess().stop() == 0) }
    }

    @Test("between unify and the device, and between the device and unify-status")
    func betweenCalls() async throws {
      let sandbox = try SandboxProcess()
      var integrator = try await Integrator(sandbox)
      let flow = try await integrator.unify(
        #""possessionType":"mobile","phoneNumber":"2001004014""#)
      integrator.client.close()
      try sandbox.restart()
      let run = try sandbox.authenticate(flow.authToken)
      #expect(run.success == "true")
      try sandbox.restart()
      integrator = try await Integrator(sandbox)
      let status = try await integrator.status(flow.correlationID).json
      #expect(status["success"] == .text("true"))
      #expect(status["deviceId"]?.text == run.deviceID)
    }

    @Test("between the SMS and the code; the old bearer token and the moved clock stay")
    func betweenSteps() async throws {
      let sandbox = try SandboxProcess()
      let integrator = try await Integrator(sandbox)
      let flow = try await integrator.unify(
        #""possessionType":"mobile","phoneNumber":"2001004014""#)
      let device = WireClient(sandbox.port)
      let start = try await device.ask(
        "POST", "/v1/device/start",
        #"{"authToken":"\#(flow.authToken)","abilities":["otp"],"buildConfig":"US_UAT"}"#)
      let authID = try #require(try start.json["authId"]?.text)
      func reply(_ client: WireClient, _ reply: String) async throws -> JSON? {
        try await client.ask(
          "POST", "/v1/device/reply", #"{"authId":"\#(authID)","reply":\#(reply)}"#
        ).json["step"]
      }
      #expect(try await reply(device, #"{"type":"presented"}"#)?["type"] == .text("startOTP"))
      #expect(try await reply(device, #"{"type":"consent"}"#)?["type"] == .text("finishOTP"))
      _ = try await device.ask("POST", "/sandbox/clock", #"{"advanceSeconds":60}"#)
      let time = try await device.ask("GET", "/sandbox/clock").json["now"]?.text
      device.close()
      integrator.client.close()
      try sandbox.restart()

      let again = WireClient(sandbox.port)
      let later = try await again.ask("GET", "/sandbox/clock").json["now"]?.text
      #expect(try #require(later) >= #require(time))
      #expect(
        try await reply(again, #"{"type":"code","code":"1234"}"#)?["type"] == .text("offerKey"))
      let status = try await again.ask(
        "POST", "/v3/unify-status", #"{"correlationId":"\#(flow.correlationID)"}"#,
        headers: integrator.authorization)
      #expect(try status.json["success"] == .text("pending"))
    }
  }

  /// Times and races of a flow, by the sandbox's own clock.
  @Suite("tokens, times and races over HTTP")
  struct FlowTimeTests {
    let sandbox: SandboxProcess
    let integrator: Integrator
    let client: WireClient

    init() async throws {
      sandbox = try SandboxProcess(["--rate", "1000"])
      integrator = try await Integrator(sandbox)
      client = WireClient(sandbox.port)
    }

    private func start(_ token: String, _ ways: String = "\"otp\"") async throws
      -> WireClient.Answer
    {
      try await client.ask(
        "POST", "/v1/device/start",
        #"{"authToken":"\#(token)","abilities":[\#(ways)],"buildConfig":"US_UAT"}"#)
    }

    private func reply(_ authID: String, _ reply: String) async throws -> WireClient.Answer {
      try await client.ask(
        "POST", "/v1/device/reply", #"{"authId":"\#(authID)","reply":\#(reply)}"#)
    }

    private func advance(_ seconds: Int) async throws {
      let answer = try await client.ask(
        "POST", "/sandbox/clock", #"{"advanceSeconds":\#(seconds)}"#)
      #expect(answer.status == 200)
    }

    @Test("an authToken works once, not when it was tampered with, and not after 15 minutes")
    func authToken() async throws {
      let flow = try await integrator.unify(#""possessionType":"mobile""#)
      var parts = flow.authToken.split(separator: ".").map(String.init)
      parts[1] = String(parts[1].dropLast(2)) + "xx"
      for token in [parts.joined(separator: "."), "", "a.b.c", flow.authToken + "A"] {
        let answer = try await start(token)
        #expect(answer.status == 401)
        #expect(try answer.json["code"] == .number(8002))
      }
      #expect(try await start(flow.authToken).status == 200)
      #expect(try await start(flow.authToken).status == 401)
      let late = try await integrator.unify(#""possessionType":"mobile""#)
      try await advance(15 * 60)
      let answer = try await start(late.authToken)
      #expect(answer.status == 401)
      #expect(try answer.json["message"] == .text("session expired"))
    }

    @Test("an authToken that many devices use at once starts one of them")
    func replayed() async throws {
      let flow = try await integrator.unify(#""possessionType":"mobile""#)
      let port = sandbox.port
      let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<20 {
          group.addTask {
            let client = WireClient(port)
            defer { client.close() }
            return try await client.ask(
              "POST", "/v1/device/start",
              #"{"authToken":"\#(flow.authToken)","abilities":[],"buildConfig":"US_UAT"}"#
            ).status
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(statuses.count { $0 == 200 } == 1)
      #expect(statuses.allSatisfy { [200, 401, 403].contains($0) })
    }

    @Test("a code entered after two minutes ends the flow with otpExpired")
    func code() async throws {
      let flow = try await integrator.unify(
        #""possessionType":"mobile","phoneNumber":"2001004014""#)
      let id = try #require(try await start(flow.authToken).json["authId"]?.text)
      _ = try await reply(id, #"{"type":"presented"}"#)
      _ = try await reply(id, #"{"type":"consent"}"#)
      try await advance(120)
      let step = try await reply(id, #"{"type":"code","code":"1234"}"#).json["step"]
      #expect(step?["finish"]?["reason"] == .text("otpExpired"))
      let status = try await integrator.status(flow.correlationID).json
      #expect(status["success"] == .text("false"))
      #expect(status["evaluation"]?["authentication"]?["result"] == .text("fail"))
      #expect(
        status["evaluation"]?["authentication"]?["failureReasons"]?["otpExpired"] != nil)
    }

    @Test("a key that is revoked while its device authenticates ends the flow as revoked: 8019")
    func revokedMeanwhile() async throws {
      let enrolled = try await integrator.unify(
        #""possessionType":"mobile","phoneNumber":"2001004014""#)
      let run = try sandbox.authenticate(enrolled.authToken)
      let deviceID = try #require(run.deviceID)
      let flow = try await integrator.unify(
        #""possessionType":"mobile","phoneNumber":"2001004014","rebind":true"#)
      // The device has presented its key and is asked for a code when the key is revoked.
      let vault = try KeyVault.openExisting(
        at: sandbox.folder + "/device.vault", unlock: .keyFile(sandbox.folder + "/vault.key"))
      let (port, authorization) = (sandbox.port, integrator.authorization)
      let outcome = try await AuthenticatorBuilder(
        vault: vault,
        scope: try KeyScope(buildConfig: .usUAT, origin: "https://sandbox.example"),
        transport: HTTPTransport(to: try #require(URL(string: sandbox.url)))
      ).withOTPFallback(
        startStep: Consent(),
        finishStep: CodeAfter {
          _ = try await WireClient(port).ask(
            "POST", "/v3/device/revoke", #"{"clientRequestId":"r","deviceId":"\#(deviceID)"}"#,
            headers: authorization)
        }
      ).build().authenticate(flow.authToken)
      #expect(outcome.isAuthenticated == false)
      #expect(outcome.reason == "revoked")
      #expect(
        try vault.keys(in: KeyScope(buildConfig: .usUAT, origin: "https://sandbox.example")).isEmpty
      )
      try vault.close()
      #expect(try await integrator.status(flow.correlationID).json["code"] == .number(8019))
    }

    @Test("Device Context restores a key that was lost; a key of another build config is refused")
    func context() async throws {
      let body = #""possessionType":"mobile","phoneNumber":"2001004014""#
      let visitor = ["--otp", "1234", "--visitor", "browser"]
      let first = try sandbox.authenticate(try await integrator.unify(body).authToken, visitor)
      #expect(first.success == "true")
      #expect(try sandbox.device(["evict"]).exit == 0)
      // No code is entered: the registration is restored under its deviceId.
      let second = try sandbox.authenticate(
        try await integrator.unify(body).authToken, ["--otp", "1111", "--visitor", "browser"])
      #expect(second.success == "true" && second.deviceID == first.deviceID)
      let answer = try await client.ask(
        "POST", "/v1/device/context", #"{"publicApiKey":"sandbox-EU_PROD","visitorId":"browser"}"#)
      #expect(answer.status == 400)
      #expect(try answer.json["message"]?.text?.contains("publicApiKey") == true)
    }

    @Test("the desktop's WebSocket tells when the link was answered, and the flow goes on")
    func webSocket() async throws {
      let flow = try await integrator.unify(
        #""possessionType":"desktop","phoneNumber":"2001004014","finalTargetUrl":"https://shop.example/done""#
      )
      let begun = try await start(flow.authToken, "\"instantLink\"").json
      let id = try #require(begun["authId"]?.text)
      #expect(
        try await reply(id, #"{"type":"consent"}"#).json["step"]?["type"]
          == .text("awaitInstantLink"))
      let socket = WireClient(sandbox.port)
      try await socket.send(
        """
        GET /v1/device/link-events?authId=\(id) HTTP/1.1\r\nHost: localhost\r\n\
        Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n
        """)
      let answer = try await socket.read()
      #expect(answer.status == 101)
      // The sample of RFC 6455, section 1.3.
      #expect(answer.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
      let outbox = try await client.ask("GET", "/outbox.json?phoneNumber=2001004014").text
      let link = try #require(outbox.firstMatch(of: /\/link\/[A-Za-z0-9_-]+/)).output
      // Whoever only fetches the link answers nothing.
      #expect(try await client.ask("GET", String(link)).text.contains("<button"))
      #expect(
        try await reply(id, #"{"type":"waiting"}"#).json["step"]?["type"]
          == .text("awaitInstantLink"))
      let page = try await client.ask(
        "POST", String(link), "answer=open",
        headers: ["Content-Type": "application/x-www-form-urlencoded"])
      #expect(page.text.contains("https://shop.example/done"))
      var frames: [UInt8] = []
      while frames.count < 26 {
        let more = await socket.readSome()
        try #require(!more.isEmpty, "the socket ended after \(frames.count) bytes")
        frames += more
      }
      #expect(Array(frames.prefix(2)) == [0x81, 20])
      #expect(String(decoding: frames[2..<22], as: UTF8.self) == #"{"event":"answered"}"#)
      #expect(Array(frames[22...]) == [0x88, 2, 0x03, 0xE8])
      socket.close()
      _ = try await reply(id, #"{"type":"waiting"}"#)
      let status = try await integrator.status(flow.correlationID).json
      #expect(status["success"] == .text("true"))
      #expect(status["deviceId"] == nil)
    }
  }

  private struct Consent: OTPStartStep {
    func execute(
      phoneNumberNeeded: Bool, phoneValidationError: PhoneNumberEntryError?
    ) async throws -> String? { nil }
  }

  /// Enters the code once something else has happened.
  private struct CodeAfter: OTPFinishStep {
    let before: @Sendable () async throws -> Void

    func execute(otpError: OTPEntryError?) async throws -> OTPFinishResult {
      try await before()
      return .success(code: "1234")
    }
  }
#endif
