#if Sandbox
  import Foundation
  import Testing

  /// Status codes, headers and JSON types, as the public field docs of the server SDKs have them.
  @Suite("the wire contract")
  struct ContractTests {
    let sandbox: SandboxProcess
    let integrator: Integrator

    init() async throws {
      sandbox = try SandboxProcess(
        ["--rate", "1000"], clients: ["one": "secret-one", "two": "secret-two"])
      integrator = try await Integrator(sandbox.port, "one", "secret-one")
    }

    private func expect(
      _ answer: WireClient.Answer, _ status: Int, _ code: Int?, _ message: String? = nil,
      sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      #expect(answer.status == status, sourceLocation: sourceLocation)
      #expect(
        answer.headers["content-type"] == "application/json", sourceLocation: sourceLocation)
      let json = try answer.json
      #expect(json["code"] == code.map { .number($0) }, sourceLocation: sourceLocation)
      #expect(json["message"]?.text?.isEmpty == false, sourceLocation: sourceLocation)
      if let message {
        #expect(json["message"]?.text?.contains(message) == true, sourceLocation: sourceLocation)
      }
    }

    @Test("the token is for an hour, and a wrong secret is 401 with 8002")
    func token() async throws {
      let form = ["Content-Type": "application/x-www-form-urlencoded"]
      let body = "grant_type=client_credentials&client_id=one&client_secret="
      let answer = try await integrator.client.ask(
        "POST", "/token", body + "secret-one", headers: form)
      #expect(answer.status == 200)
      #expect(answer.headers["content-type"] == "application/json")
      #expect(answer.headers["cache-control"] == "no-store")
      let json = try answer.json
      #expect(json["expires_in"] == .number(3600))
      #expect(json["token_type"] == .text("Bearer"))
      try expect(
        try await integrator.client.ask("POST", "/token", body + "wrong", headers: form), 401, 8002)
      try expect(
        try await integrator.client.ask(
          "POST", "/token", "grant_type=password&client_id=one&client_secret=secret-one",
          headers: form), 400, 1001, "grant_type")
      // In the header as well, as RFC 6749 prefers it.
      let basic = Data("one:secret-one".utf8).base64EncodedString()
      let other = try await integrator.client.ask(
        "POST", "/token", "grant_type=client_credentials",
        headers: ["Content-Type": form["Content-Type"] ?? "", "Authorization": "Basic " + basic])
      #expect(other.status == 200)
    }

    @Test("without a token, with a tampered one and after its hour every call is 401 with 8002")
    func bearer() async throws {
      let token = try #require(integrator.authorization["Authorization"])
      for header in [[:], ["Authorization": "Bearer "], ["Authorization": token + "x"]] {
        let answer = try await integrator.client.ask("POST", "/v3/unify", "{}", headers: header)
        try expect(answer, 401, 8002)
      }
      let flow = try await integrator.unify(#""possessionType":"mobile""#)
      try expect(
        try await integrator.client.ask(
          "POST", "/v3/unify", "{}", headers: ["Authorization": "Bearer " + flow.authToken]),
        401, 8002)
      _ = try await integrator.client.ask(
        "POST", "/sandbox/clock", #"{"advanceSeconds":3600}"#)
      try expect(try await integrator.status(flow.correlationID), 401, 8002)
    }

    @Test("unify answers with three texts, and absent fields are left out of every answer")
    func unify() async throws {
      let answer = try await integrator.call(
        "/v3/unify",
        #"{"clientRequestId":"r","possessionType":"mobile","phoneNumber":"2001004014","rebind":null}"#
      )
      #expect(answer.status == 200)
      let json = try answer.json
      #expect(Set(json.keys) == ["correlationId", "success", "authToken"])
      #expect(json["success"] == .text("pending"))
      let parts = try #require(json["authToken"]?.text).split(separator: ".")
      #expect(parts.count == 3)
      let status = try await integrator.status(try #require(json["correlationId"]?.text))
      #expect(try status.json == ["success": .text("pending"), "clientRequestId": .text("r")])
    }

    @Test(
      "a field of another JSON type, or one that is missing, is named: 1001",
      arguments: [
        (#"{"clientRequestId":1,"possessionType":"mobile"}"#, "clientRequestId"),
        (#"{"possessionType":"mobile"}"#, "clientRequestId"),
        (#"{"clientRequestId":"r"}"#, "possessionType"),
        (#"{"clientRequestId":"r","possessionType":"fax"}"#, "possessionType"),
        (#"{"clientRequestId":"r","possessionType":"mobile","rebind":"true"}"#, "rebind"),
        (
          #"{"clientRequestId":"r","possessionType":"mobile","phoneNumber":2001004014}"#,
          "phoneNumber"
        ),
        (#"{"clientRequestId":"r","possessionType":"desktop"}"#, "finalTargetUrl"),
        (
          #"{"clientRequestId":"r","possessionType":"mobile","allowOTPRetry":1}"#, "allowOTPRetry"
        ),
      ])
    func fields(body: String, field: String) async throws {
      try expect(try await integrator.call("/v3/unify", body), 400, 1001, "'\(field)'")
    }

    @Test(
      "what is no JSON object, or not said to be one, is malformed: 8001",
      arguments: ["", "{", "[]", "\"x\"", "null", "\u{0}", "{\"a\":}"])
    func malformed(body: String) async throws {
      try expect(try await integrator.call("/v3/unify", body), 400, 8001)
    }

    @Test("a body of 4 KB is malformed, one byte less is not")
    func size() async throws {
      func body(_ count: Int) -> String {
        let head = #"{"clientRequestId":"r","possessionType":"mobile","padding":""#
        return head + String(repeating: "a", count: count - head.utf8.count - 2) + "\"}"
      }
      try expect(try await integrator.call("/v3/unify", body(4096)), 400, 8001)
      #expect(try await integrator.call("/v3/unify", body(4095)).status == 200)
    }

    @Test("another client's correlationId is 8008 for status and bind")
    func foreign() async throws {
      let flow = try await integrator.unify(
        #""possessionType":"none","phoneNumber":"2001004014""#)
      _ = try sandbox.authenticate(flow.authToken, [], vault: "foreign")
      #expect(
        try await integrator.status(flow.correlationID).json["success"]
          == .text("possession_required"))
      let other = try await Integrator(sandbox.port, "two", "secret-two")
      try expect(try await other.status(flow.correlationID), 400, 8008)
      let bind = #"{"correlationId":"\#(flow.correlationID)","phoneNumber":"2001004014"}"#
      try expect(try await other.call("/v3/unify-bind", bind), 400, 8008)
      // Nothing was changed by it: its own client still can.
      let bound = try await integrator.call("/v3/unify-bind", bind)
      #expect(try bound.json["success"] == .text("true"))
      #expect(try await integrator.status(flow.correlationID).json == bound.json)
    }

    @Test("unify-bind before possession_required is 1003, and binds nothing")
    func early() async throws {
      let flow = try await integrator.unify(
        #""possessionType":"none","phoneNumber":"2001004014""#)
      let bind = #"{"correlationId":"\#(flow.correlationID)","phoneNumber":"2001004014"}"#
      try expect(try await integrator.call("/v3/unify-bind", bind), 403, 1003)
      #expect(try await integrator.status(flow.correlationID).json["success"] == .text("pending"))
    }

    @Test("an unknown deviceId cannot be revoked: 404 with 8011")
    func unknownDevice() async throws {
      try expect(
        try await integrator.call(
          "/v3/device/revoke", #"{"clientRequestId":"r","deviceId":"nobody"}"#), 404, 8011)
    }

    @Test("another path is 404, another method 405 with what is allowed, HEAD has no body")
    func routes() async throws {
      try expect(try await integrator.call("/v3/else", "{}"), 404, nil)
      let answer = try await integrator.client.ask("GET", "/v3/unify")
      try expect(answer, 405, nil)
      #expect(answer.headers["allow"] == "POST")
      // The length is the one that GET has; no body follows it.
      let client = WireClient(sandbox.port)
      try await client.send("HEAD /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
      let head = String(decoding: await client.readSome(), as: UTF8.self)
      #expect(head.hasPrefix("HTTP/1.1 200") && head.hasSuffix("\r\n\r\n"))
      client.close()
    }

    @Test("the outbox shows an SMS to people as text, whatever the text is, and by number")
    func outbox() async throws {
      let message = #"<script>x</script> http://a.example/\"onclick=\"x ####"#
      let flow = try await integrator.unify(
        #""possessionType":"mobile","phoneNumber":"2001004014","smsMessage":"\#(message)""#)
      #expect(try sandbox.authenticate(flow.authToken).success == "true")
      let page = try await integrator.client.ask("GET", "/outbox?phoneNumber=2001004014")
      #expect(page.headers["content-type"] == "text/html; charset=utf-8")
      #expect(page.text.contains("+12001004014") && page.text.contains("1234"))
      #expect(!page.text.contains("<script") && !page.text.contains(#"/"onclick"#))
      #expect(page.text.contains("&lt;script&gt;"))
      let other = try await integrator.client.ask("GET", "/outbox?phoneNumber=2001004015")
      #expect(other.text.contains("None."))
    }

    @Test("another host's pages and control are not served, whoever asks under its name")
    func host() async throws {
      for path in ["/outbox.json", "/sandbox/clock", "/"] {
        let client = WireClient(sandbox.port)
        try await client.send("GET \(path) HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        #expect(try await client.read().status == 421)
        client.close()
      }
      // Nor does a form of another page move the clock.
      let answer = try await integrator.client.ask(
        "POST", "/sandbox/clock", #"{"advanceMonths":1}"#,
        headers: ["Content-Type": "text/plain"])
      #expect(answer.status == 400)
    }
  }
#endif
