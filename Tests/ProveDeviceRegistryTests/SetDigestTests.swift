import ProveKeyModel
import ProveKeySealing
import ProveKeyTesting
import Testing

@testable import ProveDeviceRegistry

/// Somebody has SQL access and no key, and deletes rows or puts older ones back (G10).
@Suite("Set digests")
struct SetDigestTests {
  private func problems(
    after attack: (World, String) async throws -> Void
  ) async throws -> [String] {
    let world = try await World(.persistent)
    let device = try await world.boundDevice(visitor: "visitor-1")
    _ = try await world.boundDevice(to: .inge)
    _ = try await world.decide(.mobile(.jesse), with: device)
    #expect(try await world.registry.verify().problems == [])
    try await attack(world, "device = x'\(try await world.hex(device))'")
    let report = try await world.registry.verify()
    #expect(report.hasSetDigests)
    return report.problems
  }

  private let tables = ["registration", "event"]

  @Test("a registration taken away with everything of it is found")
  func deleted() async throws {
    let found = try await problems { world, target in
      for table in tables { try await world.tamper("DELETE FROM \(table) WHERE \(target)") }
    }
    #expect(found == ["1 of 256 set digests disagree: rows were deleted, added or put back"])
  }

  @Test("a registration put back, un-revoked, with all its events as they were, is found")
  func putBack() async throws {
    let found = try await problems { world, target in
      for table in tables {
        try await world.tamper(
          "CREATE TABLE kept_\(table) AS SELECT * FROM \(table) WHERE \(target)")
      }
      let row = try await world.store.registrations(in: .state(.bound), after: nil, limit: 10)
      for key in row {
        let registration = try world.registry.codec.open(key)
        if registration.binding?.phoneNumber == .lorant {
          try await world.registry.revoke(registration.deviceID)
        }
      }
      for table in tables {
        try await world.tamper(
          """
          DELETE FROM \(table) WHERE \(target);
          INSERT INTO \(table) SELECT * FROM kept_\(table); DROP TABLE kept_\(table)
          """)
      }
    }
    #expect(found.count == 1)
    #expect(found.first?.contains("set digests disagree") == true)
  }

  @Test("an erased registration that is put back is found")
  func tombstone() async throws {
    let found = try await problems { world, target in
      try await world.tamper(
        "CREATE TABLE kept AS SELECT * FROM registration WHERE \(target)")
      _ = try await world.registry.erase(.phoneNumber(.lorant))
      try await world.tamper("INSERT INTO registration SELECT * FROM kept; DROP TABLE kept")
    }
    #expect(found.contains { $0.contains("its events lead elsewhere") })
    #expect(found.contains { $0.contains("set digests disagree") })
  }

  @Test("an event taken from the end of a chain, a decision alone, is found")
  func decisionDropped() async throws {
    let found = try await problems { world, target in
      try await world.tamper(
        """
        DELETE FROM event WHERE \(target)
          AND sequence = (SELECT max(sequence) FROM event WHERE \(target))
        """)
    }
    #expect(found == ["1 of 256 set digests disagree: rows were deleted, added or put back"])
  }

  @Test(
    "digests that are altered, swapped, dropped or rolled back agree with nothing",
    arguments: [
      "UPDATE bucket SET sealed = zeroblob(length(sealed)) WHERE bucket = 7",
      """
      UPDATE bucket SET sealed = (SELECT sealed FROM bucket WHERE bucket = 8),
        version = (SELECT version FROM bucket WHERE bucket = 8) WHERE bucket = 7
      """,
      "DELETE FROM bucket WHERE bucket = 7",
      "UPDATE bucket SET version = version + 1 WHERE bucket = 7",
    ])
  func digestAltered(_ sql: String) async throws {
    let found = try await problems { world, _ in try await world.tamper(sql) }
    #expect(found.contains { $0.contains("1 of 256 set digests disagree") })
  }

  @Test("a write to a bucket whose digest was altered is refused and changes nothing")
  func refusesToWrite() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    try await world.tamper("UPDATE bucket SET sealed = zeroblob(length(sealed))")
    await #expect(throws: RegistryError.damaged(table: "bucket")) {
      try await world.registry.revoke(device.deviceID)
    }
    #expect(try await world.registration(of: device).isRevoked == false)
    try await world.store.close()
    let options = SQLiteStoreOptions(setDigests: .rebuilt)
    let store = try SQLiteRegistryStore(at: world.path, unlock: world.unlock, options: options)
    let registry = try await DeviceRegistry(store: store, scope: .shop, clock: world.clock.wall)
    try await registry.revoke(device.deviceID)
    #expect(try await registry.verify().problems == [])
    try await registry.close()
  }

  @Test("switched off none are kept; to have them again they must be rebuilt on purpose")
  func switchedOff() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    try await world.store.close()
    func open(_ choice: SQLiteStoreOptions.SetDigests) async throws -> DeviceRegistry {
      let store = try SQLiteRegistryStore(
        at: world.path, unlock: world.unlock, options: SQLiteStoreOptions(setDigests: choice))
      return try await DeviceRegistry(store: store, scope: .shop, clock: world.clock.wall)
    }
    let without = try await open(.off)
    try await without.suspend(device.deviceID)
    let report = try await without.verify()
    #expect(report.problems == [])
    #expect(!report.hasSetDigests)
    try await without.close()
    await #expect(throws: RegistryError.store(.setDigestsMissing)) { _ = try await open(.kept) }
    let rebuilt = try await open(.rebuilt)
    #expect(try await rebuilt.verify().hasSetDigests)
    try await rebuilt.close()
    let kept = try await open(.kept)
    try await kept.resume(device.deviceID)
    #expect(try await kept.verify().problems == [])
    try await kept.close()
  }

  @Test("many writers at once leave digests that agree")
  func concurrent() async throws {
    let world = try await World()
    var devices: [TestDevice] = []
    for _ in 0..<12 { devices.append(try await world.boundDevice()) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for device in devices {
        group.addTask {
          for _ in 0..<5 {
            try await world.registry.suspend(device.deviceID)
            try await world.registry.resume(device.deviceID)
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try await world.registry.verify().problems == [])
  }
}
