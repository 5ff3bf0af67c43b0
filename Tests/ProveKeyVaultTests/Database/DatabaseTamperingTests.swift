import ProveKeySealing
import SQLiteDatabase
import Testing

@testable import ProveKeyVault

/// Attacks by someone who can run any SQL on the file, and records that contradict each other.
@Suite("databases in a file that was edited")
struct DatabaseTamperingTests {
  let fixture: VaultFixture

  init() throws { fixture = try VaultFixture() }

  /// One database with two stores of two rows each: seven records.
  private func makeVault() throws {
    let vault = try fixture.open()
    let database = try vault.database("very-special-database", for: shop) { upgrade throws in
      for name in ["first-store", "second-store"] {
        let store = try upgrade.createStore(
          name, keyPath: .path("own-path".replacing("-", with: "_")))
        try store.createIndex("by-name", keyPath: .path("name"), unique: true)
      }
    }
    for name in ["first-store", "second-store"] {
      try database.write(name) { transaction throws in
        for key in ["key-one", "key-two"] {
          try transaction.put(.object(["own_path": .string(key), "name": .string("name-" + key)]))
        }
      }
    }
    try database.read("first-store") { _ = try $0.onlyStore.index("by-name").getAll() }
    try vault.close()
  }

  private func openingError(_ name: String) throws -> VaultError? {
    try vaultError { try fixture.open(name).close() }
  }

  @Test("any row deleted, put back, or changed for another one is found at opening (V2)")
  func attacked() throws {
    try makeVault()
    var rows: [StoredRow] = []
    try fixture.attack { rows = try $0.storedRows() }
    #expect(rows.count == 7)
    for (number, row) in rows.enumerated() {
      try fixture.crashCopy(to: "a")
      try fixture.attack("a") { try $0.delete(row) }
      let finding = VaultDamage.Finding.count(found: 6, expected: 7)
      #expect(try openingError("a") == .damaged(VaultDamage(.records, finding)), "\(number)")
      // Moved to the place, or into the namespace, of every other row.
      for other in rows where other != row {
        for isMoved in [true, false] where isMoved || other.namespace != row.namespace {
          try fixture.crashCopy(to: "a")
          try fixture.attack("a") { connection in
            var moved = row
            if isMoved { moved.locator = other.locator }
            moved.namespace = other.namespace
            try connection.putBack(moved)
          }
          #expect(try openingError("a") != nil, "\(number)")
        }
      }
    }
    #expect(try fixture.open().verify().isSound)
  }

