/// How far a walk over a vault has come.
public struct VerificationProgress: Hashable, Sendable {
  /// Records that were checked.
  public let done: Int
  /// Records that there are.
  public let total: Int
}

/// What verifying a vault found.
public struct VaultReport: Hashable, Sendable {
  /// How many rows were walked.
  public let records: Int
  /// How many keys are among them, pending ones included.
  public let keys: Int
  /// What is wrong: place and finding, no names; at most 100 of them.
  public let problems: [VaultDamage]
  /// How many problems there are.
  public let problemCount: Int

  /// Whether nothing is wrong.
  public var isSound: Bool { problemCount == 0 }
}
