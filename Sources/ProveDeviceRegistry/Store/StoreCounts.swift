/// Counts of a store's rows.
public struct StoreStatistics: Hashable, Sendable {
  /// Registrations by coarse state.
  public let registrations: [StoredRegistration.State: Int]
  /// Candidate rows.
  public let candidates: Int
  /// Events.
  public let events: Int
  /// Items.
  public let items: Int
  /// Bytes on disk, or nothing when there are none.
  public let byteCount: Int?

  /// Puts the counts together.
  public init(
    registrations: [StoredRegistration.State: Int], candidates: Int, events: Int, items: Int,
    byteCount: Int?
  ) {
    self.registrations = registrations
    self.candidates = candidates
    self.events = events
    self.items = items
    self.byteCount = byteCount
  }
}

/// What a store holds, by coarse state and day: the shape of it, without any content.
public struct StoreCensus: Hashable, Sendable {
  /// How many registrations of one state were last active on one day.
  public struct Cohort: Hashable, Sendable {
    /// The coarse state.
    public let state: StoredRegistration.State
    /// Days since 1970-01-01.
    public let lastActiveDay: Int64
    /// Registrations.
    public let count: Int

    /// Puts a cohort together.
    public init(state: StoredRegistration.State, lastActiveDay: Int64, count: Int) {
      self.state = state
      self.lastActiveDay = lastActiveDay
      self.count = count
    }
  }

  /// All registrations, by state up, then by day up.
  public let cohorts: [Cohort]
  /// How many visitors have so many candidates.
  public let visitorsByCandidates: [Int: Int]

  /// Puts the counts together.
  public init(cohorts: [Cohort], visitorsByCandidates: [Int: Int]) {
    self.cohorts = cohorts
    self.visitorsByCandidates = visitorsByCandidates
  }
}
