import CampaignSupport
package import ProveDeviceRegistry
import ProveKeyPlatform
package import ProveKeySealing
import ProveKeyTesting

/// A store that hinders its caller as a database far away does, and does what it is told all the
/// same: transactions that meet others, connections lost before and after a commit, slow answers.
///
/// What it does is told by a seed. Trouble comes in bursts that end, so that whoever tries again as
/// often as a registry does must succeed; or never ends, to see that trying again does.
package final class HostileStore: RegistryStore {
  /// What may go wrong.
  package enum Trouble: CaseIterable, Sendable {
    /// A read meets another transaction.
    case readConflicts
    /// A write meets another transaction at one of its statements, or as it commits.
    case writeConflicts
    /// The connection is lost as a write commits, which takes effect.
    case lostAfterCommit
    /// The connection is lost as a write commits, which takes no effect.
    case lostBeforeCommit
    /// The connection is lost, and the write takes effect only while it is tried again.
    case lostDuringCommit
    /// The store cannot be reached; nothing takes effect.
    case unavailable
    /// The answer takes its time, and others go first.
    case slow
  }

  /// How often, and for how long, things go wrong.
  package struct Plan: Sendable {
    package var troubles: [Trouble]
    /// In how many of a hundred calls a burst of trouble begins.
    package var percent: Int
    /// The longest burst; nothing for trouble without end.
    package var burst: Int?

    /// States how often, and for how long, things go wrong.
    package init(_ troubles: [Trouble], percent: Int, burst: Int?) {
      self.troubles = troubles
      self.percent = percent
      self.burst = burst
    }

    /// All that a registry must get over by itself, often.
    package static let surmountable = Plan(
      Trouble.allCases.filter { $0 != .unavailable }, percent: 30, burst: 3)
  }

  private let base: any RegistryStore
  private let state: Locked<State>

  private struct State {
    var plan: Plan
    var random: SeededGenerator
    /// Trouble that is still to come in the present burst.
    var left = 0
    var met: [Trouble: Int] = [:]
    var calls = 0
    /// How often each write was hindered.
    var hindered: [WriteID: Int] = [:]
    /// How often each task was hindered since it last was not.
    var inARow: [Int: Int] = [:]
  }

  /// Stands in front of a store.
  package init(_ base: any RegistryStore, plan: Plan, seed: UInt64) {
    self.base = base
    state = Locked(State(plan: plan, random: SeededGenerator(seed: seed)))
  }

  /// The keys of the store behind.
  package var keys: StoreKeys { base.keys }

  /// What goes wrong from now on.
  package var plan: Plan {
    get { state.withLock { $0.plan } }
    set {
      state.withLock { state in
        state.plan = newValue
        state.left = 0
      }
    }
  }

  /// What went wrong so far, and how often.
  package var met: [Trouble: Int] { state.withLock { $0.met } }

  /// How many calls were made.
  package var calls: Int { state.withLock { $0.calls } }

  /// The trouble that the next call meets, if any.
  ///
  /// Bursts of many callers at once add up for one of them: so each write, and each task, is hindered
  /// no more often in a row than a burst is long.
  private func next(of kinds: [Trouble], for id: WriteID? = nil) -> Trouble? {
    let task = unsafe withUnsafeCurrentTask { unsafe $0?.hashValue }
    return state.withLock { state in
      state.calls += 1
      let trouble = Self.draw(kinds, id, task, &state)
      if let trouble { state.met[trouble, default: 0] += 1 }
      if let id, trouble != nil { state.hindered[id, default: 0] += 1 }
      if let task { state.inARow[task] = trouble.map { _ in state.inARow[task, default: 0] + 1 } }
      return trouble
    }
  }

  private static func draw(
    _ kinds: [Trouble], _ id: WriteID?, _ task: Int?, _ state: inout State
  ) -> Trouble? {
    let troubles = state.plan.troubles.filter { kinds.contains($0) }
    guard !troubles.isEmpty else { return nil }
    if let burst = state.plan.burst {
      let met = max(
        id.flatMap { state.hindered[$0] } ?? 0, task.flatMap { state.inARow[$0] } ?? 0)
      guard met < burst else { return nil }
      switch state.left {
      case 0:
        guard Int.random(in: 0..<100, using: &state.random) < state.plan.percent else {
          return nil
        }
        state.left = Int.random(in: 1...burst, using: &state.random)
      case 1:
        // The call after a burst succeeds, so that bursts have a longest.
        state.left = 0
        return nil
      default: state.left -= 1
      }
    }
    return troubles.randomElement(using: &state.random)
  }

  // MARK: Writing

  /// Writes a batch, or meets trouble.
  package func write(
    _ batch: [RegistryWrite], as id: WriteID
  ) async throws(RegistryError) -> WriteOutcome {
    switch next(of: Trouble.allCases.filter { $0 != .readConflicts }, for: id) {
    case .writeConflicts: throw .store(.conflicted)
    case .unavailable: throw .store(.unavailable)
    case .lostBeforeCommit: throw .store(.outcomeUnknown)
    case .lostAfterCommit:
      // A conflict is told before the commit; that answer is not lost.
      if case .conflict(let index) = try await base.write(batch, as: id) {
        return .conflict(at: index)
      }
      throw .store(.outcomeUnknown)
    case .lostDuringCommit:
      // What becomes of it is told to whoever writes it again.
      Task { [base] in _ = try? await base.write(batch, as: id) }
      throw .store(.outcomeUnknown)
    case .slow: await pause()
    case .readConflicts, nil: break
    }
    return try await base.write(batch, as: id)
  }

  /// Removes expired items, or meets trouble.
  package func removeItems(
    expiredBefore day: Int64, limit: Int
  ) async throws(RegistryError) -> Int {
    switch next(of: [.writeConflicts, .unavailable, .slow]) {
    case .writeConflicts: throw .store(.conflicted)
    case .unavailable: throw .store(.unavailable)
    case .slow: await pause()
    default: break
    }
    return try await base.removeItems(expiredBefore: day, limit: limit)
  }

  // MARK: Reading

  private func reading<Value>(
    _ read: () async throws(RegistryError) -> Value
  ) async throws(RegistryError) -> Value {
    switch next(of: [.readConflicts, .unavailable, .slow]) {
    case .readConflicts: throw .store(.conflicted)
    case .unavailable: throw .store(.unavailable)
    case .slow: await pause()
    default: break
    }
    return try await read()
  }

  /// Lets others go first.
  private func pause() async {
    for _ in 0..<20 { await Task.yield() }
  }

  /// Clears what deleted rows left behind.
  package func scrub() async throws(RegistryError) {
    try await reading { () async throws(RegistryError) in try await self.base.scrub() }
  }

  /// Closes the store behind, which then answers for itself.
  package func close() async throws(RegistryError) {
    try await base.close()
    plan = Plan([], percent: 0, burst: 1)
  }
}

