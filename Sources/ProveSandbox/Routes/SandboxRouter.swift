#if Sandbox
  import ProveUnify

  /// Who may ask, what they may ask for, and who answers.
  struct SandboxRouter: Sendable {
    typealias Route = @Sendable (HTTPRequest) async throws(UnifyError) -> HTTPResponse

    private let sandbox: Sandbox
    private let routes: [String: [String: Route]]

    init(_ sandbox: Sandbox) {
      self.sandbox = sandbox
      let api = APIRoutes(sandbox)
      let device = DeviceRoutes(sandbox)
      let pages = PageRoutes(sandbox)
      let control = ControlRoutes(sandbox)
      var routes: [String: [String: Route]] = [
        "/token": ["POST": api.token],
        "/v1/device/start": ["POST": device.start],
        "/v1/device/reply": ["POST": device.reply],
        "/v1/device/context": ["POST": device.context],
        "/v1/device/link-events": ["GET": device.linkEvents],
        "/link": ["GET": pages.link, "POST": pages.answerLink],
        "/": ["GET": pages.front],
        "/outbox": ["GET": pages.outbox],
        "/outbox.json": ["GET": pages.outboxJSON],
        "/health": ["GET": control.health],
        "/metrics": ["GET": control.metrics],
        "/sandbox/clock": ["GET": control.clock, "POST": control.moveClock],
      ]
      for call in WireCall.allCases where !call.isMadeByDevice {
        routes[call.path] = [
          "POST": { request throws(UnifyError) in try await api.answer(call, request) }
        ]
      }
      if sandbox.servesPage {
        let walk = WalkRoutes(sandbox)
        let backEnd = BackEndRoutes(sandbox)
        routes["/"] = ["GET": walk.page]
        for name in PageAsset.names { routes["/page/" + name] = ["GET": walk.asset] }
        routes["/page/users"] = ["GET": backEnd.users]
        routes["/page/auth-start"] = ["POST": backEnd.authStart]
        routes["/page/auth-finish"] = ["POST": backEnd.authFinish]
        routes["/page/bind"] = ["POST": backEnd.bind]
        routes["/page/revoke"] = ["POST": backEnd.revoke]
        routes["/page/view"] = ["POST": backEnd.view]
        routes["/page/carrier"] = ["GET": backEnd.carrier]
      }
      self.routes = routes
    }

    func answer(_ request: HTTPRequest) async -> HTTPResponse {
      // A link's token is its path's last part.
      let path = request.path.hasPrefix("/link/") ? "/link" : request.path
      guard let methods = routes[path] else {
        return note("other", Self.failure(404, "there is nothing at this path"))
      }
      let method = request.method == "HEAD" ? "GET" : request.method
      guard let route = methods[method] else {
        var response = Self.failure(405, "the method is not one of this path's")
        response.headers.append(("Allow", methods.keys.sorted().joined(separator: ", ")))
        return note(path, response)
      }
      guard path.hasPrefix("/v3/") || path == "/token" || isOurHost(request) else {
        return note(path, Self.failure(421, "this host is not the sandbox's"))
      }
      let response: HTTPResponse
      do { response = try await route(request) } catch { response = Self.answer(to: error) }
      return note(path, response)
    }

    /// On loopback only names of this machine are answered: a page of somebody else's whose name
    /// leads here (DNS rebinding) reads no outbox and moves no clock.
    private func isOurHost(_ request: HTTPRequest) -> Bool {
      guard sandbox.isOnLoopback, let host = request.header("Host") else {
        return !sandbox.isOnLoopback
      }
      let name = host.hasPrefix("[") ? host.prefix { $0 != "]" } + "]" : host.prefix { $0 != ":" }
      return name == "localhost" || name == "[::1]" || name.hasPrefix("127.")
        || name.hasSuffix(".localhost")
    }

    private func note(_ path: String, _ response: HTTPResponse) -> HTTPResponse {
      sandbox.metrics.count(path, response.status)
      return response
    }

    // MARK: Answers

    /// An error as the wire has it.
    static func answer(to error: UnifyError) -> HTTPResponse {
      var response = HTTPResponse.json(error.wireBody, status: error.httpStatus)
      switch error {
      case .rateLimited(let seconds): response.headers.append(("Retry-After", String(seconds)))
      case .unauthorized: response.headers.append(("WWW-Authenticate", "Bearer"))
      default: break
      }
      return response
    }

    private static func failure(_ status: Int, _ message: String) -> HTTPResponse {
      .json(Array(#"{"message":"\#(message)"}"#.utf8), status: status)
    }
  }

  extension HTTPRequest {
    /// Refuses a body that does not say it is JSON: no page elsewhere can send one unasked.
    func requireJSON() throws(UnifyError) {
      let type = header("Content-Type")?.prefix { $0 != ";" }.lowercased()
      guard type == "application/json" else { throw .malformedRequest }
    }
  }
#endif
