import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing

// The device's side of a flow. The server alone decides what comes next: what a device may reply is
// what the last step asked for, or that the person gave up; anything else is `stepNotAllowed`.

extension UnifyService {
  /// Starts the device's side; the authToken is used up.
  /// - Throws: ``UnifyError/unauthorized`` for a token that is not ours, was used, or is of another
  ///   build config; ``UnifyError/sessionExpired``.
  public func start(
    _ start: DeviceStart
  ) async throws(UnifyError) -> (authID: String, step: DeviceStep) {
    guard start.buildConfig == registry.scope.buildConfig,
      let correlationID = try await target(of: .authToken, start.authToken)
    else { throw .unauthorized }
    var (session, version) = try await session(correlationID)
    guard session.phase == .created else { throw .unauthorized }
    guard !session.isExpired(at: clock.now) else { throw .sessionExpired }
    let authID = newToken()
    session.authID = authID
    session.abilities = start.abilities.map(\.rawValue).sorted()
    session.visitorID = start.visitor?.id.rawValue
    session.visitorConfidence = start.visitor?.confidence
    let step: DeviceStep
    if session.channel == Channel.desktop.rawValue {
      step = try await decide(&session, presenting: nil)
    } else {
      session.phase = .presenting
      step = .presentKey(challenge(for: &session))
    }
    try await point(.authID, authID, to: correlationID)
    _ = try await save(session, replacing: version)
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
      _ = try await save(session, replacing: version)
      throw .sessionExpired
    }
    let step = try await next(&session, reply)
    _ = try await save(session, replacing: version)
    return step
  }

  private func next(
    _ session: inout UnifySession, _ reply: DeviceReply
  ) async throws(UnifyError) -> DeviceStep {
    switch (session.phase, reply) {
    case (_, .cancelled): return try await end(&session, reason: "cancelled")
    case (.presenting, .presented(let assertion)):
      return try await decide(&session, presenting: assertion)
    case (.mobileAuth, .mobileAuth(let token)):
      return try await takeMobileAuth(&session, token)
    case (.otpStart, .consent(let text)), (.linkStart, .consent(let text)):
      return try await takeConsent(&session, text)
    case (.otpFinish, .code(let code)): return try await takeCode(&session, code)
    case (.linkWait, .waiting): return try await lookForLink(&session)
    case (.otpFinish, .resend), (.linkWait, .resend): return try await resend(&session)
    case (.otpFinish, .changeNumber), (.linkWait, .changeNumber):
      return try await changeNumber(&session)
    case (.offering, .offered(let newKey)): return try await takeOffer(&session, newKey)
    default: throw .stepNotAllowed
    }
  }

  // MARK: Deciding

  private func challenge(for session: inout UnifySession) -> Challenge {
    let challenge = registry.issueChallenge()
    session.challenge = Base64URL.encode(challenge.bytes)
    return challenge
  }

  private func decide(
    _ session: inout UnifySession, presenting assertion: KeyAssertion?
  ) async throws(UnifyError) -> DeviceStep {
    let request = try Self.valid { () throws(ModelError) in try session.keyRequest }
    let decision: RegistryDecision
    do {
      decision = try await registry.decide(
        request, presenting: assertion, for: assertion == nil ? nil : session.openChallenge)
    } catch .signatureInvalid {
      // Registered, yet under another key: a re-keying that only one side knows of.
      return .presentAnotherKey(challenge(for: &session))
    } catch { throw UnifyError(error) }
    session.presentedID = assertion?.deviceID.rawValue
    session.row = decision.row.rawValue
    session.ticket = decision.ticket?.text
    switch decision.outcome {
    case .authenticate(let id):
      if let end = try await endForReputation(&session, try await boundNumber(of: id)) {
        return end
      }
      return try await conclude(&session)
    case .recover(let id):
      if let end = try await endForReputation(&session, try await boundNumber(of: id)) {
        return end
      }
      session.needsKey = true
      session.keyID = id.rawValue
      return askForKey(&session)
    case .reject(let reason):
      return try await end(
        &session, reason: reason.rawValue, isRevoked: reason == .revoked)
    case .requirePossession(let reason, let plan):
      session.reason = reason.name
      session.needsKey =
        switch plan.action {
        case .place, .rekey: true
        case .none, .bind, .rebind: false
        }
      session.keyID = plan.action.deviceID?.rawValue
      return try await provePossession(&session)
    }
  }

  private func provePossession(_ session: inout UnifySession) async throws(UnifyError) -> DeviceStep
  {
    switch Channel(rawValue: session.channel) ?? Channel.none {
    case .desktop: return try await startSMS(&session, .linkStart)
    case .mobile:
      if session.can(.mobileAuth) {
        session.phase = .mobileAuth
        session.possession = PossessionMethod.mobileAuth.rawValue
        return .mobileAuth
      }
      return try await startSMS(&session, .otpStart)
    case .none:
      if session.needsKey { return askForKey(&session) }
      session.phase = .awaitingBind
      return .finished(finish(of: session, isAuthenticated: nil))
    }
  }

  // MARK: Keys

  private func askForKey(_ session: inout UnifySession) -> DeviceStep {
    session.phase = .offering
    return .offerKey(challenge(for: &session), as: session.keyID.flatMap { DeviceID($0) })
  }

  private func takeOffer(
    _ session: inout UnifySession, _ newKey: NewKey
  ) async throws(UnifyError) -> DeviceStep {
    guard let challenge = session.openChallenge else { throw .stepNotAllowed }
    if session.channel == Channel.none.rawValue, session.reason != nil {
      return try await keepOffer(&session, newKey, challenge)
    }
    return try await conclude(&session, offering: (newKey, challenge))
  }

  /// Customer-supplied possession: a key to be placed is placed now, unbound (R3); one that
  /// replaces another waits until possession is proven.
  private func keepOffer(
    _ session: inout UnifySession, _ newKey: NewKey, _ challenge: Challenge
  ) async throws(UnifyError) -> DeviceStep {
    guard let ticket = session.ticket else { throw .stepNotAllowed }
    if session.keyID == nil {
      do {
        let placed = try await registry.place(
          KeyTicket(text: ticket), newKey: newKey, for: challenge)
        session.ticket = placed.ticket.text
        session.keyID = placed.registration.deviceID.rawValue
        session.needsKey = false
      } catch { return try await failed(&session, error) }
    } else {
      session.keep(newKey, for: challenge)
    }
    session.phase = .awaitingBind
    // A key that is to take another's place is not the server's yet: the device keeps both.
    return .finished(
      finish(of: session, isAuthenticated: nil, hasKey: session.offer == nil))
  }

  // MARK: Concluding

  /// Possession of a number is proven: lets the decision take effect, after a new key is offered
  /// where it needs one.
  func fulfil(_ session: inout UnifySession) async throws(UnifyError) -> DeviceStep {
    if let end = try await endForReputation(
      &session, try number(session.verifiedNumber))
    {
      return end
    }
    return session.needsKey ? askForKey(&session) : try await conclude(&session)
  }

  /// Possession is proven, or none is needed, and the key is here: lets the decision take effect.
  @discardableResult
  func conclude(
    _ session: inout UnifySession, offering offer: (NewKey, Challenge)? = nil
  ) async throws(UnifyError) -> DeviceStep {
    guard let ticket = session.ticket else { throw .stepNotAllowed }
    var check: Possession?
    if let number = try number(session.verifiedNumber) {
      check = .passed(number, proveID: try await proveID(of: number))
    }
    let registration: KeyRegistration?
    do {
      registration = try await registry.complete(
        KeyTicket(text: ticket), possession: check, newKey: offer?.0, for: offer?.1)
    } catch { return try await failed(&session, error) }
    let binding = registration?.binding
    session.phase = .finished
    session.outcome = UnifySession.Outcome(
      isAuthenticated: true, phoneNumber: binding?.phoneNumber.e164 ?? session.verifiedNumber,
      proveID: try await outcomeProveID(binding, check)?.rawValue,
      deviceID: registration?.deviceID.rawValue)
    return .finished(finish(of: session, isAuthenticated: true))
  }

  /// Ends the flow where the request asks for the number's reputation and that is not good.
  func endForReputation(
    _ session: inout UnifySession, _ number: PhoneNumber?
  ) async throws(UnifyError) -> DeviceStep? {
    guard session.checksReputation, let number else { return nil }
    var isTrustworthy = false
    do { isTrustworthy = try await reputation.isTrustworthy(number) } catch {
      isTrustworthy = false  // a number whose reputation cannot be learnt is not trusted
    }
    return isTrustworthy ? nil : try await end(&session, reason: "reputation", phoneNumber: number)
  }

  /// The number that a registration is bound to.
  private func boundNumber(of id: DeviceID) async throws(UnifyError) -> PhoneNumber? {
    let registration = try await calling { () async throws(RegistryError) in
      try await self.registry.registration(id)
    }
    return registration?.binding?.phoneNumber
  }

  private func outcomeProveID(
    _ binding: KeyRegistration.Binding?, _ check: Possession?
  ) async throws(UnifyError) -> ProveID? {
    if let known = binding?.proveID { return known }
    if case .passed(_, let proveID) = check { return proveID }
    guard let number = binding?.phoneNumber else { return nil }
    return try await proveID(of: number)
  }

  /// What the registry refused, as the end of the flow where it is one.
  private func failed(
    _ session: inout UnifySession, _ error: RegistryError
  ) async throws(UnifyError) -> DeviceStep {
    switch error {
    case .planStale: try await end(&session, reason: "planStale")
    case .phoneNumberMismatch: try await end(&session, reason: "phoneMismatch")
    case .identityMismatch: try await end(&session, reason: "identityMismatch")
    case .registrationCapReached: try await end(&session, reason: "registrationCap")
    case .deviceRevoked: try await end(&session, reason: "revoked", isRevoked: true)
    case .signatureInvalid, .newKeyMismatch, .challengeExpired, .challengeUnknown, .challengeSpent:
      throw .invalidField("newKey")
    default: throw UnifyError(error)
    }
  }

  /// Ends a flow without authentication; bindings stand as they were.
  /// - Parameter possessionFailed: whether a possession check failed, which is kept as an event.
  @discardableResult
  func end(
    _ session: inout UnifySession, reason: String, phoneNumber: PhoneNumber? = nil,
    isRevoked: Bool = false, possessionFailed: Bool = false
  ) async throws(UnifyError) -> DeviceStep {
    if let text = session.ticket {
      let ticket = KeyTicket(text: text)
      do {
        if possessionFailed {
          try await registry.complete(ticket, possession: .failed)
        } else {
          try await registry.withdraw(ticket)
        }
      } catch .possessionFailed, .ticketSpent, .ticketExpired, .challengeSpent {
        // The ticket is used up, which is all that was wanted.
      } catch { throw UnifyError(error) }
      session.ticket = nil
    }
    session.phase = .finished
    session.reason = reason
    session.outcome = UnifySession.Outcome(
      isAuthenticated: false,
      phoneNumber: phoneNumber?.e164 ?? session.verifiedNumber ?? session.enteredNumber,
      isRevoked: isRevoked)
    return .finished(finish(of: session, isAuthenticated: false))
  }

  private func finish(
    of session: UnifySession, isAuthenticated: Bool?, hasKey: Bool = true
  ) -> DeviceFinish {
    DeviceFinish(
      authID: session.authID ?? "", isAuthenticated: isAuthenticated, reason: session.reason,
      deviceID: isAuthenticated == false || !hasKey
        ? nil : (session.outcome?.deviceID ?? session.keyID).flatMap { DeviceID($0) },
      dropsPresentedKey: session.outcome?.isRevoked ?? false)
  }
}
