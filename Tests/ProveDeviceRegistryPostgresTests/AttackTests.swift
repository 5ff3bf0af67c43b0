import Foundation
import PostgresTestSupport
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeySealing
import ProveKeyTesting
import Testing

@testable import ProveDeviceRegistryPostgres

/// What somebody can do who has SQL access to the server and no key, and what a dump tells.
@Suite("A PostgreSQL in other hands")
struct AttackTests {
  /// The problems that a verification names.
  private func problems(_ fixture: RegistryFixture) async throws -> [String] {
    try await fixture.registry.verify().problems
  }

  @Test("two swapped public keys are caught on the next read, and by verifying")
  func swapped() async throws {
    let fixture = try await RegistryFixture()
    let (first, second) = (try await fixture.bound(), try await fixture.bound())
    #expect(try await problems(fixture) == [])
    try fixture.tamper(
      """
      UPDATE prove_registration AS r SET sealed = o.sealed FROM prove_registration AS o
      WHERE r.device <> o.device
      """)
    for device in [first, second] {
      await #expect(throws: RegistryError.damaged(table: "registration")) {
        try await fixture.registry.registration(device.deviceID)
      }
    }
    #expect(try await !problems(fixture).isEmpty)
    try await fixture.base.store.close()
  }

  @Test("a row moved to another deviceId's place is caught on the next read, and by verifying")
  func moved() async throws {
    let fixture = try await RegistryFixture()
    let (device, other) = (try await fixture.bound(), try await fixture.bound())
    try fixture.tamper(
      """
      DELETE FROM prove_registration WHERE device = \(fixture.hex(other));
      UPDATE prove_registration SET device = \(fixture.hex(other))
      WHERE device = \(fixture.hex(device))
      """)
    await #expect(throws: RegistryError.damaged(table: "registration")) {
      try await fixture.registry.registration(other.deviceID)
    }
    #expect(try await !problems(fixture).isEmpty)
    try await fixture.base.store.close()
  }

  @Test("an old row put back with all its events, un-revoked, is found by verifying")
  func restored() async throws {
    let fixture = try await RegistryFixture()
    let device = try await fixture.bound()
    let tables = ["prove_registration", "prove_event", "prove_candidate"]
    for table in tables {
      try fixture.tamper("CREATE TABLE old_\(table) AS SELECT * FROM \(table)")
    }
    try await fixture.registry.revoke(device.deviceID)
    #expect(try await problems(fixture) == [])
    for table in tables {
      try fixture.tamper("DELETE FROM \(table); INSERT INTO \(table) SELECT * FROM old_\(table)")
    }
    #expect(try await fixture.registry.registration(device.deviceID)?.isRevoked == false)
    #expect(try await !problems(fixture).isEmpty)
    try await fixture.base.store.close()
  }

  @Test("the tombstone of a revoked key taken away with its events is found by verifying")
  func deleted() async throws {
    let fixture = try await RegistryFixture()
    let device = try await fixture.bound()
    try await fixture.registry.revoke(device.deviceID)
    for table in ["prove_registration", "prove_event"] {
      try fixture.tamper("DELETE FROM \(table) WHERE device = \(fixture.hex(device))")
    }
    #expect(try await fixture.registry.registration(device.deviceID) == nil)
    #expect(try await !problems(fixture).isEmpty)
    try await fixture.base.store.close()
  }

  @Test("an edited event is caught on the next read, and by verifying")
  func edited() async throws {
    let fixture = try await RegistryFixture()
    let device = try await fixture.bound()
    try fixture.tamper(
      "UPDATE prove_event SET sealed = set_byte(sealed, 60, get_byte(sealed, 60) # 1) WHERE sequence = 1"
    )
    await #expect(throws: RegistryError.damaged(table: "event")) {
      try await fixture.registry.events(of: device.deviceID)
    }
    #expect(try await !problems(fixture).isEmpty)
    try await fixture.base.store.close()
  }

  @Test("no id, number, name, reason or key stands in the clear in a dump or in the server's files")
  func dump() async throws {
    let fixture = try await RegistryFixture()
    let device = try await fixture.bound()
    try await fixture.registry.unbind(
      device.deviceID, reason: "reason-secret", actor: "actor-secret")
    _ = try await fixture.decide(device, rebindTo: "2001004016")
    let server = fixture.base.server
    let dump = try Shell.run([
      try ServerFolder.program("pg_dump"), "-d", server.address(database: fixture.base.database),
    ])
    try server.sql("CHECKPOINT")
    let folder = server.folder + "/data/base/"
    let database = try fixture.base.value(
      "SELECT oid FROM pg_database WHERE datname = current_database()")
    var files = Data(dump.utf8)
    for name in try FileManager.default.contentsOfDirectory(atPath: folder + database) {
      files += try Data(contentsOf: URL(filePath: folder + database + "/" + name))
    }
    let key = device.publicKey.bytes
    let secrets: [String: [UInt8]] = [
      "deviceId": Array(device.deviceID.rawValue.utf8), "number": Array("2001004014".utf8),
      "number as an integer": [0, 0, 0, 2, 0xCB, 0x50, 0xC9, 0xEE], "public key": key,
      "public key in a dump": Array(key.map { String($0, radix: 16) }.joined().utf8),
    ]
    for name in ["prove", "visitor", "customer", "human", "shop", "reason", "actor"] {
      #expect(files.range(of: Data("\(name)-secret".utf8)) == nil, "\(name)")
    }
    for (name, bytes) in secrets { #expect(files.range(of: Data(bytes)) == nil, "\(name)") }
    // What is there is found in both: the locator.
    let locator = fixture.base.store.keys.locator("device", device.deviceID.rawValue).bytes
    #expect(files.range(of: Data(locator)) != nil)
    #expect(dump.contains(fixture.hex(device).dropFirst(3).dropLast()))
    try await fixture.base.store.close()
  }
}
