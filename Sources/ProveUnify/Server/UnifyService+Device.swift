import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing

// The device's side of a flow. The server alone decides what comes next: what a device may reply is
// what the last step asked for, or that the person gave up; anything else is `stepNotAllowed`.

extension UnifyService {
  /// Starts the device's side; the authToken is used up.
  /// - Throws: ``UnifyError/unauthorized`` for a token that is not ours, was used, or is of another
  ///   build config; ``UnifyError/sessionExpired``; ``UnifyError/invalidField(_:)`` `publicApiKey`.
  public func start(
    _ start: DeviceStart
  ) async throws(UnifyError) -> (authID: String, step: DeviceStep) {
    guard start.buildConfig == registry.scope.buildConfig,
      let claims = try await tokens.claims(of: start.authToken, .authToken)
    else { throw .unauthorized }
    let correlationID = claims.subject
    var (session, version) = try await session(correlationID)
    guard session.phase == .created, session.authTokenID == claims.id else { throw .unauthorized }
    guard !tokens.isOver(claims), !session.isExpired(at: clock.now) else { throw .sessionExpired }
    let visitor = try await visitor(of: start)
    session.authTokenID = nil
    let authID = newToken()
    session.authID = authID
    session.abilities = start.abilities.map(\.rawValue).sorted()
    session.visitorID = visitor?.id.rawValue
    session.visitorConfidence = visitor?.confidence
    let step: DeviceStep
    if session.channel == Channel.desktop.rawValue {
      step = try await decideWithoutKey(&session)
    } else {
      session.phase = .presenting
      step = .presentKey(challenge(for: &session))
    }
    try await point(.authID, authID, to: correlationID)
    try await save(session, replacing: version)
    return (authID, step)
  }

  /// Takes a device's reply to the last step.
  /// - Throws: ``UnifyError/stepNotAllowed`` for a reply that the step did not ask for, or when
  ///   another reply was faster; ``UnifyError/unauthorized``; ``UnifyError/sessionExpired``.
  public func reply(
    _ reply: DeviceReply, authID: String
  ) async throws(UnifyError) -> DeviceStep {
    guard let correlationID = try await target(of: .authID, authID) else { throw .unauthorized }
    var (session, version) = try await session(correlationID)
    guard session.phase != .finished, session.phase != .awaitingBind else {
      throw .stepNotAllowed
    }
    guard !session.isExpired(at: clock.now) else {
      try await end(&session, reason: "sessionExpired")
      try await save(session, replacing: version)
      throw .sessionExpired
    }
    if session.phase == .linkWait, reply == .waiting {
      // Most looks find nothing. They write nothing, so that opening the link never meets one.
      let result = try await lookForLink(session)
      if result == .waiting { return .awaitInstantLink }
      return try await claiming(&session, version) { session throws(UnifyError) in
        try await self.takeLink(&session, result)
      }
    }
    return try await claiming(&session, version) { session throws(UnifyError) in
      try await self.next(&session, reply)
    }
  }

  private func next(
    _ session: inout UnifySession, _ reply: DeviceReply
  ) async throws(UnifyError) -> DeviceStep {
    switch (session.phase, reply) {
    case (_, .cancelled): return try await end(&session, reason: "cancelled")
    case (.presenting, .presented(let assertion)):
      return try await takePresented(&session, assertion)
    case (.mobileAuth, .mobileAuth(let token)):
      return try await takeMobileAuth(&session, token)
    case (.otpStart, .consent(let text)), (.linkStart, .consent(let text)):
      return try await takeConsent(&session, text)
    case (.otpFinish, .code(let code)): return try await takeCode(&session, code)
    case (.otpFinish, .resend), (.linkWait, .resend): return try await resend(&session)
    case (.otpFinish, .changeNumber), (.linkWait, .changeNumber):
      return try await changeNumber(&session)
    case (.offering, .offered(let newKey)): return try await takeOffer(&session, newKey)
    default: throw .stepNotAllowed
    }
  }
}
