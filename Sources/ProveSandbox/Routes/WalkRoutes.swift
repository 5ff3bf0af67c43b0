#if Sandbox
  import ProveDeviceRegistry
  import ProveKeyModel
  import ProveKeySealing
  import ProveUnify

  /// The page on which a person walks the flow, and its files.
  struct WalkRoutes: Sendable {
    private let sandbox: Sandbox

    init(_ sandbox: Sandbox) {
      self.sandbox = sandbox
    }

    /// `GET /`: the page; a browser without one gets a cookie.
    @Sendable func page(_ request: HTTPRequest) async throws(UnifyError) -> HTTPResponse {
      let nonce = Base64URL.encode(SecureRandom.bytes(18))
      let text = PageAsset.page.replacing("{{nonce}}", with: nonce)
        .replacing("{{buildConfig}}", with: sandbox.registry.scope.buildConfig.rawValue)
        .replacing(
          "{{publicApiKey}}",
          with: SandboxVisitors.publicAPIKey(for: sandbox.registry.scope.buildConfig))
      var response = HTTPResponse.text(text, "text/html; charset=utf-8")
      response.headers += [
        ("Content-Security-Policy", Self.policy(nonce, host: request.header("Host"))),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
      ]
      let session = PageCookies(request)[PageCookies.session]
      if session.map(sandbox.pageSessions.isKnown) != true {
        response.headers.append(
          PageCookies.set(
            PageCookies.session, sandbox.pageSessions.begin(), secure: sandbox.isReachedSecurely))
      }
      return response
    }

    /// `GET /page/NAME`: a file of the page.
    @Sendable func asset(_ request: HTTPRequest) async throws(UnifyError) -> HTTPResponse {
      guard let asset = PageAsset(named: request.path.dropFirst("/page/".count)) else {
        throw .malformedRequest
      }
      return HTTPResponse(
        status: 200, headers: [("Content-Type", asset.type), ("Cache-Control", "no-store")],
        body: asset.bytes)
    }

    /// Only the page's own scripts, by their nonce; connections only to the sandbox, the desktop's
    /// WebSocket named as the guide says, since not every browser counts it as the page's own.
    static func policy(_ nonce: String, host: String?) -> String {
      var connections = "'self'"
      // A host that could end the directive, or name more than one, is not repeated.
      if let host, !host.isEmpty,
        host.utf8.allSatisfy({ byte in
          (0x30...0x3A).contains(byte) || (0x41...0x5B).contains(byte) || byte == 0x5D
            || (0x61...0x7A).contains(byte) || byte == 0x2D || byte == 0x2E
        })
      {
        connections += " ws://\(host) wss://\(host)"
      }
      return "default-src 'none'; script-src 'nonce-\(nonce)' 'strict-dynamic'; "
        + "style-src 'nonce-\(nonce)'; img-src 'self'; connect-src \(connections); "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        + "require-trusted-types-for 'script'; trusted-types 'none'"
    }
  }

  extension Sandbox {
    /// Whether browsers reach it through TLS.
    var isReachedSecurely: Bool { outsideAddress.hasPrefix("https://") }
  }
#endif