  @Test("a row changed under an open vault is met at its next read (V4)")
  func underneath() throws {
    let vault = try fixture.open(mode: .shared)
    let database = try vault.database("d", for: shop) { try $0.createStore("s") }
    try database.write("s") { try $0.put(.number(1), key: .number(1)) }
    var rows: [StoredRow] = []
    try fixture.attack { rows = try $0.storedRows() }
    try database.write("s") { try $0.put(.number(2), key: .number(1)) }
    try fixture.attack { connection in for row in rows { try connection.putBack(row) } }
    #expect(
      try vaultError { try database.read("s") { _ = try $0.get(.number(1)) } }
        == .damaged(VaultDamage(.record, .replaced)))
    #expect(try vaultError { try database.read("s") { _ = try $0.onlyStore.getAll() } } != nil)
    try fixture.attack { try $0.execute("DELETE FROM record") }
    #expect(
      try vaultError { try database.read("s") { _ = try $0.get(.number(1)) } }
        == .damaged(VaultDamage(.record, .missing)))
  }

  private static let contradiction = VaultDamage(.database, .contradictory)

  /// A copy whose records, though authentic, were written wrongly; and what verifying finds.
  private func problems(
    _ body: (RecordWriter, DatabaseRoom, StoreRoom, StoreRoom) throws(VaultError) -> Void
  ) throws -> [VaultDamage] {
    try fixture.crashCopy(to: "wrong")
    let store = try RecordStore.open(
      at: fixture.path("wrong"), .rawKey(fixture.key), .exclusive, .openExisting)
    let room = try DatabaseRoom(shop, Array("very-special-database".utf16), store.keys)
    try store.writing { writer throws(VaultError) in
      try body(writer, room, room.store(1, store.keys), room.store(2, store.keys))
    }
    try store.close()
    let vault = try fixture.open("wrong")
    defer { withExtendedLifetime(vault) {} }
    return try vault.verify().problems
  }

  @Test("verifying holds rows, states and databases against each other (I1, I2)")
  func contradictions() throws {
    try makeVault()
    let key = try DatabaseKeyCodec.encode(.string("key-one"))
    let third = try DatabaseKeyCodec.encode(.string("key-three"))
    let value = try DatabaseValueCodec.encode(
      .object(["own_path": .string("key-three"), "name": .string("name-key-one")]))
    #expect(try problems { _, _, _, _ in } == [])
    // A row that says another key than it is found by.
    let misplaced = try problems { writer, _, store, _ throws(VaultError) in
      try writer.put(
        DatabaseRow(key: third, value: value).encoded,
        at: writer.reader.keys.databaseRowLocator(store.rows, key), in: store.rows)
    }
    #expect(misplaced.contains(Self.contradiction))
    // Two rows with one unique index key.
    let twice = try problems { writer, _, store, _ throws(VaultError) in
      try writer.put(
        DatabaseRow(key: third, value: value).encoded,
        at: writer.reader.keys.databaseRowLocator(store.rows, third), in: store.rows)
    }
    #expect(twice == [Self.contradiction])
    // A value with another key at the key path.
    let path = try problems { writer, _, store, _ throws(VaultError) in
      try writer.put(
        DatabaseRow(key: key, value: value).encoded,
        at: writer.reader.keys.databaseRowLocator(store.rows, key), in: store.rows)
    }
    #expect(path == [Self.contradiction])
    // A store without state, with an impossible one, and one whose database is gone.
    let stateless = try problems { writer, _, store, _ throws(VaultError) in
      try writer.delete(at: store.state)
    }
    #expect(stateless == [Self.contradiction])
    let beyond = try problems { writer, room, store, _ throws(VaultError) in
      try writer.put(
        StoreState(nextKey: 0, revision: 1).encoded, at: store.state, in: room.states)
    }
    #expect(beyond == [Self.contradiction])
    let orphans = try problems { writer, room, _, _ throws(VaultError) in
      try writer.delete(at: room.record)
    }
    #expect(orphans == [VaultDamage](repeating: Self.contradiction, count: 4))
  }

  @Test("a row that says another key than it was found by is met when it is read (I1)")
  func contradictionMet() throws {
    try makeVault()
    let key = try DatabaseKeyCodec.encode(.string("key-one"))
    let third = try DatabaseKeyCodec.encode(.string("key-three"))
    _ = try problems { writer, _, store, _ throws(VaultError) in
      try writer.put(
        DatabaseRow(key: third, value: [0]).encoded,
        at: writer.reader.keys.databaseRowLocator(store.rows, key), in: store.rows)
    }
    let database = try fixture.open("wrong").database("very-special-database", for: shop)
    let contradiction = VaultError.damaged(Self.contradiction)
    try database.read("first-store") { transaction throws in
      #expect(try vaultError { _ = try transaction.get(.string("key-one")) } == contradiction)
      #expect(try vaultError { _ = try transaction.onlyStore.getAllKeys() } == contradiction)
      #expect(try transaction.get(.string("key-two")) != nil)
    }
  }

  @Test("what is recorded is read again, and nothing else is")
  func contents() throws {
    var record = DatabaseRecord(origin: shop, name: [0xD800], version: 7, created: 3)
    record.nextStoreID = 9
    record.stores = [
      StoreSchema(id: 2, name: [], keyPath: nil, hasGenerator: true),
      StoreSchema(
        id: 8, name: [1], keyPath: .paths(["a", ""]), hasGenerator: false, nextIndexID: 3,
        indexes: [
          IndexSchema(
            id: 2, name: [0], keyPath: .path("a.b"), isUnique: true, isMultiEntry: false)
        ]),
    ]
    let state = StoreState(nextKey: 1 << 53, revision: 9)
    let row = DatabaseRow(key: [1, 2], value: [3])
    #expect(try DatabaseRecord.decode(record.encoded) == record)
    #expect(try StoreState.decode(state.encoded) == state)
    #expect(try DatabaseRow.decode(row.encoded) == row)
    let malformed = VaultError.damaged(VaultDamage(.record, .malformed))
    for bytes in [record.encoded, state.encoded, row.encoded] {
      for cut in (0..<bytes.count).map({ Array(bytes[..<$0]) }) + [bytes + [0]] {
        #expect(throws: malformed) { try DatabaseRecord.decode(cut) }
        #expect(throws: malformed) { try StoreState.decode(cut) }
        #expect(throws: malformed) { try DatabaseRow.decode(cut) }
      }
    }
    record.stores[1].name = []
    #expect(throws: malformed) { try DatabaseRecord.decode(record.encoded) }
  }

  @Test("no name, key, index key or value stands in the clear in database or log")
  func nothingInTheClear() throws {
    try makeVault()
    let vault = try fixture.open()
    let database = try vault.database("very-special-database", for: shop)
    try database.write("first-store") { transaction throws in
      try transaction.put(
        .object(["own_path": .string("key-four"), "name": .string("later-name")]))
      try transaction.delete(.string("key-one"))
    }
    let log = try fixture.bytes("device.vault-wal")
    try vault.close()
    let file = try fixture.bytes()
    let shown = Array("PKSHEAD1".utf8)
    #expect(file.firstRange(of: shown) != nil && log.count > 4_096)
    let secrets = [
      "very-special", "first-store", "second-store", "own_path", "by-name", "name", "key-one",
      "key-four", "later-name", shop,
    ]
    for text in secrets {
      let forms: [[UInt8]] = [
        Array(text.utf8), text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] },
        text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] },
        try DatabaseKeyCodec.encode(.string(text)),
      ]
      // The table's own columns have names, too.
      for form in forms where form != Array("name".utf8) {
        #expect(file.firstRange(of: form) == nil && log.firstRange(of: form) == nil)
      }
    }
    try fixture.attack { connection in
      for row in try connection.storedRows() { #expect((row.sealed.count - 81) % 32 == 0) }
    }
  }
}
