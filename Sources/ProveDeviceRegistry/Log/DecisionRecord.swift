public import ProveKeyModel

/// A decision with everything that it was made of, so that it can be made again.
public struct DecisionRecord: Hashable, Sendable {
  /// What was asked.
  public let request: KeyRequest
  /// What the registry knew.
  public let facts: KeyFacts
  /// The integrator's choices.
  public let policy: RegistryPolicy
  /// When it was decided.
  public let at: UTCInstant
  /// The row of the decision table.
  public let row: DecisionRow
  /// What followed.
  public let outcome: KeyOutcome

  /// Whether today's rules decide the same.
  public var isReproduced: Bool {
    let again = KeyRules.decide(request, facts: facts, policy: policy, now: at)
    return again.row == row && again.outcome == outcome
  }
}
