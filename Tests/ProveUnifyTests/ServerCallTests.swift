import CampaignSupport
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyVault
import ProveUnify
import Testing

/// The four calls of a server wrapper and their errors.
@Suite("the server's calls", .inTurn)
struct ServerCallTests {
  let stage: FlowStage

  init() async throws { stage = try await FlowStage() }

  // MARK: Fields

  /// A field with a value that breaks its rule.
  struct BadField: Sendable, CustomTestStringConvertible {
    let field: String
    let note: String
    let change: @Sendable (inout UnifyRequest) -> Void

    init(
      _ field: String, _ note: String, _ change: @escaping @Sendable (inout UnifyRequest) -> Void
    ) {
      self.field = field
      self.note = note
      self.change = change
    }

    var testDescription: String { "\(field): \(note)" }
  }

  static let long = String(repeating: "a", count: 256)

  static let badFields = [
    BadField("clientRequestId", "empty") { $0.clientRequestID = "" },
    BadField("clientRequestId", "256 bytes") { $0.clientRequestID = long },
    BadField("clientRequestId", "control character") { $0.clientRequestID = "a\u{7}" },
    BadField("possessionType", "empty") { $0.possessionType = "" },
    BadField("possessionType", "other case") { $0.possessionType = "Mobile" },
    BadField("phoneNumber", "empty") { $0.phoneNumber = "" },
    BadField("phoneNumber", "dashes") { $0.phoneNumber = "200-100-4014" },
    BadField("phoneNumber", "nine digits") { $0.phoneNumber = "200100401" },
    BadField("proveId", "empty") { $0.proveID = "" },
    BadField("deviceId", "256 bytes") { $0.deviceID = long },
    BadField("clientCustomerId", "empty") { $0.clientCustomerID = "" },
    BadField("clientHumanId", "control character") { $0.clientHumanID = "\n" },
    BadField("finalTargetUrl", "missing for desktop") { $0.possessionType = "desktop" },
    BadField("finalTargetUrl", "empty") { $0.finalTargetURL = "" },
    BadField("finalTargetUrl", "129 characters") {
      $0.finalTargetURL = String(repeating: "a", count: 129)
    },
    BadField("finalTargetUrl", "ampersand") { $0.finalTargetURL = "https://a.example/?a=1&b=2" },
    BadField("finalTargetUrl", "not ASCII") { $0.finalTargetURL = "https://\u{e9}.example" },
    BadField("smsMessage", "empty") { $0.smsMessage = "" },
    BadField("smsMessage", "161 characters") {
      $0.smsMessage = String(repeating: "a", count: 161)
    },
    BadField("smsMessage", "three marks") { $0.smsMessage = "Code ###" },
    BadField("smsMessage", "seven marks") { $0.smsMessage = "Code #######" },
    BadField("smsMessage", "two runs") { $0.smsMessage = "#### ####" },
    BadField("emailAddress", "empty") { $0.emailAddress = "" },
    BadField("emailAddress", "blank") { $0.emailAddress = "a b@c.example" },
    BadField("ipAddress", "not an address") { $0.ipAddress = "10.0.0.1/8" },
    BadField("ipAddress", "too long") { $0.ipAddress = long },
  ]

  @Test("a field that breaks its rule is named: 1001, HTTP 400", arguments: badFields)
  func field(_ bad: BadField) async throws {
    let error = UnifyError.invalidField(bad.field)
    await #expect(throws: error) { try await stage.unify(bad.change) }
    #expect(error.code == 1001)
    #expect(error.httpStatus == 400)
    #expect(error.message.contains(bad.field))
  }

  @Test("values at the edge of their rules are taken")
  func edges() async throws {
    _ = try await stage.unify {
      $0.clientRequestID = String(repeating: "a", count: 255)
      $0.finalTargetURL = String(repeating: "a", count: 128)
      $0.smsMessage = String(repeating: "a", count: 154) + "######"
      $0.emailAddress = "a.b+c@d.example"
      $0.ipAddress = "2001:db8::1"
    }
  }

