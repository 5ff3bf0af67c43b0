package import ProveKeyModel
import ProveKeyPlatform

extension DeviceRegistry {
  /// What the table would say now if the device proved the key that is named here.
  ///
  /// For somebody who looks on: nothing is kept or spent, and there is no ticket to complete.
  /// - Parameters:
  ///   - request: what an authentication would ask for.
  ///   - deviceID: the key that would be presented, with a fresh counter.
  package func preview(
    _ request: KeyRequest, presenting deviceID: DeviceID? = nil
  ) async throws(RegistryError) -> DecisionRecord {
    let now = clock.now
    var facts = KeyFacts()
    if request.channel != .desktop {
      if let deviceID {
        facts.presented =
          try await registration(deviceID).map { .registered($0, .fresh) } ?? .unknown
      } else {
        try await readRecoveryFacts(for: request, into: &facts, now)
      }
    }
    let decision = KeyRules.decide(request, facts: facts, policy: policy, now: now)
    return DecisionRecord(
      request: request, facts: facts, policy: policy, at: now, row: decision.row,
      outcome: decision.outcome)
  }
}
