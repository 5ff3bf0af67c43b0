import ProveDeviceRegistry
import ProveKeyPlatform
import ProveKeySealing

/// Clients who write without pause and keep count of what was acknowledged, so that it can be
/// compared with what is there.
final class Clients: Sendable {
  private let tally = Locked(Tally())
  private let isStopped = Locked(false)

  /// What became of the writes.
  struct Tally: Sendable {
    /// Acknowledged batches by registration: its version says how many there were.
    var acknowledged: [Locator: UInt64] = [:]
    /// Batches whose outcome the store could not tell, by registration.
    var unknown: [Locator: Int] = [:]
    /// Batches that failed for certain.
    var failed: [StoreProblem: Int] = [:]
    /// Answers that no history explains.
    var impossible: [String] = []
    /// Look-ups that were answered.
    var lookUps = 0
  }

  /// Lets `count` clients write until `chaos` returns, each to a registration of its own: one insert,
  /// then updates, each with the next event; and `lookUps` others look up what is there.
  func run(
    _ count: Int, lookUps: Int = 0, on store: any RegistryStore, _ chaos: () async throws -> Void
  ) async throws -> Tally {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<count {
        group.addTask { await self.client(number, store) }
      }
      for _ in 0..<lookUps { group.addTask { await self.lookUp(count, store) } }
      defer { isStopped.withLock { $0 = true } }
      try await chaos()
    }
    return tally.withLock { $0 }
  }

  /// Batches acknowledged up to now.
  var acknowledgedCount: UInt64 {
    tally.withLock { $0.acknowledged.values.reduce(0, +) }
  }

  /// How things stand, for a message of failure.
  var summary: String {
    tally.withLock { tally in
      "acknowledged \(tally.acknowledged.values.sorted()), unknown \(tally.unknown.count), "
        + "failed \(tally.failed), impossible \(tally.impossible.prefix(3))"
    }
  }

  /// Looks up one registration after another: none is older than what was acknowledged before (G4).
  private func lookUp(_ count: Int, _ store: any RegistryStore) async {
    var number = 0
    while !isStopped.withLock({ $0 }) {
      number = (number + 1) % count
      let device = row(number).device
      let least = tally.withLock { $0.acknowledged[device] ?? 0 }
      do {
        let found = try await store.registration(at: device)?.version ?? 0
        tally.withLock { tally in
          tally.lookUps += 1
          if found < least { tally.impossible.append("looked up \(found) after \(least)") }
        }
      } catch .store(let problem) {
        tally.withLock { $0.failed[problem, default: 0] += 1 }
      } catch {
        tally.withLock { $0.impossible.append("\(error)") }
        return
      }
      await Task.yield()
    }
  }

  private func client(_ number: Int, _ store: any RegistryStore) async {
    var current = row(number)
    var batch: [RegistryWrite] = [.insert(current), .append(event(current.device, 1))]
    while !isStopped.withLock({ $0 }) {
      do {
        switch try await store.write(batch, as: WriteID()) {
        case .applied: tally.withLock { $0.acknowledged[current.device] = current.version }
        case .conflict:
          // Nobody else writes here: the version before was acknowledged and is gone, or this one
          // was applied before.
          tally.withLock { $0.impossible.append("conflict at version \(current.version)") }
          return
        }
        let after = next(current)
        batch = [.update(after, replacing: current), .append(event(after.device, after.version))]
        current = after
      } catch .store(.outcomeUnknown) {
        tally.withLock { $0.unknown[current.device, default: 0] += 1 }
        return
      } catch .store(let problem) {
        tally.withLock { $0.failed[problem, default: 0] += 1 }
        // For certain without effect: the same again.
      } catch {
        tally.withLock { $0.impossible.append("\(error)") }
        return
      }
    }
  }
}

extension Clients.Tally {
  /// What the rows say that the acknowledgements do not; nothing when each write is there once.
  func differences(in store: any RegistryStore) async throws -> [String] {
    var found = impossible
    for (device, version) in acknowledged {
      let row = try await store.registration(at: device)
      let last = try await store.lastEvent(of: device)
      // A write of unknown outcome may be there as well.
      let highest = version + UInt64(unknown[device] ?? 0)
      guard let row, (version...highest).contains(row.version) else {
        found.append("acknowledged \(version), found \(row?.version ?? 0)")
        continue
      }
      if last?.sequence != row.version {
        found.append("version \(row.version) with event \(last?.sequence ?? 0)")
      }
      let events = try await store.events(of: device, after: 0, limit: 1000)
      if events.map(\.sequence) != Array(1...min(row.version, 1000)) { found.append("events") }
    }
    return found
  }
}
