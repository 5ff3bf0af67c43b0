/// The rules of a key's life as pure functions: no clock, no store, no randomness.
public enum KeyRules: Sendable {
  /// Decides a request by the first row of the table D1 to D19 that matches.
  ///
  /// - Parameters:
  ///   - request: what the authentication asks for.
  ///   - facts: what the registry knows that bears on it.
  ///   - policy: the integrator's choices.
  ///   - now: the instant to judge by.
  /// - Complexity: O(n) in the registrations of the visitor, which the caller bounds.
  ///
  /// Source: domain decision table D1 to D17; D18 and D19 are of our own.
  public static func decide(
    _ request: KeyRequest, facts: KeyFacts, policy: RegistryPolicy, now: UTCInstant
  ) -> KeyDecision {
    if request.channel == .desktop {
      return KeyDecision(
        .d1, .requirePossession(.desktopChannel, then: KeyPlan(.none, for: request)))
    }
    let judge = Judge(request: request, policy: policy, now: now)
    return switch facts.presented {
    case .registered(let key, let finding): judge.decide(presented: key, finding)
    case .unknown: judge.decideUnknown()
    case .none: judge.decideWithoutKey(facts)
    }
  }

  /// What a verified assertion's counter and vault state say of copies of its key (D3).
  ///
  /// Keys that have never shown a counter are exempt; a key that counts, or that lives in a vault,
  /// is not exempt by leaving that out. A counter that is unused and within the window is fresh
  /// whatever its generation, since two tabs may race.
  public static func finding(
    on assertion: KeyAssertion, for registration: KeyRegistration
  ) -> ReplayFinding {
    guard let counter = assertion.counter else {
      return registration.replayWindow == nil ? .fresh : .counterRegression
    }
    let state = assertion.vaultState
    if let state, let seen = registration.vaultState,
      state.generation == seen.generation, state.digest != seen.digest
    {
      return .forkedVault
    }
    let isOutsideVault = state == nil && registration.vaultState != nil
    switch registration.replayWindow?.verdict(on: counter) ?? .higher {
    case .belowWindow: return .counterRegression
    case .used: return state == nil ? .counterRegression : .forkedVault
    case .unused where isOutsideVault, .higher where isOutsideVault:
      return .forkedVault  // it signs outside of the vault that it lives in
    case .unused: return .fresh
    case .higher:
      guard let state, let seen = registration.vaultState else { return .fresh }
      return state.generation < seen.generation ? .staleVault : .fresh
    }
  }
}

/// The rows, each under its number, for one request at one instant.
private struct Judge {
  let request: KeyRequest
  let policy: RegistryPolicy
  let now: UTCInstant

  /// D2, D18, D3, D4, D6, D7, D19 and D8 to D10.
  func decide(presented key: KeyRegistration, _ finding: ReplayFinding) -> KeyDecision {
    let inactive = isInactive(key)
    if key.isRevoked { return KeyDecision(.d2, .reject(.revoked)) }
    if key.isSuspended { return KeyDecision(.d18, .reject(.suspended)) }

    if let reason = possessionReason(for: finding) {
      if policy.cloneResponse == .reject { return KeyDecision(.d3, .reject(.clonedKey)) }
      // An inactive key is never revived (R14): its successor is placed, as in D7.
      let isDead = inactive && key.binding != nil
      return demand(
        .d3, reason, isDead ? .place : .rekey(key.deviceID),
        boundPhoneNumber: key.association?.phoneNumber, retires: isDead ? key.deviceID : nil)
    }

    if request.rebind {
      switch key.state {
      case .bound where !inactive:
        return demand(.d4, .rebindRequested, .rebind(key.deviceID))
      case .placed, .unbound: return demand(.d4, .rebindRequested, .bind(key.deviceID))
      case .bound, .revoked:
        return demand(.d4, .rebindRequested, .place, retires: key.deviceID)
      }
    }

    guard let binding = key.binding else {
      return demand(.d6, .keyNotBound, .bind(key.deviceID))
    }
    if inactive { return demand(.d7, .keyInactive, .place, retires: key.deviceID) }
    if binding.disconnectedAt != nil {
      return demand(.d19, .numberDisconnected, .rebind(key.deviceID))
    }
    if let mismatch = mismatch(with: binding) { return KeyDecision(.d8, .reject(mismatch)) }
    if isTooOld(binding) {
      return demand(
        .d9, .bindingTooOld, .rebind(key.deviceID), boundPhoneNumber: binding.phoneNumber)
    }
    return KeyDecision(.d10, .authenticate(key.deviceID))
  }

