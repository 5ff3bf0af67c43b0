import CampaignSupport
import Foundation
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import SQLiteDatabase
import ProveKeyTesting
import StoreTestSupport
import Testing

@testable import ProveDeviceRegistry

/// A sweep beside readers of the same file, and in a process that dies.
@Suite("A sweep in a file", .inTurn)
struct SweepInFileTests {
  @Test("does not hold up readers, not even in the middle of its transaction")
  func readers() async throws {
    let world = try await World(.persistent)
    let device = try await world.boundDevice(visitor: "visitor-1")
    try await world.bringIn(200, visitor: "gone", placedAt: .longAgo)
    // The very change that a batch of the sweep makes, not committed yet, by another connection: of
    // the store's own one cannot say when it is in the middle.
    let writer = try Connection(
      path: world.path, options: ConnectionOptions(access: .readWrite, locking: .normal))
    try writer.execute(
      """
      BEGIN IMMEDIATE;
      UPDATE registration SET state = 5, version = version + 1;
      """)
    #expect(writer.isInTransaction)
    // Each of the readers, several times; none waits, or this would take until the writer is done.
    for _ in 0..<8 {
      #expect(try await world.registration(of: device).binding?.phoneNumber == .lorant)
      #expect(try await world.registry.candidates(of: Visitor.named().id).count == 1)
      let page = try await world.registry.registrations(of: .phoneNumber(.lorant), limit: 300)
      #expect(page.registrations.count == 201)
      #expect(try await world.registry.decide(.browser()).outcome == .recover(device.deviceID))
    }
    #expect(try await world.store.statistics().registrations == [.bound: 201])
    try writer.execute("ROLLBACK")
    #expect(try await world.registry.sweep().deactivated == 200)
    #expect(try await world.store.statistics().registrations == [.dormant: 200, .bound: 1])
  }

  @Test("lets look-ups through between any two of its batches, which see whole batches only")
  func between() async throws {
    let world = try await World()
    let ids = try await world.bringIn(1200, visitor: "gone", placedAt: .longAgo)
    let seen = Locked<[Int]>([])
    let watched = WatchedStore(world.store) { call throws(RegistryError) in
      guard case .write = call else { return }
      let found = try await world.registry.resolve(Array(ids.prefix(1000)))
      let rest = try await world.registry.resolve(Array(ids.dropFirst(1000)))
      let swept = (found + rest).count { $0?.deactivatedAt != nil }
      seen.withLock { $0.append(swept) }
    }
    let registry = try await DeviceRegistry(store: watched, scope: .shop, clock: world.clock.wall)
    seen.withLock { $0 = [] }
    #expect(try await registry.sweep().deactivated == 1200)
    #expect(seen.withLock { $0 } == [0, 200, 400, 600, 800, 1000])
  }

  @Test("killed at any moment, it is finished by the next one, and each key was noted once")
  func killed() async throws {
    let folder = try TemporaryFolder()
    let (path, key) = (folder.file("registry.sqlite"), folder.file("registry.key"))
    try KeyFile.create(at: key)
    let world = try await World()
    let store = try SQLiteRegistryStore(at: path, unlock: .keyFile(key))
    let filling = try await DeviceRegistry(store: store, scope: .shop)
    let count = TestLength.isLong ? 20_000 : 2000
    let ids = try await world.bringIn(count, visitor: "gone", placedAt: .longAgo, filling)
    try await filling.close()

    var swept: [Int] = []
    for _ in 0..<(TestLength.isLong ? 60 : 5) {
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [path = path as String, key = key as String] in
        try await KilledSweep.run(path, key)
      }
      let store = try SQLiteRegistryStore.openExisting(at: path, unlock: .keyFile(key))
      let counts = try await store.statistics().registrations
      let registry = try await DeviceRegistry(store: store, scope: .shop)
      #expect(try await registry.verify().problems == [])
      #expect(counts[.dormant, default: 0] + counts[.bound, default: 0] == count)
      #expect(counts[.dormant, default: 0].isMultiple(of: RegistryLimits.sweepBatch))
      swept.append(counts[.dormant, default: 0])
      try await registry.close()
    }
    #expect(swept == swept.sorted() && swept.last ?? 0 > 0, "\(swept)")

    let last = try SQLiteRegistryStore.openExisting(at: path, unlock: .keyFile(key))
    let registry = try await DeviceRegistry(store: last, scope: .shop)
    #expect(try await registry.sweep().deactivated == count - (swept.last ?? 0))
    for id in ids {
      let kinds = try await registry.events(of: id).map(\.kind)
      #expect(kinds == [.imported, .deactivated])
    }
    #expect(try await registry.verify().problems == [])
    try await registry.close()
  }
}

/// The child: it sweeps, and dies around one of its first commits.
private enum KilledSweep {
  static func run(_ path: String, _ key: String) async throws {
    let store = try SQLiteRegistryStore.openExisting(at: path, unlock: .keyFile(key))
    let left = Locked(Int.random(in: 1...3))
    let watched = WatchedStore(store) { call in
      guard case .write = call else { return }
      let isLast = left.withLock { left in
        left -= 1
        return left == 0
      }
      guard isLast else { return }
      let wait = useconds_t.random(in: 0...6000)
      Thread.detachNewThread {
        usleep(wait)
        kill(getpid(), SIGKILL)
      }
    }
    let registry = try await DeviceRegistry(store: watched, scope: .shop)
    _ = try await registry.sweep()
    // It was faster than its death.
    kill(getpid(), SIGKILL)
  }
}