  @Test("bad fields of the other calls are named too")
  func otherCalls() async throws {
    let response = try await stage.unify()
    let id = response.correlationID.rawValue
    await #expect(throws: UnifyError.invalidField("clientRequestId")) {
      try await stage.service.unifyStatus(
        UnifyStatusRequest(correlationID: id, clientRequestID: ""))
    }
    await #expect(throws: UnifyError.invalidField("phoneNumber")) {
      try await stage.bind(response, "12")
    }
    for (request, field) in [
      (RevokeDeviceRequest(clientRequestID: "", deviceID: "a"), "clientRequestId"),
      (RevokeDeviceRequest(clientRequestID: "a", deviceID: ""), "deviceId"),
    ] {
      await #expect(throws: UnifyError.invalidField(field)) {
        try await stage.service.revokeDevice(request)
      }
    }
  }

  // MARK: Ids and order

  @Test("an unknown or malformed correlationId is 8008", arguments: ["nobody", "", "a\u{0}"])
  func correlationID(text: String) async throws {
    _ = try await stage.unify()
    await #expect(throws: UnifyError.invalidCorrelationID) {
      try await stage.service.unifyStatus(UnifyStatusRequest(correlationID: text))
    }
    await #expect(throws: UnifyError.invalidCorrelationID) {
      try await stage.service.unifyBind(
        UnifyBindRequest(correlationID: text, phoneNumber: FlowStage.lorant))
    }
    #expect(UnifyError.invalidCorrelationID.code == 8008)
  }

  @Test("a store serves one tenant; in another one neither the flow nor its tokens are known")
  func tenants() async throws {
    await #expect(throws: RegistryError.scopeMismatch) {
      try await DeviceRegistry(
        store: stage.store, scope: try RegistryScope(tenant: "other", buildConfig: .usUAT),
        clock: stage.clock.wallClock)
    }
    let other = try await FlowStage().service
    let response = try await stage.unify { $0.possessionType = "none" }
    let id = response.correlationID.rawValue
    await #expect(throws: UnifyError.invalidCorrelationID) {
      try await other.unifyStatus(UnifyStatusRequest(correlationID: id))
    }
    await #expect(throws: UnifyError.invalidCorrelationID) {
      try await other.unifyBind(
        UnifyBindRequest(correlationID: id, phoneNumber: FlowStage.lorant))
    }
    await #expect(throws: UnifyError.unauthorized) {
      try await other.start(
        DeviceStart(authToken: response.authToken, abilities: [.otp], buildConfig: .usUAT))
    }
    let access = try await stage.service.accessToken(for: "shop")
    await #expect(throws: UnifyError.unauthorized) {
      try await other.client(ofAccessToken: access)
    }
    // Its own tenant's flow goes on as if nobody had asked.
    _ = try await stage.authenticator(ScriptedApp(stage.provider)).authenticate(response.authToken)
    #expect(try await stage.status(response).success == .possessionRequired)
  }

  @Test("a flow that has not ended is pending and says nothing of the person")
  func pending() async throws {
    let response = try await stage.unify { $0.clientHumanID = "human" }
    #expect(response.success == .pending)
    let status = try await stage.status(response)
    #expect(status.success == .pending)
    #expect(status.phoneNumber == nil)
    #expect(status.proveID == nil)
    #expect(status.deviceID == nil)
    #expect(status.clientHumanID == nil)
  }

  @Test("status says the same however often it is asked, and echoes the ids of the request")
  func status() async throws {
    let response = try await stage.unify { $0.clientHumanID = "human" }
    _ = try await stage.authenticator(ScriptedApp(stage.provider)).authenticate(response.authToken)
    let first = try await stage.status(response)
    #expect(first.success == .true)
    #expect(first.clientRequestID == ClientRequestID("request"))
    #expect(first.clientHumanID == ClientHumanID("human"))
    stage.clock.advance(seconds: 3600)
    #expect(try await stage.status(response) == first)
    let named = try await stage.service.unifyStatus(
      UnifyStatusRequest(
        correlationID: response.correlationID.rawValue, clientRequestID: "another"))
    #expect(named.clientRequestID == ClientRequestID("another"))
  }

  @Test("a failed flow gives the number and neither proveId nor deviceId")
  func failed() async throws {
    let result = try await stage.run(ScriptedApp(stage.provider, finishes: [.code("1")])) {
      $0.clientHumanID = "human"
    }
    #expect(result.status.phoneNumber == "+12001004014")
    #expect(result.status.proveID == nil)
    #expect(result.status.deviceID == nil)
    #expect(result.status.clientHumanID == nil)
  }

  @Test("an authToken works once, whether the flow goes on or not")
  func oneTime() async throws {
    let response = try await stage.unify()
    let authenticator = try stage.authenticator(ScriptedApp(stage.provider))
    let start = DeviceStart(
      authToken: response.authToken, abilities: [.otp], buildConfig: .usUAT)
    _ = try await stage.service.start(start)
    await #expect(throws: UnifyError.unauthorized) { try await stage.service.start(start) }
    await #expect(throws: AuthenticationError.server(.unauthorized)) {
      try await authenticator.authenticate(response.authToken)
    }
    let second = try await stage.unify()
    _ = try await authenticator.authenticate(second.authToken)
    await #expect(throws: AuthenticationError.server(.unauthorized)) {
      try await authenticator.authenticate(second.authToken)
    }
  }

  @Test("a token that is none of ours, or of another build config, is refused and uses nothing up")
  func foreignTokens() async throws {
    let response = try await stage.unify()
    for token in ["", "nonsense", response.correlationID.rawValue, Self.long] {
      await #expect(throws: UnifyError.unauthorized) {
        try await stage.service.start(
          DeviceStart(authToken: token, abilities: [], buildConfig: .usUAT))
      }
    }
    await #expect(throws: UnifyError.unauthorized) {
      try await stage.service.start(
        DeviceStart(
          authToken: response.authToken, abilities: [], buildConfig: .euUAT))
    }
    for authID in ["", "nonsense", response.authToken] {
      await #expect(throws: UnifyError.unauthorized) {
        try await stage.service.reply(.cancelled, authID: authID)
      }
    }
    let outcome = try await stage.authenticator(ScriptedApp(stage.provider))
      .authenticate(response.authToken)
    #expect(outcome.isAuthenticated == true)
  }

  @Test("a reply that the step did not ask for is refused, and the flow goes on")
  func outOfOrder() async throws {
    let response = try await stage.unify()
    let device = GuessingDevice(service: stage.service, provider: stage.provider)
    let authID = try await device.reachCode(
      response.authToken, vault: stage.vault, scope: try FlowStage.scope())
    let wrong: [DeviceReply] = [
      .presented(nil), .mobileAuth(token: "t"), .consent(phoneNumber: nil), .waiting,
    ]
    for reply in wrong {
      await #expect(throws: UnifyError.stepNotAllowed) {
        try await stage.service.reply(reply, authID: authID)
      }
    }
    let step = try await stage.service.reply(.code(stage.provider.lastCode), authID: authID)
    #expect(step.isOfferKey)
    _ = try await stage.service.reply(.cancelled, authID: authID)
    await #expect(throws: UnifyError.stepNotAllowed) {
      try await stage.service.reply(.cancelled, authID: authID)
    }
    #expect(UnifyError.stepNotAllowed.code == 1003)
    #expect(UnifyError.stepNotAllowed.httpStatus == 403)
  }

  // MARK: Revoking

  @Test("revoking an unknown deviceId is 404, 8011; revoking twice succeeds")
  func revoking() async throws {
    let error = UnifyError.identityNotFound
    await #expect(throws: error) { try await revoke("nobody") }
    #expect(error.code == 8011)
    #expect(error.httpStatus == 404)
    let id = try await stage.enrol()
    try await revoke(id.rawValue)
    let revoked = try await stage.registration(id)
    #expect(revoked?.isRevoked == true)
    try await revoke(id.rawValue)
    #expect(try await stage.registration(id) == revoked)
  }

  private func revoke(_ id: String) async throws {
    try await stage.service.revokeDevice(
      RevokeDeviceRequest(clientRequestID: "request", deviceID: id))
  }

  // MARK: Consumers

  @Test("a consumer keeps the proveId over flows, keys and channels; another has another")
  func proveID() async throws {
    let first = try await stage.run().status.proveID
    #expect(first != nil)
    #expect(try await stage.run().status.proveID == first)
    try stage.evict()
    #expect(try await stage.run().status.proveID == first)
    stage.provider.set { $0.link = .opened }
    let desktop = try await stage.run(ScriptedApp(stage.provider), ways: [.instantLink]) {
      $0.possessionType = "desktop"
      $0.finalTargetURL = "https://shop.example"
    }
    #expect(desktop.status.proveID == first)
    try stage.evict()
    #expect(try await stage.run { $0.phoneNumber = FlowStage.bertie }.status.proveID != first)
  }

  @Test("a known proveId stands in for the number; an unknown one is 8011")
  func proveIDInsteadOfNumber() async throws {
    let proveID = try await stage.run().status.proveID
    let withKey = try await stage.run {
      $0.phoneNumber = nil
      $0.proveID = proveID?.rawValue
    }
    #expect(withKey.status.evaluation.row == .d10)
    try stage.evict()
    let app = ScriptedApp(stage.provider)
    let withoutKey = try await stage.run(app) {
      $0.phoneNumber = nil
      $0.proveID = proveID?.rawValue
    }
    #expect(withoutKey.status.success == .true)
    #expect(withoutKey.status.phoneNumber == "+12001004014")
    #expect(app.steps == [.start(needed: false, nil), .finish(nil)])
    await #expect(throws: UnifyError.identityNotFound) {
      try await stage.unify {
        $0.phoneNumber = nil
        $0.proveID = "nobody"
      }
    }
  }

  @Test("a proveId of another consumer ends in success false, key or no key")
  func proveIDMismatch() async throws {
    let lorant = try await stage.run().status.proveID
    let withKey = try await stage.run { $0.proveID = "another" }
    #expect(withKey.status.success == .false)
    #expect(withKey.status.evaluation.reason == "identityMismatch")
    try stage.evict()
    let app = ScriptedApp(stage.provider)
    let withoutKey = try await stage.run(app) {
      $0.phoneNumber = FlowStage.bertie
      $0.proveID = lorant?.rawValue
    }
    #expect(withoutKey.status.evaluation.reason == "identityMismatch")
    #expect(try stage.keys.isEmpty)
  }

  @Test("two numbers authenticate without a client and without a key")
  func withoutClient() async throws {
    let number = try PhoneNumber(FlowStage.lorant)
    stage.provider.set { $0.withoutClient = [number] }
    let response = try await stage.unify()
    let status = try await stage.status(response)
    #expect(status.success == .true)
    #expect(status.proveID != nil)
    #expect(status.deviceID == nil)
    #expect(try await stage.status(response) == status)
    await #expect(throws: UnifyError.unauthorized) {
      try await stage.service.start(
        DeviceStart(
          authToken: response.authToken, abilities: [], buildConfig: .usUAT))
    }
  }
}
