import ProveKeyModel
import ProveKeyPlatform
import ProveKeyTesting
import StoreTestSupport
import Testing

@testable import ProveDeviceRegistry

/// A sweep of many: in bounded batches, whatever stops it.
@Suite("A sweep of many", .onEveryEngine, .namingEngines)
struct LongSweepTests {
  @Test("reads at most 200 registrations at once and changes at most 500 rows in a transaction")
  func bounded() async throws {
    let world = try await World()
    try await world.bringIn(650, visitor: "gone", placedAt: .longAgo)
    let calls = Locked<[WatchedStore.Call]>([])
    let watched = WatchedStore(world.met) { call in calls.withLock { $0.append(call) } }
    let registry = try await DeviceRegistry(
      store: watched, scope: .shop, clock: world.clock.wall)
    calls.withLock { $0 = [] }
    #expect(try await registry.sweep().deactivated == 650)
    var (writes, listings) = (0, 0)
    for call in calls.withLock({ $0 }) {
      switch call {
      case .write(let rows):
        writes += 1
        #expect(rows <= 2 * RegistryLimits.sweepBatch && rows <= RegistryLimits.batchLimit)
      case .list(let limit):
        listings += 1
        #expect(limit <= RegistryLimits.sweepBatch)
      case .removeItems(let limit): #expect(limit <= RegistryLimits.batchLimit)
      }
    }
    // A store that hinders is asked more often.
    #expect(writes >= 4 && listings >= 5)
  }

  @Test("that was stopped goes on where it was, and notes each key once")
  func resumed() async throws {
    let world = try await World()
    let ids = try await world.bringIn(650, visitor: "gone", placedAt: .longAgo)
    for stop in 1...3 {
      let left = Locked(2)
      let watched = WatchedStore(world.store) { call throws(RegistryError) in
        guard case .write = call else { return }
        let isAtEnd = left.withLock { left in
          left -= 1
          return left < 0
        }
        if isAtEnd { throw .store(.diskFull) }
      }
      let registry = try await DeviceRegistry(
        store: watched, scope: .shop, clock: world.clock.wall)
      if stop < 2 {
        await #expect(throws: RegistryError.store(.diskFull)) { try await registry.sweep() }
        let counts = try await world.store.statistics().registrations
        #expect(counts == [.dormant: 400, .bound: 250], "two batches are done for good")
      } else {
        let report = try await registry.sweep()
        #expect(report.deactivated == (stop == 2 ? 250 : 0), "and nothing is done again")
      }
    }
    for id in ids {
      let kinds = try await world.registry.events(of: id).map(\.kind)
      #expect(kinds == [.imported, .deactivated])
    }
    #expect(try await world.registry.verify().problems == [])
  }
}
