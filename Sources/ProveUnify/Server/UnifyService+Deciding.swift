import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing

// From the key that a device presents, or does not, to what it has to do next.

extension UnifyService {
  func challenge(for session: inout UnifySession) -> Challenge {
    let challenge = registry.issueChallenge()
    session.challenge = Base64URL.encode(challenge.bytes)
    return challenge
  }

  /// The device presents a key, or has none to present.
  ///
  /// A key that is not registered, or is registered under another public half, may be one whose
  /// enrolment was cut off: the device is asked for its other key before anything is decided.
  func takePresented(
    _ session: inout UnifySession, _ assertion: KeyAssertion?
  ) async throws(UnifyError) -> DeviceStep {
    guard let assertion, let challenge = session.openChallenge else {
      return try await decideWithoutKey(&session)
    }
    if let decision = try await decide(&session, presenting: assertion, for: challenge) {
      session.presentedID = assertion.deviceID.rawValue
      return try await follow(decision, &session)
    }
    session.keyPresentations += 1
    guard session.keyPresentations < UnifyLimits.keyPresentations else {
      return try await decideWithoutKey(&session)
    }
    return .presentAnotherKey(self.challenge(for: &session))
  }

  /// Decides by a key that is registered under the very public half that made the proof; nothing for
  /// any other.
  ///
  /// A key under whose deviceId another is registered counts as unknown, so that a stranger who tries
  /// out deviceIds is answered alike (D5). Where the registration is of the device's own visitor, it
  /// counts as none: a recovery that was cut off leaves such a key, and the next one ends that.
  private func decide(
    _ session: inout UnifySession, presenting assertion: KeyAssertion, for challenge: Challenge
  ) async throws(UnifyError) -> RegistryDecision? {
    let request = try Self.valid { () throws(ModelError) in try session.keyRequest }
    do throws(RegistryError) {
      guard let registration = try await registry.registered(assertion, for: challenge) else {
        session.keep(unknown: assertion)
        return nil
      }
      do throws(RegistryError) {
        return try await registry.decide(request, presenting: assertion, for: challenge)
      } catch .signatureInvalid {
        let isOwn = registration.visitorID != nil && registration.visitorID == request.visitor?.id
        if !isOwn { session.keep(unknown: assertion) }
        return nil
      }
    } catch { throw UnifyError(error) }
  }

  /// Decides for a device without a key, or with none but one that is not registered (D5).
  func decideWithoutKey(
    _ session: inout UnifySession
  ) async throws(UnifyError) -> DeviceStep {
    let request = try Self.valid { () throws(ModelError) in try session.keyRequest }
    let unknown = try Self.valid { () throws(ModelError) in try session.keptUnknownKey }
    let decision = try await calling { () async throws(RegistryError) in
      do throws(RegistryError) {
        return try await self.registry.decide(request, presenting: unknown?.0, for: unknown?.1)
      } catch .signatureInvalid {
        return try await self.registry.decidePresentingUnknownKey(request)
      }
    }
    return try await follow(decision, &session)
  }

  private func follow(
    _ decision: RegistryDecision, _ session: inout UnifySession
  ) async throws(UnifyError) -> DeviceStep {
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
      session.boundNumber = plan.boundPhoneNumber?.e164
      session.keyID = plan.action.deviceID?.rawValue
      switch plan.action {
      case .place: session.needsKey = true
      case .rekey: (session.needsKey, session.replacesKey) = (true, true)
      case .none, .bind, .rebind: session.needsKey = false
      }
      return try await provePossession(&session)
    }
  }

  private func provePossession(
    _ session: inout UnifySession
  ) async throws(UnifyError) -> DeviceStep {
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

  /// The number that a registration is bound to.
  private func boundNumber(of id: DeviceID) async throws(UnifyError) -> PhoneNumber? {
    let registration = try await calling { () async throws(RegistryError) in
      try await self.registry.registration(id)
    }
    return registration?.binding?.phoneNumber
  }
}
