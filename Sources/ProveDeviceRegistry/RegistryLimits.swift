/// Every limit of the registry, in one place.
public enum RegistryLimits: Sendable {
  /// How long a ticket may be completed, in seconds.
  ///
  /// Source: Prove, authToken and session of 15 minutes.
  public static let ticketLifetimeSeconds: Int64 = 15 * 60
  /// How long a challenge may be answered, in seconds.
  public static let challengeLifetimeSeconds: Int64 = 15 * 60
  /// How far ahead of our clock a challenge or ticket may seem to have been made, in seconds.
  public static let clockSkewSeconds: Int64 = 60
  /// How many of a visitor's candidates a decision reads.
  public static let candidateLimit = 100
  /// How often a write that meets a conflict is tried again from the read on.
  public static let attemptLimit = 8
  /// Rows that one page of a listing may have.
  public static let pageLimit = 1000
  /// Rows that one batch may change.
  public static let batchLimit = 500
  /// Rows that one transaction of a sweep changes.
  public static let sweepBatch = 200
  /// Rows that a sweep has in memory at most, to bring them into an order that touches fewer pages.
  public static let sweepWindow = 10_000
  /// How many registrations one binding supersedes at most, where a cap was lowered.
  public static let supersededLimit = 100
  /// The longest free text that goes into an event, in UTF-8 bytes.
  public static let noteByteLimit = 255
  /// The longest kept decision, in bytes: a registration of the longest ids, and 100 more.
  public static let decisionByteLimit = 1 << 20
  /// The longest record of one registration, in bytes.
  public static let registrationByteLimit = 8192
  /// Registrations that one call resolves.
  public static let resolveLimit = 1000
  /// Events whose details one transaction erases.
  public static let redactionBatch = 200
  /// The longest ticket that is read, in characters.
  public static let ticketCharacterLimit = 8192
  /// Items are kept so many days beyond their expiry, so that a clock put back revives none.
  public static let itemGraceDays: Int64 = 2
}
