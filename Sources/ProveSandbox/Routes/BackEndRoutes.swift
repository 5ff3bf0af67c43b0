#if Sandbox
  import ProveDeviceRegistry
  import ProveKeyModel
  import ProveKeyPlatform
  import ProveKeySealing
  import ProveUnify

  /// The integrator's back end as the page has it: it calls the service as a client of its own, keeps
  /// what belongs on a server, and shows what the registry holds.
  struct BackEndRoutes: Sendable {
    /// No client of a file has a name with a blank.
    private static let client = "the page"

    private let sandbox: Sandbox

    init(_ sandbox: Sandbox) {
      self.sandbox = sandbox
    }

    private var service: UnifyService { sandbox.service }

    // MARK: People

    private struct Person: Encodable {
      let phoneNumber: String
      let name: String
      let entersCode: String
      let hasMobileAuth: Bool
      let passesWithoutClient: Bool
    }

    /// `GET /page/users`: the test users, as their table has them.
    @Sendable func users(_ request: HTTPRequest) async throws(UnifyError) -> HTTPResponse {
      let people = sandbox.users.map {
        Person(
          phoneNumber: $0.phoneNumberText, name: $0.name, entersCode: $0.entersCode,
          hasMobileAuth: $0.mobileAuth != .unavailable,
          passesWithoutClient: $0.passesWithoutClient)
      }
      return .json(try WireCodec.encode(people))
    }

    private struct Carrier: Encodable {
      let token: String?
    }

    /// `GET /page/carrier?sim=NUMBER`: what a carrier gives the browser of a phone in its network.
    @Sendable func carrier(_ request: HTTPRequest) async throws(UnifyError) -> HTTPResponse {
      guard let text = request.queryItem("sim"), let number = try? PhoneNumber(text) else {
        throw .invalidField("sim")
      }
      let isOurs = sandbox.users.contains {
        $0.phoneNumber == number && $0.mobileAuth != .unavailable
      }
      return .json(try WireCodec.encode(Carrier(token: isOurs ? number.e164 : nil)))
    }

    // MARK: The flow

    private struct AuthStart: Decodable {
      let possessionType: String
      let phoneNumber: String?
      let deviceId: String?
      let rebind: Bool?
      let allowOTPRetry: Bool?
      let checkReputation: Bool?
    }

    private struct Started: Encodable {
      let authToken: String
      let flow: String
    }

    /// `POST /page/auth-start`: begins a flow for the browser that the cookie names.
    @Sendable func authStart(_ request: HTTPRequest) async throws(UnifyError) -> HTTPResponse {
      try request.requireJSON()
      guard let session = session(request) else { return Self.noCookies }
      let body = try WireCodec.decode(AuthStart.self, from: request.body)
      let answer = try await service.unify(
        UnifyRequest(
          clientRequestID: "page", possessionType: body.possessionType,
          phoneNumber: body.phoneNumber, deviceID: body.deviceId, rebind: body.rebind ?? false,
          finalTargetURL: body.possessionType == Channel.desktop.rawValue
            ? sandbox.outsideAddress + "/" : nil,
          allowOTPRetry: body.allowOTPRetry ?? false,
          checkReputation: body.checkReputation ?? false), from: Self.client)
      let flow = sandbox.pageSessions.add(answer.correlationID.rawValue, to: session.value)
      var response = HTTPResponse.json(
        try WireCodec.encode(Started(authToken: answer.authToken, flow: flow)))
      if session.isNew {
        response.headers.append(
          PageCookies.set(
            PageCookies.session, session.value, secure: sandbox.isReachedSecurely))
      }
      return response
    }

    private struct Flow: Decodable {
      let flow: String
      let phoneNumber: String?
    }

    /// `POST /page/auth-finish`: how the flow ended; the deviceId of a success is kept.
    @Sendable func authFinish(_ request: HTTPRequest) async throws(UnifyError) -> HTTPResponse {
      try request.requireJSON()
      let body = try WireCodec.decode(Flow.self, from: request.body)
      guard let correlationID = try correlationID(request, body) else { return Self.noCookies }
      return try keeping(
        try await service.unifyStatus(
          UnifyStatusRequest(correlationID: correlationID), from: Self.client))
    }

    /// `POST /page/bind`: the integrator has proven possession of the number itself.
    @Sendable func bind(_ request: HTTPRequest) async throws(UnifyError) -> HTTPResponse {
      try request.requireJSON()
      let body = try WireCodec.decode(Flow.self, from: request.body)
      guard let correlationID = try correlationID(request, body) else { return Self.noCookies }
      return try keeping(
        try await service.unifyBind(
          UnifyBindRequest(correlationID: correlationID, phoneNumber: body.phoneNumber ?? ""),
          from: Self.client))
    }

    private struct Revocation: Decodable {
      let deviceId: String
    }

    /// `POST /page/revoke`: disables a key for good.
    @Sendable func revoke(_ request: HTTPRequest) async throws(UnifyError) -> HTTPResponse {
      try request.requireJSON()
      let body = try WireCodec.decode(Revocation.self, from: request.body)
      try await service.revokeDevice(
        RevokeDeviceRequest(clientRequestID: "page", deviceID: body.deviceId))
      return .json(try WireCodec.encode(RevokeDeviceResponse(success: true)))
    }

    private func keeping(_ status: UnifyStatusResponse) throws(UnifyError) -> HTTPResponse {
      var response = HTTPResponse.json(try WireCodec.encode(status))
      if let id = status.deviceID, let value = PageCookies.encode(id) {
        response.headers.append(
          PageCookies.set(PageCookies.device, value, secure: sandbox.isReachedSecurely))
      }
      return response
    }

    // MARK: Cookies

    /// Whose request it is; nothing for a browser that sends no cookie, though the page gave it one.
    private func session(_ request: HTTPRequest) -> (value: String, isNew: Bool)? {
      let cookies = PageCookies(request)
      if let value = cookies[PageCookies.session], sandbox.pageSessions.isKnown(value) {
        return (value, false)
      }
      // From before a restart: it begins anew.
      return cookies.isEmpty ? nil : (sandbox.pageSessions.begin(), true)
    }

    /// - Throws: ``UnifyError/invalidCorrelationID`` for a flow that this browser did not begin.
    private func correlationID(
      _ request: HTTPRequest, _ body: Flow
    ) throws(UnifyError) -> String? {
      guard let session = session(request) else { return nil }
      guard let id = sandbox.pageSessions.correlationID(of: body.flow, in: session.value) else {
        throw .invalidCorrelationID
      }
      return id
    }

    private static var noCookies: HTTPResponse {
      .json(
        Array(
          #"{"message":"the browser sent no cookie: AuthStart and AuthFinish need them","#.utf8)
          + Array(#""reason":"cookiesDisabled"}"#.utf8), status: 403)
    }

    // MARK: What the registry holds

    private struct Look: Decodable {
      let possessionType: String
      let phoneNumber: String?
      let deviceId: String?
      let rebind: Bool?
      /// The browser, whether or not the flow would use Device Context.
      let visitorId: String?
      let usesDeviceContext: Bool?
      let presentedDeviceId: String?
    }

    /// `POST /page/view`: the registrations of a browser and a number, and what would be decided.
    @Sendable func view(_ request: HTTPRequest) async throws(UnifyError) -> HTTPResponse {
      try request.requireJSON()
      let look = try WireCodec.decode(Look.self, from: request.body)
      guard let channel = Channel(rawValue: look.possessionType) else {
        throw .invalidField("possessionType")
      }
      var asked = KeyRequest(channel: channel, rebind: look.rebind ?? false)
      if let text = look.phoneNumber {
        do { asked.phoneNumber = try PhoneNumber(text) } catch {
          throw .invalidField("phoneNumber")
        }
      }
      asked.storedDeviceID = try Self.id(look.deviceId, "deviceId")
      let presented = try Self.id(look.presentedDeviceId, "presentedDeviceId")
      var visitor: VisitorID?
      if let text = look.visitorId {
        visitor = VisitorID(text)
        guard let visitor else { throw .invalidField("visitorId") }
        if look.usesDeviceContext ?? false {
          do { asked.visitor = try Visitor(id: visitor, confidence: 0.99) } catch {
            throw .invalidField("visitorId")
          }
        }
      }
      let view: RegistryView
      do {
        view = try await RegistryView(
          of: sandbox.registry, asked, visitor: visitor, presenting: presented,
          cookies: PageCookies(request))
      } catch { throw .registry(error) }
      return .json(try WireCodec.encode(view))
    }

    private static func id(_ text: String?, _ field: String) throws(UnifyError) -> DeviceID? {
      guard let text else { return nil }
      guard let id = DeviceID(text) else { throw .invalidField(field) }
      return id
    }
  }

  extension PageCookies {
    /// A deviceId in the letters that a cookie may have.
    static func encode(_ id: DeviceID) -> String? {
      let value = Base64URL.encode(Array(id.rawValue.utf8))
      return value.utf8.count <= 512 ? value : nil
    }

    static func decode(_ value: String) -> DeviceID? {
      guard let bytes = Base64URL.decode(value),
        let text = String(validating: bytes, as: UTF8.self)
      else { return nil }
      return DeviceID(text)
    }
  }
#endif