// MARK: - Reads

extension HostileStore {
  /// Reads one registration.
  package func registration(at device: Locator) async throws(RegistryError) -> StoredRegistration? {
    try await reading { () async throws(RegistryError) in
      try await self.base.registration(at: device)
    }
  }

  /// Reads several registrations.
  package func registrations(
    at devices: [Locator]
  ) async throws(RegistryError) -> [StoredRegistration?] {
    try await reading { () async throws(RegistryError) in
      try await self.base.registrations(at: devices)
    }
  }

  /// Lists registrations.
  package func registrations(
    in listing: StoredListing, after position: PagePosition?, limit: Int
  ) async throws(RegistryError) -> [StoredRegistration] {
    try await reading { () async throws(RegistryError) in
      try await self.base.registrations(in: listing, after: position, limit: limit)
    }
  }

  /// Reads one item.
  package func item(at locator: Locator) async throws(RegistryError) -> StoredItem? {
    try await reading { () async throws(RegistryError) in try await self.base.item(at: locator) }
  }

  /// Reads events of a registration.
  package func events(
    of device: Locator, after sequence: UInt64, limit: Int
  ) async throws(RegistryError) -> [StoredEvent] {
    try await reading { () async throws(RegistryError) in
      try await self.base.events(of: device, after: sequence, limit: limit)
    }
  }

  /// Reads the last event of a registration.
  package func lastEvents(of devices: [Locator]) async throws(RegistryError) -> [StoredEvent?] {
    try await reading { () async throws(RegistryError) in
      try await self.base.lastEvents(of: devices)
    }
  }

  /// Reads all events.
  package func events(
    after position: EventPosition?, limit: Int
  ) async throws(RegistryError) -> [StoredEvent] {
    try await reading { () async throws(RegistryError) in
      try await self.base.events(after: position, limit: limit)
    }
  }

  /// Reads events with an old detail.
  package func events(
    withDetailBefore day: Int64, limit: Int
  ) async throws(RegistryError) -> [StoredEvent] {
    try await reading { () async throws(RegistryError) in
      try await self.base.events(withDetailBefore: day, limit: limit)
    }
  }

  /// Reads the set digests.
  package func setDigests() async throws(RegistryError) -> [StoredDigest] {
    try await reading { () async throws(RegistryError) in try await self.base.setDigests() }
  }

  /// Counts rows.
  package func statistics() async throws(RegistryError) -> StoreStatistics {
    try await reading { () async throws(RegistryError) in try await self.base.statistics() }
  }

  /// Counts by state and day.
  package func census() async throws(RegistryError) -> StoreCensus {
    try await reading { () async throws(RegistryError) in try await self.base.census() }
  }

  /// Checks the structure.
  package func structureProblems() async throws(RegistryError) -> [String] {
    try await reading { () async throws(RegistryError) in
      try await self.base.structureProblems()
    }
  }
}
