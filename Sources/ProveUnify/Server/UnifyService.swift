public import ProveDeviceRegistry
import ProveKeyModel
public import ProveKeyPlatform
import ProveKeySealing

/// What a server wrapper links: the four calls of the unified authentication flow, and the
/// device's side of it.
///
/// Sessions are sealed in the registry's store and survive a restart. Each step is written on the
/// version that was read, so that of two racing steps one wins and the other is told
/// ``UnifyError/stepNotAllowed``.
public final class UnifyService: Sendable {
  let registry: DeviceRegistry
  let possession: any PossessionProvider
  let reputation: any ReputationProvider
  let visitors: any VisitorProvider
  let linkPage: String?
  let tokens: TokenKeys
  let clock: WallClock

  /// Serves flows on a registry.
  /// - Parameters:
  ///   - possession: proves possession of numbers.
  ///   - reputation: judges numbers, for requests that ask for it.
  ///   - visitors: says who is behind what a browser's Device Context gave; nobody, when left out.
  ///   - linkPage: where Instant Links lead, up to their token; the flow's own target, when left out.
  ///   - clock: must be the registry's own.
  public init(
    registry: DeviceRegistry, possession: any PossessionProvider,
    reputation: any ReputationProvider, visitors: any VisitorProvider = NoVisitors(),
    linkPage: String? = nil, clock: WallClock = .system
  ) {
    self.registry = registry
    self.possession = possession
    self.reputation = reputation
    self.visitors = visitors
    self.linkPage = linkPage
    self.clock = clock
    tokens = TokenKeys(registry, clock)
  }

  /// Starts a flow (`POST /v3/unify`).
  /// - Parameter client: which of the integrator's clients asks; only that one may ask for the flow's
  ///   status and bind.
  /// - Throws: ``UnifyError/invalidField(_:)``; ``UnifyError/identityNotFound`` for a proveId that is
  ///   not known.
  public func unify(
    _ request: UnifyRequest, from client: String? = nil
  ) async throws(UnifyError) -> UnifyResponse {
    let fields = try UnifyFields(request)
    if let proveID = fields.proveID, fields.phoneNumber == nil,
      try await phoneNumber(of: proveID) == nil
    {
      throw .identityNotFound
    }
    var generator = SecureRandomNumberGenerator()
    let correlationID = CorrelationID.random(using: &generator)
    let tokenID = newToken()
    let session = UnifySession(
      correlationID: correlationID.rawValue, client: client, authTokenID: tokenID,
      clientRequestID: fields.clientRequestID.rawValue,
      channel: fields.channel.rawValue, phoneNumber: fields.phoneNumber?.e164,
      proveID: fields.proveID?.rawValue, storedDeviceID: fields.storedDeviceID?.rawValue,
      rebind: request.rebind, clientCustomerID: fields.clientCustomerID?.rawValue,
      clientHumanID: fields.clientHumanID?.rawValue, finalTargetURL: request.finalTargetURL,
      allowsOTPRetry: request.allowOTPRetry, smsMessage: request.smsMessage,
      checksReputation: request.checkReputation,
      createdAtMilliseconds: clock.now.millisecondsSinceEpoch)
    let authToken = try await tokens.make(
      .authToken, about: correlationID.rawValue, id: tokenID,
      forSeconds: UnifyLimits.sessionSeconds)
    try await save(session, replacing: nil)
    return UnifyResponse(correlationID: correlationID, success: .pending, authToken: authToken)
  }

  /// Says how a flow stands (`POST /v3/unify-status`); asking again gives the same answer.
  /// - Throws: ``UnifyError/invalidCorrelationID``; ``UnifyError/deviceRevoked`` when the flow ended
  ///   because the key was revoked (R9).
  public func unifyStatus(
    _ request: UnifyStatusRequest, from client: String? = nil
  ) async throws(UnifyError) -> UnifyStatusResponse {
    let requestID = try UnifyFields.optional(request.clientRequestID, ClientRequestID.self)
    let session = try await updating(request.correlationID, client) { session throws(UnifyError) in
      if session.phase == .finished { return }
      if session.phase == .created, let number = try self.number(session.phoneNumber),
        self.possession.passesWithoutClient(number)
      {
        try await self.passWithoutClient(&session, number)
      } else if session.isExpired(at: self.clock.now) {
        try await self.end(&session, reason: "sessionExpired")
      } else if session.phase == .awaitingBind {
        session.hasAnnouncedPossession = true
      }
    }
    return try response(session, requestID)
  }

