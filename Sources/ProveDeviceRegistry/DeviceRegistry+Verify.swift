import ProveKeyModel
import ProveKeySealing

/// What a walk over a whole registry found.
public struct VerificationReport: Hashable, Sendable {
  /// Registrations that were read and opened.
  public let registrations: Int
  /// Events that were read and opened.
  public let events: Int
  /// Whether the store keeps set digests, without which a deleted or older row may go unnoticed.
  public let hasSetDigests: Bool
  /// What is wrong, in words without ids; empty when all is well.
  public let problems: [String]

  /// How many problems are listed at most.
  public static let problemLimit = 100
}

extension DeviceRegistry {
  /// Opens every registration and every event, and checks structure, counts, chains and set
  /// digests, and that each registration is in the state that its events lead to.
  ///
  /// Nobody should write meanwhile: what is read at different times may differ.
  /// - Parameter progress: is told how many of how many rows were read.
  public func verify(
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) async throws(RegistryError) -> VerificationReport {
    var walk = VerificationWalk(registry: self)
    walk.problems = try await store.structureProblems()
    let statistics = try await store.statistics()
    let digests = try await store.setDigests()
    let total = statistics.registrations.values.reduce(0, +) + statistics.events
    try await walk.readRegistrations { progress($0, total) }
    try await walk.readEvents { progress($0, total) }
    walk.compare(with: statistics)
    if !digests.isEmpty { try walk.compare(with: digests) }
    return VerificationReport(
      registrations: walk.registrations, events: walk.events, hasSetDigests: !digests.isEmpty,
      problems: Array(walk.problems.prefix(VerificationReport.problemLimit)))
  }
}

/// The state of a verification: what was counted and summed so far.
private struct VerificationWalk {
  let registry: DeviceRegistry
  var problems: [String] = []
  var registrations = 0
  var events = 0

  private let ledger: SetLedger
  private var sums = SetChanges()
  private var candidates = 0
  private var registrationsWithEvents = 0
  private var ended: [(device: Locator, life: KeyLife)] = []

  init(registry: DeviceRegistry) {
    self.registry = registry
    ledger = SetLedger(keys: registry.store.keys)
  }

  mutating func readRegistrations(
    _ progress: (Int) -> Void
  ) async throws(RegistryError) {
    for state in StoredRegistration.State.allCases {
      var position: PagePosition?
      repeat {
        let rows = try await registry.store.registrations(
          in: .state(state), after: position, limit: RegistryLimits.pageLimit)
        for row in rows {
          registrations += 1
          if row.isCandidate { candidates += 1 }
          do throws(RegistryError) {
            _ = try registry.codec.verified(row)
            try ledger.add(row, to: &sums)
          } catch { note(damaged: "registration", "in state \(state)") }
        }
        position = rows.last?.position
        progress(registrations + events)
      } while position != nil
    }
  }

  mutating func readEvents(_ progress: (Int) -> Void) async throws(RegistryError) {
    var position: EventPosition?
    var life = KeyLife()
    var last: KeyEvent?
    repeat {
      let page = try await registry.store.events(after: position, limit: RegistryLimits.pageLimit)
      for stored in page {
        events += 1
        if let device = position?.device, device != stored.device {
          try await end(device, life)
          (life, last) = (KeyLife(), nil)
        }
        position = stored.position
        do throws(RegistryError) {
          let event = try registry.openEvent(stored)
          try ledger.add(stored, to: &sums)
          guard event.follows(last) else { throw .damaged(table: "event") }
          last = event
          life.note(event)
        } catch { note(damaged: "event", "number \(stored.sequence)") }
      }
      progress(registrations + events)
      if page.isEmpty { break }
    } while true
    if let device = position?.device { try await end(device, life) }
    try await checkEnded()
  }

  /// A row that does not open is a problem and not the end of the walk.
  private mutating func note(damaged table: String, _ place: String) {
    problems.append("a row of table \(table) was altered or damaged (\(place))")
  }

  private mutating func end(_ device: Locator, _ life: KeyLife) async throws(RegistryError) {
    ended.append((device, life))
    if ended.count == RegistryLimits.pageLimit { try await checkEnded() }
  }

  /// Holds the chains read against their registrations.
  private mutating func checkEnded() async throws(RegistryError) {
    guard !ended.isEmpty else { return }
    let rows = try await registry.store.registrations(at: ended.map(\.device))
    for (chain, row) in zip(ended, rows) {
      if row != nil { registrationsWithEvents += 1 }
      if row?.state != chain.life.state {
        let state = row.map { "in state \($0.state)" } ?? "that is gone"
        problems.append("a registration \(state) where its events lead elsewhere")
      }
    }
    ended = []
  }

  mutating func compare(with statistics: StoreStatistics) {
    if registrationsWithEvents != registrations {
      problems.append("\(registrations - registrationsWithEvents) registrations without events")
    }
    if statistics.candidates != candidates {
      problems.append(
        "\(statistics.candidates) candidate rows where the registrations give \(candidates)")
    }
  }

  mutating func compare(with digests: [StoredDigest]) throws(RegistryError) {
    let expected = try ledger.rows(of: sums)
    var kept: [UInt8: StoredDigest] = [:]
    for row in digests { kept[row.bucket] = row }
    var differing = 0
    for row in expected {
      do {
        guard let other = kept[row.bucket], try ledger.agree(row, other) else {
          differing += 1
          continue
        }
      } catch { differing += 1 }  // a digest that does not open agrees with nothing
    }
    if differing > 0 {
      problems.append(
        "\(differing) of 256 set digests disagree: rows were deleted, added or put back")
    }
  }
}
