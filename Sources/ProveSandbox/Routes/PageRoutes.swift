#if Sandbox
  import ProveKeyModel
  import ProveUnify

  /// What a person sees: the page that an Instant Link leads to, and the SMS that would have been
  /// sent.
  struct PageRoutes: Sendable {
    private let sandbox: Sandbox

    init(_ sandbox: Sandbox) {
      self.sandbox = sandbox
    }

    /// `GET /`: what there is.
    @Sendable func front(_ request: HTTPRequest) async throws(UnifyError) -> HTTPResponse {
      HTMLPage(
        title: "Prove Key sandbox",
        body: """
          <p>The API is at <code>/v3/</code>, the device's side at <code>/v1/device/</code>.</p>
          <ul><li><a href="/outbox">SMS that would have been sent</a></li>
          <li><a href="/metrics">Metrics</a></li></ul>
          """
      ).response()
    }

    // MARK: Instant Link

    /// `GET /link/TOKEN`: asks; what merely fetches links, as scanners of messages do, answers nothing.
    @Sendable func link(_ request: HTTPRequest) async throws(UnifyError) -> HTTPResponse {
      guard let token = Self.token(request), try await sandbox.service.isOpen(instantLink: token)
      else { return Self.deadLink }
      return HTMLPage(
        title: "Was it you?",
        body: """
          <p>Somebody is about to sign in with this phone number.</p>
          <form method="post" action="/link/\(token)">
          <button name="answer" value="open">Yes, go on</button>
          <button name="answer" value="refuse">No, it was not me</button></form>
          """
      ).response()
    }

    /// `POST /link/TOKEN` with `answer=open` or `answer=refuse`.
    @Sendable func answerLink(_ request: HTTPRequest) async throws(UnifyError) -> HTTPResponse {
      guard let token = Self.token(request) else { return Self.deadLink }
      let form = FormFields(String(decoding: request.body, as: UTF8.self))
      do throws(UnifyError) {
        switch form["answer"] {
        case "open":
          return Self.answered(target: try await sandbox.service.openInstantLink(token))
        case "refuse":
          try await sandbox.service.refuseInstantLink(token)
          return HTMLPage(title: "Refused", body: "<p>Nobody was signed in.</p>").response()
        default: throw .invalidField("answer")
        }
      } catch .unauthorized { return Self.deadLink }
    }

    private static func answered(target: String?) -> HTTPResponse {
      var body = "<p>Done. Go on where you began.</p>"
      // A target has no quotes by its field's rule; other schemes are not led to.
      if let target, target.hasPrefix("https://") || target.hasPrefix("http://") {
        body += "<p><a href=\"\(HTMLPage.escape(target))\">Continue</a></p>"
      }
      return HTMLPage(title: "Done", body: body).response()
    }

    private static var deadLink: HTTPResponse {
      HTMLPage(
        title: "This link leads nowhere",
        body: "<p>It was used, is too old, or another SMS was sent after it.</p>"
      ).response(status: 404)
    }

    private static func token(_ request: HTTPRequest) -> String? {
      let token = request.path.dropFirst("/link/".count)
      let isText = token.utf8.allSatisfy { byte in
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
          || (0x61...0x7A).contains(byte) || byte == 0x2D || byte == 0x5F
      }
      return isText && (1...64).contains(token.utf8.count) ? String(token) : nil
    }

    // MARK: Outbox

    private struct Message: Encodable {
      let phoneNumber: String
      let text: String
    }

    /// `GET /outbox.json?phoneNumber=...`: the last texts, oldest first.
    @Sendable func outboxJSON(_ request: HTTPRequest) async throws(UnifyError) -> HTTPResponse {
      .json(
        try WireCodec.encode(
          messages(request).map { Message(phoneNumber: $0.phoneNumber.e164, text: $0.text) }))
    }

    /// `GET /outbox?phoneNumber=...`: the same for people, latest first.
    @Sendable func outbox(_ request: HTTPRequest) async throws(UnifyError) -> HTTPResponse {
      let rows = try messages(request).reversed().map { message in
        let text = HTMLPage.escape(message.text).split(separator: " ").map { word in
          word.hasPrefix("http") ? "<a href=\"\(word)\">\(word)</a>" : String(word)
        }
        return "<li><b>\(HTMLPage.escape(message.phoneNumber.e164))</b> "
          + text.joined(separator: " ") + "</li>"
      }
      return HTMLPage(
        title: "SMS that would have been sent",
        body: rows.isEmpty ? "<p>None.</p>" : "<ul>\(rows.joined())</ul>"
      ).response()
    }

    private func messages(
      _ request: HTTPRequest
    ) throws(UnifyError) -> [SandboxProvider.Message] {
      guard let text = request.queryItem("phoneNumber") else { return sandbox.provider.outbox }
      guard let number = try? PhoneNumber(text) else { throw .invalidField("phoneNumber") }
      return sandbox.provider.outbox.filter { $0.phoneNumber == number }
    }
  }

  /// A page without scripts; nothing of it comes from elsewhere.
  struct HTMLPage {
    let title: String
    let body: String

    func response(status: Int = 200) -> HTTPResponse {
      let text = """
        <!doctype html><html lang="en"><head><meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(title)</title></head><body><main><h1>\(title)</h1>\(body)</main></body></html>
        """
      var response = HTTPResponse.text(text, "text/html; charset=utf-8", status: status)
      response.headers += [
        (
          "Content-Security-Policy",
          "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        ),
        ("Referrer-Policy", "no-referrer"),
      ]
      return response
    }

    static func escape(_ text: String) -> String {
      text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
        .replacing("\"", with: "&quot;").replacing("'", with: "&#39;")
    }
  }
#endif
