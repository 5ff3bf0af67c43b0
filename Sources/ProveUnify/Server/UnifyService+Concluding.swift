import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing

// From proven possession, and a new key where one is needed, to the end of the flow.

extension UnifyService {
  // MARK: Keys

  func askForKey(_ session: inout UnifySession) -> DeviceStep {
    session.phase = .offering
    return .offerKey(challenge(for: &session), as: session.keyID.flatMap { DeviceID($0) })
  }

  func takeOffer(
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
    if session.replacesKey {
      session.keep(newKey, for: challenge)
    } else {
      do {
        let placed = try await registry.place(
          KeyTicket(text: ticket), newKey: newKey, for: challenge)
        session.ticket = placed.ticket.text
        session.keyID = placed.registration.deviceID.rawValue
        session.needsKey = false
      } catch { return try await failed(&session, error, offering: newKey) }
    }
    session.phase = .awaitingBind
    return .finished(finish(of: session, isAuthenticated: nil))
  }

  // MARK: Concluding

  /// Possession of a number is proven: lets the decision take effect, after a new key is offered
  /// where it needs one.
  func fulfil(_ session: inout UnifySession) async throws(UnifyError) -> DeviceStep {
    // What cannot take effect ends here, before the device makes a key for nothing.
    if let reason = try await mismatch(in: session) {
      return try await end(&session, reason: reason)
    }
    if let end = try await endForReputation(&session, try number(session.verifiedNumber)) {
      return end
    }
    return session.needsKey ? askForKey(&session) : try await conclude(&session)
  }

  /// How the verified number differs from what the request named or the plan wants.
  private func mismatch(in session: UnifySession) async throws(UnifyError) -> String? {
    guard let verified = session.verifiedNumber else { return nil }
    let wanted = [session.phoneNumber, session.boundNumber].compactMap { $0 }
    guard wanted.allSatisfy({ $0 == verified }) else { return "phoneMismatch" }
    guard let proveID = session.proveID.flatMap({ ProveID($0) }) else { return nil }
    let known = try await phoneNumber(of: proveID)
    return known?.e164 == verified ? nil : "identityMismatch"
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
    } catch { return try await failed(&session, error, offering: offer?.0) }
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

  private func outcomeProveID(
    _ binding: KeyRegistration.Binding?, _ check: Possession?
  ) async throws(UnifyError) -> ProveID? {
    if let known = binding?.proveID { return known }
    if case .passed(_, let proveID) = check { return proveID }
    guard let number = binding?.phoneNumber else { return nil }
    return try await proveID(of: number)
  }

  // MARK: Ending

  /// What the registry refused, as the end of the flow where it is one.
  private func failed(
    _ session: inout UnifySession, _ error: RegistryError, offering newKey: NewKey?
  ) async throws(UnifyError) -> DeviceStep {
    switch error {
    case .planStale:
      return try await isRevoked(session.keyID ?? session.presentedID)
        ? try await end(&session, reason: "revoked", isRevoked: true)
        : try await end(&session, reason: "planStale")
    case .deviceRevoked: return try await end(&session, reason: "revoked", isRevoked: true)
    case .phoneNumberMismatch: return try await end(&session, reason: "phoneMismatch")
    case .identityMismatch: return try await end(&session, reason: "identityMismatch")
    case .registrationCapReached: return try await end(&session, reason: "registrationCap")
    case .deviceIDTaken: return try await askForOtherID(&session, insteadOf: newKey)
    case .signatureInvalid, .newKeyMismatch, .challengeExpired, .challengeUnknown, .challengeSpent:
      throw .invalidField("newKey")
    case .ticketSpent: throw .stepNotAllowed
    default: throw UnifyError(error)
    }
  }

  /// Asks for a key under an id of ours where the device's own is in use.
  ///
  /// Such a key was left over from a registration that the device meant to restore.
  private func askForOtherID(
    _ session: inout UnifySession, insteadOf newKey: NewKey?
  ) async throws(UnifyError) -> DeviceStep {
    guard let newKey, session.keyID == nil else {
      return try await end(&session, reason: "planStale")
    }
    let known = try await calling { () async throws(RegistryError) in
      try await self.registry.registration(newKey.deviceID)
    }
    if known?.publicKey == newKey.publicKey {
      // The very key: another flow of the same device was faster.
      return try await end(&session, reason: "planStale")
    }
    var generator = SecureRandomNumberGenerator()
    session.keyID = DeviceID.random(using: &generator).rawValue
    return askForKey(&session)
  }

  private func isRevoked(_ id: String?) async throws(UnifyError) -> Bool {
    guard let id = id.flatMap({ DeviceID($0) }) else { return false }
    let registration = try await calling { () async throws(RegistryError) in
      try await self.registry.registration(id)
    }
    return registration?.isRevoked ?? false
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

  /// The end of the flow for the device.
  ///
  /// Its `deviceID` is a key that the server knows by now: not one that was refused, nor one that
  /// only takes the place of another once it is bound. Its `reason` is why the flow failed: what a
  /// check was needed for would tell a stranger what became of the deviceId that was sent along.
  func finish(of session: UnifySession, isAuthenticated: Bool?) -> DeviceFinish {
    let id: String? =
      switch isAuthenticated {
      case true: session.outcome?.deviceID
      case false: nil
      default: session.offer == nil ? session.keyID : nil
      }
    return DeviceFinish(
      authID: session.authID ?? "", isAuthenticated: isAuthenticated,
      reason: isAuthenticated == false ? session.reason : nil,
      deviceID: id.flatMap { DeviceID($0) },
      dropsPresentedKey: session.outcome?.isRevoked ?? false)
  }
}