  /// Binds the key of a flow whose possession the integrator has proven (`POST /v3/unify-bind`, R3).
  /// - Throws: ``UnifyError/stepNotAllowed`` unless unify-status has said `possession_required`;
  ///   ``UnifyError/invalidCorrelationID``; ``UnifyError/invalidField(_:)``.
  public func unifyBind(
    _ request: UnifyBindRequest, from client: String? = nil
  ) async throws(UnifyError) -> UnifyStatusResponse {
    let requestID = try UnifyFields.optional(request.clientRequestID, ClientRequestID.self)
    let number = try UnifyFields.phoneNumber(request.phoneNumber)
    var (session, version) = try await session(request.correlationID, client)
    if session.phase == .finished, session.possession == PossessionMethod.customer.rawValue,
      session.verifiedNumber == number.e164
    {
      return try response(session, requestID)
    }
    guard session.phase == .awaitingBind, session.hasAnnouncedPossession else {
      throw .stepNotAllowed
    }
    try await claiming(&session, version) { session throws(UnifyError) in
      guard !session.isExpired(at: self.clock.now) else {
        try await self.end(&session, reason: "sessionExpired")
        return
      }
      session.possession = PossessionMethod.customer.rawValue
      session.verifiedNumber = number.e164
      let offer = try Self.valid { () throws(ModelError) in try session.keptOffer }
      if try await self.endForReputation(&session, number) == nil {
        try await self.conclude(&session, offering: offer)
      }
    }
    return try response(session, requestID)
  }

  /// Disables a key for good (`POST /v3/device/revoke`, R9); doing so twice succeeds.
  /// - Throws: ``UnifyError/invalidField(_:)``; ``UnifyError/identityNotFound`` for a deviceId that is
  ///   not known (404, 8011).
  public func revokeDevice(_ request: RevokeDeviceRequest) async throws(UnifyError) {
    _ = try UnifyFields.required(request.clientRequestID, ClientRequestID.self)
    let deviceID = try UnifyFields.required(request.deviceID, DeviceID.self)
    try await calling { () async throws(RegistryError) in
      _ = try await self.registry.revoke(deviceID, actor: "integrator")
    }
  }
}

// MARK: - Answers

extension UnifyService {
  /// Why a flow stands or ended as it did, also where unify-status answers with an error.
  /// - Throws: ``UnifyError/invalidCorrelationID``.
  public func evaluation(
    of correlationID: String
  ) async throws(UnifyError) -> UnifyStatusResponse.Evaluation {
    Self.evaluation(of: try await session(correlationID).0)
  }

  private static func evaluation(of session: UnifySession) -> UnifyStatusResponse.Evaluation {
    UnifyStatusResponse.Evaluation(
      row: session.row.flatMap { DecisionRow(rawValue: $0) }, reason: session.reason,
      possession: PossessionMethod(rawValue: session.possession) ?? .none)
  }
}

extension UnifyService {
  private func response(
    _ session: UnifySession, _ requestID: ClientRequestID?
  ) throws(UnifyError) -> UnifyStatusResponse {
    if session.outcome?.isRevoked == true { throw .deviceRevoked }
    let success: UnifySuccess =
      switch (session.phase, session.outcome) {
      case (.finished, let outcome): outcome?.isAuthenticated == true ? .true : .false
      case (.awaitingBind, _): .possessionRequired
      default: .pending
      }
    let isAuthenticated = success == .true
    let number = session.outcome?.phoneNumber ?? session.phoneNumber
    return UnifyStatusResponse(
      success: success, phoneNumber: session.phase == .finished ? number : nil,
      proveID: isAuthenticated ? session.outcome?.proveID.flatMap { ProveID($0) } : nil,
      deviceID: isAuthenticated ? session.outcome?.deviceID.flatMap { DeviceID($0) } : nil,
      clientHumanID: isAuthenticated ? session.clientHumanID.flatMap { ClientHumanID($0) } : nil,
      clientRequestID: requestID ?? ClientRequestID(session.clientRequestID),
      evaluation: Self.evaluation(of: session))
  }

  private func passWithoutClient(
    _ session: inout UnifySession, _ number: PhoneNumber
  ) async throws(UnifyError) {
    session.phase = .finished
    session.outcome = UnifySession.Outcome(
      isAuthenticated: true, phoneNumber: number.e164,
      proveID: try await proveID(of: number).rawValue, deviceID: nil)
  }
}