  /// D4 and D5 for a key that is not registered here.
  func decideUnknown() -> KeyDecision {
    request.rebind ? demand(.d4, .rebindRequested, .place) : demand(.d5, .unknownKey, .place)
  }

  /// D4 and D11 to D17.
  func decideWithoutKey(_ facts: KeyFacts) -> KeyDecision {
    if request.rebind { return demand(.d4, .rebindRequested, .place) }

    guard policy.keyPersistence, let visitor = request.visitor,
      visitor.confidence >= policy.minimumVisitorConfidence
    else { return demand(.d11, .noKey, .place) }

    switch facts.stored {
    case .registered(let key): return decide(stored: key, of: visitor)
    case .unknown: return demand(.d13, .unknownKey, .place)
    case .none: break
    }

    guard request.phoneNumber != nil || request.proveID != nil else {
      if policy.recoversByVisitorAlone, let only = confirming(facts.ofVisitor, of: visitor).only {
        return KeyDecision(.d14, .recover(only.deviceID))
      }
      return demand(.d14, .visitorAlone, .place)
    }

    let fitting = confirming(facts.ofVisitor, of: visitor)
    guard let best = fitting.best else { return demand(.d15, .noRegistration, .place) }
    if fitting.count == 1 { return KeyDecision(.d16, .recover(best.deviceID)) }
    guard policy.selection == .mostRecentlyAuthenticated else {
      return demand(.d17, .ambiguous(fitting.count), .place)
    }
    return KeyDecision(.d17, .recover(best.deviceID))
  }

  /// D12 and D13.
  private func decide(stored key: KeyRegistration, of visitor: Visitor) -> KeyDecision {
    if key.isRevoked { return demand(.d13, .storedDeviceRevoked, .place) }
    if key.isSuspended { return demand(.d13, .storedDeviceSuspended, .place) }
    if key.binding != nil, isInactive(key) { return demand(.d13, .keyInactive, .place) }
    guard let binding = key.binding, key.visitorID == visitor.id else {
      return demand(.d13, .storedDeviceNotCandidate, .place)
    }
    if binding.disconnectedAt != nil { return demand(.d13, .numberDisconnected, .place) }
    if let mismatch = mismatch(with: binding) { return KeyDecision(.d12, .reject(mismatch)) }
    return KeyDecision(.d12, .recover(key.deviceID))
  }

  private func demand(
    _ row: DecisionRow, _ reason: PossessionReason, _ action: KeyPlan.Action,
    boundPhoneNumber: PhoneNumber? = nil, retires: DeviceID? = nil
  ) -> KeyDecision {
    let plan = KeyPlan(
      action, for: request, boundPhoneNumber: boundPhoneNumber, retires: retires)
    return KeyDecision(row, .requirePossession(reason, then: plan))
  }

  private func possessionReason(for finding: ReplayFinding) -> PossessionReason? {
    switch finding {
    case .fresh: nil
    case .counterRegression: .counterRegression
    case .staleVault: .staleVault
    case .forkedVault: .forkedVault
    }
  }

  private func isInactive(_ key: KeyRegistration) -> Bool {
    key.isInactive(at: now, afterMonths: policy.inactivityMonths)
  }

  /// Candidates that confirm what the request names: how many, and the one used last.
  private struct Fitting {
    var count = 0
    var best: KeyRegistration?

    /// The candidate when there is no other.
    var only: KeyRegistration? { count == 1 ? best : nil }
  }

  /// Looks at each once, what costs most last, and keeps no list: a decision allocates nothing.
  private func confirming(_ keys: [KeyRegistration], of visitor: Visitor) -> Fitting {
    var fitting = Fitting()
    for key in keys {
      guard key.isServing, key.visitorID == visitor.id, let binding = key.binding,
        mismatch(with: binding) == nil, !isInactive(key)
      else { continue }
      fitting.count += 1
      if let best = fitting.best, !key.isMoreRecent(than: best) { continue }
      fitting.best = key
    }
    return fitting
  }

  /// A fact that the request names and the binding does not confirm differs from it.
  private func mismatch(with binding: KeyRegistration.Binding) -> RejectionReason? {
    if let phoneNumber = request.phoneNumber, phoneNumber != binding.phoneNumber {
      return .phoneMismatch
    }
    if let proveID = request.proveID, proveID != binding.proveID { return .identityMismatch }
    return nil
  }

  private func isTooOld(_ binding: KeyRegistration.Binding) -> Bool {
    switch policy.maximumBindingAge {
    case .ignored: false
    case .alwaysTooOld: true
    case .seconds(let seconds): now > binding.boundAt.adding(seconds: seconds)
    }
  }
}
