import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
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
      case .write(let batch):
        let rows = batch.count
        writes += 1
        #expect(rows <= 2 * RegistryLimits.sweepBatch && rows <= RegistryLimits.batchLimit)
      case .list(let limit):
        listings += 1
        #expect(limit <= RegistryLimits.sweepBatch)
      case .lastEvents(let count): #expect(count <= RegistryLimits.sweepBatch)
      case .removeItems(let limit): #expect(limit <= RegistryLimits.batchLimit)
      }
    }
    // A store that hinders is asked more often.
    #expect(writes >= 4 && listings >= 5)
  }

  @Test("changes those of a visitor one after the other, whose index entries are on one page")
  func ordered() async throws {
    let world = try await World()
    for number in 0..<30 {
      try await world.bringIn(10, visitor: "gone-\(number)", placedAt: .longAgo)
    }
    let visitors = Locked<[Locator?]>([])
    let read = Locked<[Int]>([])
    let watched = WatchedStore(world.store) { call in
      if case .lastEvents(let count) = call { read.withLock { $0.append(count) } }
      guard case .write(let batch) = call else { return }
      for case .update(let row, _) in batch { visitors.withLock { $0.append(row.visitor) } }
    }
    let registry = try await DeviceRegistry(store: watched, scope: .shop, clock: world.clock.wall)
    #expect(try await registry.sweep().deactivated == 300)
    let order = visitors.withLock { $0 }
    #expect(order.count == 300)
    #expect(zip(order, order.dropFirst()).count { $0 != $1 } == 29, "each visitor once")
    #expect(read.withLock { $0 } == [200, 100], "the last events of a batch in one call")
    #expect(try await world.registry.verify().problems == [])
  }

  @Test("reads no more than it may change before it changes something")
  func limited() async throws {
    let world = try await World()
    try await world.bringIn(450, visitor: "gone", placedAt: .longAgo)
    let asked = Locked(0)
    let watched = WatchedStore(world.store) { call in
      if case .list(let limit) = call { asked.withLock { $0 += limit } }
    }
    let registry = try await DeviceRegistry(store: watched, scope: .shop, clock: world.clock.wall)
    asked.withLock { $0 = 0 }
    let report = try await registry.sweep(limit: 300)
    #expect(report.deactivated == 300 && !report.isComplete)
    #expect(asked.withLock { $0 } == 300)
    #expect(try await world.store.statistics().registrations == [.dormant: 300, .bound: 150])
  }

  @Test("beside an erasure, or a use, notes all others")
  func erasedMeanwhile() async throws {
    let world = try await World()
    let ids = try await world.bringIn(30, visitor: "gone", placedAt: .longAgo)
    let lists = Locked(0)
    let watched = WatchedStore(world.store) { call throws(RegistryError) in
      guard case .list = call,
        lists.withLock({
          $0 += 1; return $0 == 2
        })
      else { return }
      // The rows to be changed have been read.
      _ = try await world.registry.erase(.deviceID(ids[7]))
      _ = try await world.registry.revoke(ids[8])
    }
    let registry = try await DeviceRegistry(store: watched, scope: .shop, clock: world.clock.wall)
    let report = try await registry.sweep()
    #expect(report.deactivated == 28)
    #expect(report.isComplete)
    let counts = try await world.store.statistics().registrations
    #expect(counts == [.dormant: 28, .revoked: 1])
    #expect(try await world.registry.verify().problems == [])
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
