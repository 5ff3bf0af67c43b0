import CampaignSupport
import ProveKeyModel
import ProveKeySealing
import ProveKeyTesting
import Testing

@testable import ProveDeviceRegistry

/// Somebody has SQL access and no key (G6, G8): what is altered is caught.
@Suite("Tampering", .inTurn)
struct TamperTests {
  /// Two bound devices of different people, with visitors and a few events each.
  private func makeWorld() async throws -> (World, TestDevice, TestDevice) {
    let world = try await World(.persistent)
    let first = try await world.boundDevice(proveID: .lorant, visitor: "visitor-1")
    let second = try TestDevice()
    try await world.bind(
      second, to: .inge, proveID: .inge, visitor: "visitor-2", customer: "customer-2",
      human: "human-2")
    for device in [first, second] {
      _ = try await world.decide(.mobile(.jesse), with: device)
    }
    #expect(try await world.registry.verify().problems == [])
    return (world, first, second)
  }

  @Test("with any column of a registration is caught when it is read, and by verifying")
  func columns() async throws {
    let (world, first, second) = try await makeWorld()
    try await world.registry.revoke(second.deviceID)
    let target = "device = x'\(try await world.hex(first))'"
    let other = "(SELECT $ FROM registration WHERE NOT \(target))"
    func taken(_ column: String) -> String {
      "\(column) = \(other.replacing("$", with: column))"
    }
    let changes = [
      taken("visitor"), taken("phone"), taken("prove"), taken("customer"), taken("human"),
      taken("sealed"), "visitor = NULL", "prove = NULL", "state = 1", "state = 3", "state = 4",
      "state = 5", "last_active_day = last_active_day + 1", "version = version + 1",
      "sealed = zeroblob(length(sealed))", "sealed = substr(sealed, 1, length(sealed) - 1)",
      "sealed = x''", "sealed = CAST(sealed || x'00' AS BLOB)", "phone = zeroblob(16)",
    ]
    for change in changes {
      try await world.tamper(
        """
        CREATE TABLE IF NOT EXISTS kept AS SELECT * FROM registration WHERE \(target);
        UPDATE registration SET \(change) WHERE \(target)
        """)
      await #expect(throws: RegistryError.damaged(table: "registration"), "\(change)") {
        try await world.registry.registration(first.deviceID)
      }
      await #expect(throws: RegistryError.damaged(table: "registration"), "\(change)") {
        try await world.decide(with: first)
      }
      #expect(try await !world.registry.verify().problems.isEmpty, "\(change)")
      #expect(try await world.registry.registration(second.deviceID)?.isRevoked == true)
      try await world.tamper(
        "INSERT OR REPLACE INTO registration SELECT * FROM kept; DROP TABLE kept")
      #expect(try await world.registry.verify().problems == [], "\(change) undone")
    }
  }

  @Test("with any byte of a sealed registration is caught")
  func everyByte() async throws {
    let (world, first, _) = try await makeWorld()
    let locator = world.registry.codec.locator(of: first.deviceID)
    let row = try #require(try await world.store.registration(at: locator))
    for index in row.sealed.indices {
      var sealed = row.sealed
      sealed[index] ^= 0x40
      let altered = StoredRegistration(
        device: row.device, visitor: row.visitor, phoneNumber: row.phoneNumber,
        proveID: row.proveID, clientCustomerID: row.clientCustomerID,
        clientHumanID: row.clientHumanID, state: row.state, lastActiveDay: row.lastActiveDay,
        version: row.version, epoch: row.epoch, sealed: sealed)
      #expect(throws: RegistryError.damaged(table: "registration"), "byte \(index)") {
        try world.registry.codec.open(altered)
      }
    }
  }

  @Test("by swapping two rows is caught: nobody gets another's registration")
  func swap() async throws {
    let (world, first, second) = try await makeWorld()
    let (left, right) = (try await world.hex(first), try await world.hex(second))
    try await world.tamper(
      """
      UPDATE registration SET device = zeroblob(16) WHERE device = x'\(left)';
      UPDATE registration SET device = x'\(left)' WHERE device = x'\(right)';
      UPDATE registration SET device = x'\(right)' WHERE device = zeroblob(16)
      """)
    for device in [first, second] {
      await #expect(throws: RegistryError.damaged(table: "registration")) {
        try await world.registry.registration(device.deviceID)
      }
    }
    #expect(try await world.registry.verify().problems.count >= 2)
  }

  @Test("with a revoked row put back to an older one under its new version is caught")
  func replay() async throws {
    let (world, first, _) = try await makeWorld()
    let target = "device = x'\(try await world.hex(first))'"
    try await world.tamper("CREATE TABLE kept AS SELECT * FROM registration WHERE \(target)")
    try await world.registry.revoke(first.deviceID)
    let version = try world.count("SELECT version FROM registration WHERE \(target)")
    try await world.tamper(
      """
      UPDATE kept SET version = \(version);
      INSERT OR REPLACE INTO registration SELECT * FROM kept; DROP TABLE kept
      """)
    await #expect(throws: RegistryError.damaged(table: "registration")) {
      try await world.decide(with: first)
    }
  }

  @Test("with events is caught on reading and by verifying")
  func events() async throws {
    let changes = [
      "DELETE FROM event WHERE device = $ AND sequence = 2",
      "DELETE FROM event WHERE device = $ AND sequence = 1",
      "UPDATE event SET sequence = 9 WHERE device = $ AND sequence = 3",
      "UPDATE event SET device = zeroblob(16) WHERE device = $ AND sequence = 2",
      "UPDATE event SET sealed = zeroblob(length(sealed)) WHERE device = $ AND sequence = 2",
      """
      UPDATE event SET sealed = (SELECT sealed FROM event WHERE device = $ AND sequence = 1)
      WHERE device = $ AND sequence = 2
      """,
      """
      UPDATE event SET sealed = (SELECT sealed FROM event WHERE device <> $ AND sequence = 2)
      WHERE device = $ AND sequence = 2
      """,
    ]
    for change in changes {
      let (world, first, _) = try await makeWorld()
      let device = try await world.hex(first)
      try await world.tamper(change.replacing("$", with: "x'\(device)'"))
      await #expect(throws: RegistryError.damaged(table: "event"), "\(change)") {
        try await world.registry.events(of: first.deviceID)
      }
      #expect(try await !world.registry.verify().problems.isEmpty, "\(change)")
    }
  }

  @Test("with an event put back from another course of things breaks the chain (G8)")
  func otherCourse() async throws {
    let (world, first, _) = try await makeWorld()
    let device = "device = x'\(try await world.hex(first))'"
    // The third event is taken away, so that other events get its number and the next.
    try await world.tamper(
      """
      CREATE TABLE kept AS SELECT * FROM event WHERE \(device) AND sequence = 3;
      DELETE FROM event WHERE \(device) AND sequence = 3
      """)
    for _ in 0..<2 {
      world.clock.advance(seconds: 60)
      _ = try await world.decide(.mobile(.jesse), with: first)
    }
    #expect(try await world.registry.events(of: first.deviceID).count == 4)
    try await world.tamper("INSERT OR REPLACE INTO event SELECT * FROM kept; DROP TABLE kept")
    await #expect(throws: RegistryError.damaged(table: "event")) {
      try await world.registry.events(of: first.deviceID)
    }
  }

  @Test("with the columns that make a candidate recovers nothing that it should not")
  func candidates() async throws {
    let changes = [
      "visitor = (SELECT visitor FROM registration WHERE device <> $)", "visitor = zeroblob(16)",
      "phone = (SELECT phone FROM registration WHERE device <> $)", "phone = zeroblob(16)",
      "prove = NULL", "last_active_day = 99999", "state = 3",
    ]
    for change in changes {
      let (world, first, _) = try await makeWorld()
      let device = "x'\(try await world.hex(first))'"
      try await world.tamper(
        "UPDATE registration SET \(change.replacing("$", with: device)) WHERE device = \(device)")
      #expect(try await !world.registry.verify().problems.isEmpty, "\(change)")
      // Wherever the row is listed now, no person gets the other's registration.
      for (visitor, number) in [("visitor-2", PhoneNumber.lorant), ("visitor-1", .inge)] {
        do throws(RegistryError) {
          let decision = try await world.registry.decide(
            .browser(number, visitor: .named(visitor)))
          #expect(decision.row == .d15, "\(change)")
        } catch {
          #expect(error == .damaged(table: "registration"), "\(change)")
        }
      }
    }
  }

  @Test("with an index, so that a candidate is hidden from it, is found by verifying")
  func hiddenFromIndex() async throws {
    for index in ["candidate_by_phone", "registration_by_phone", "registration_by_visitor"] {
      let (world, _, _) = try await makeWorld()
      let schema = "UPDATE sqlite_schema SET sql = replace(sql, $) WHERE name = '\(index)'"
      try world.tamperFreely(
        """
        PRAGMA writable_schema = ON;
        \(schema.replacing("$", with: "' WHERE ', ' WHERE version < 0 AND '"));
        PRAGMA writable_schema = RESET;
        REINDEX \(index);
        PRAGMA writable_schema = ON;
        \(schema.replacing("$", with: "' WHERE version < 0 AND ', ' WHERE '"));
        PRAGMA writable_schema = RESET
        """)
      let found = try await world.registry.verify().problems
      #expect(found.contains { $0.contains(index) }, "\(index): \(found)")
    }
  }

  @Test("with the schema is found by verifying")
  func schema() async throws {
    let changes = [
      "DROP INDEX candidate_by_phone", "DROP INDEX registration_by_visitor",
      "CREATE INDEX extra ON event (sealed)",
      "CREATE TABLE extra (id INTEGER PRIMARY KEY)",
      "CREATE TRIGGER extra AFTER UPDATE ON registration BEGIN DELETE FROM event; END",
    ]
    for change in changes {
      let (world, _, _) = try await makeWorld()
      try await world.tamper(change)
      #expect(try await !world.registry.verify().problems.isEmpty, "\(change)")
    }
  }

  @Test("with a spent challenge: one altered still counts as spent")
  func spentItem() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    let challenge = world.registry.issueChallenge()
    let assertion = try device.assertion(for: challenge)
    try await world.complete(
      try await world.registry.decide(.mobile(), presenting: assertion, for: challenge))
    try await world.tamper("UPDATE item SET sealed = zeroblob(length(sealed))")
    await #expect(throws: RegistryError.challengeSpent) {
      try await world.registry.decide(.mobile(), presenting: assertion, for: challenge)
    }
    await #expect(throws: RegistryError.damaged(table: "item")) {
      try await DeviceRegistry(store: world.store, scope: .shop)
    }
  }

  @Test("with a registration put back whole, un-revoked, is found by verifying")
  func wholeRow() async throws {
    let (world, first, _) = try await makeWorld()
    let target = "device = x'\(try await world.hex(first))'"
    try await world.tamper("CREATE TABLE kept AS SELECT * FROM registration WHERE \(target)")
    try await world.registry.revoke(first.deviceID)
    try await world.tamper(
      "INSERT OR REPLACE INTO registration SELECT * FROM kept; DROP TABLE kept")
    #expect(try await !world.registry.verify().problems.isEmpty)
  }

  @Test("with the last change of a registration taken from its events is found by verifying")
  func lastEvent() async throws {
    let (world, first, _) = try await makeWorld()
    try await world.registry.revoke(first.deviceID)
    let device = "device = x'\(try await world.hex(first))'"
    try await world.tamper(
      """
      DELETE FROM event WHERE \(device)
        AND sequence = (SELECT max(sequence) FROM event WHERE \(device))
      """)
    #expect(try await !world.registry.verify().problems.isEmpty)
  }

  @Test("with all rows of a registration taken away is found by verifying (G10)")
  func wholeRegistration() async throws {
    let (world, first, _) = try await makeWorld()
    let device = try await world.hex(first)
    for table in ["registration", "event"] {
      try await world.tamper("DELETE FROM \(table) WHERE device = x'\(device)'")
    }
    #expect(try await !world.registry.verify().problems.isEmpty)
  }
}
