import ProveKeyModel
import ProveKeySealing
import ProveKeyVault
import SQLiteDatabase
import Testing

/// Attacks by someone who can run any SQL on the closed file and knows no key.
@Suite("a file that was edited while the vault was closed")
struct TamperingTests {
  let fixture: VaultFixture

  init() throws { fixture = try VaultFixture() }

  /// A vault with a placed and a pending key, both of which have signed.
  @discardableResult
  private func makeVault(_ name: String = "device.vault") throws -> [ProveKey] {
    let vault = try fixture.open(name)
    let placed = try vault.confirmKey(vault.placeKey(in: scope()).deviceID, in: scope())
    let pending = try vault.placeKey(in: scope())
    for key in [placed, pending] { _ = try vault.sign(challenge, with: key) }
    try vault.close()
    return [placed, pending]
  }

  private func openingError(_ name: String = "device.vault") throws -> VaultError? {
    try vaultError { _ = try fixture.open(name) }
  }

  private let replaced = VaultError.damaged(VaultDamage(.records, .replaced))

  private func count(_ found: UInt64, _ expected: UInt64) -> VaultError {
    .damaged(VaultDamage(.records, .count(found: found, expected: expected)))
  }

  @Test("any one row deleted is missed (V2)", arguments: 0..<7)
  func rowDeleted(index: Int) throws {
    try makeVault()
    try fixture.attack { connection in
      let rows = try connection.storedRows()
      #expect(rows.count == 7)
      try connection.delete(rows[index])
    }
    #expect(try openingError() == count(6, 7))
  }

  @Test("all rows deleted are missed (V2)")
  func allRowsDeleted() throws {
    try makeVault()
    try fixture.attack { try $0.execute("DELETE FROM record") }
    #expect(try openingError() == count(0, 7))
  }

  @Test("an older row with its older version, put back, is found (V2, V3)")
  func olderRow() throws {
    let keys = try makeVault()
    var older: [StoredRow] = []
    try fixture.attack { older = try $0.storedRows() }
    let vault = try fixture.open()
    _ = try vault.sign(challenge, with: keys[0])  // rewrites the counter
    try vault.close()
    try fixture.attack { connection in
      let newer = try connection.storedRows()
      let changed = older.filter { !newer.contains($0) }
      #expect(changed.count == 1)
      for row in changed { try connection.putBack(row) }
    }
    #expect(try openingError() == replaced)
  }

  @Test("a deleted row put back is found (V2)")
  func deletedRowReturns() throws {
    let keys = try makeVault()
    var older: [StoredRow] = []
    try fixture.attack { older = try $0.storedRows() }
    let vault = try fixture.open()
    #expect(try vault.removeKey(keys[0].deviceID))
    try vault.close()
    try fixture.attack { connection in for row in older { try connection.putBack(row) } }
    #expect(try openingError() != nil)
  }

  @Test("two rows that change places are found (V2)")
  func swappedRows() throws {
    try makeVault()
    try fixture.attack { connection in
      let rows = try connection.storedRows()
      var (first, second) = (rows[0], rows[1])
      swap(&first.locator, &second.locator)
      for row in [first, second] { try connection.putBack(row) }
    }
    #expect(try openingError() == replaced)
  }

  @Test("two rows whose sealed bytes change places are found (V2)")
  func swappedContents() throws {
    try makeVault()
    try fixture.attack { connection in
      let rows = try connection.storedRows()
      var (first, second) = (rows[0], rows[1])
      swap(&first.sealed, &second.sealed)
      for row in [first, second] { try connection.putBack(row) }
    }
    #expect(try openingError() == replaced)
  }

  @Test("a row of another vault with the same key is found (V2)")
  func rowOfAnotherVault() throws {
    try makeVault()
    try makeVault("other.vault")
    var foreign: [StoredRow] = []
    try fixture.attack("other.vault") { foreign = try $0.storedRows() }
    try fixture.attack { try $0.putBack(foreign[0]) }
    #expect(try openingError() == count(8, 7))
  }

  @Test("a row moved to another namespace is found (V2)")
  func editedNamespace() throws {
    try makeVault()
    try fixture.attack { connection in
      let rows = try connection.storedRows()
      var row = rows[0]
      row.namespace = try #require(rows.first { $0.namespace != row.namespace }).namespace
      try connection.putBack(row)
    }
    #expect(try openingError() == replaced)
  }

  @Test("a row whose version or epoch was edited is found (V2, V3)")
  func editedColumns() throws {
    try makeVault()
    try fixture.crashCopy(to: "second.vault")
    try fixture.crashCopy(to: "third.vault")
    try fixture.attack { try $0.execute("UPDATE record SET version = 1 WHERE version = 2") }
    #expect(try openingError() == replaced)
    try fixture.attack("second.vault") { try $0.execute("UPDATE record SET version = 999") }
    #expect(try openingError("second.vault") == .damaged(VaultDamage(.record, .unexpected)))
    try fixture.attack("third.vault") { try $0.execute("UPDATE record SET epoch = 2") }
    #expect(try openingError("third.vault") == .damaged(VaultDamage(.record, .malformed)))
  }

  @Test("an older state row put back is found (V2)")
  func olderState() throws {
    let keys = try makeVault()
    var older: [UInt8] = []
    try fixture.attack { older = try $0.blob("SELECT sealed FROM state") }
    let vault = try fixture.open()
    _ = try vault.sign(challenge, with: keys[0])
    try vault.close()
    try fixture.attack { try $0.run("UPDATE state SET sealed = ?", older) }
    #expect(try openingError() != nil)
  }

  @Test("a state row that is missing, foreign or edited is found")
  func badState() throws {
    try makeVault()
    for name in ["foreign", "edited"] { try fixture.crashCopy(to: name) }
    try fixture.attack { try $0.execute("DELETE FROM state") }
    #expect(try openingError() == .damaged(VaultDamage(.state, .missing)))

    try makeVault("other.vault")
    var foreign: [UInt8] = []
    try fixture.attack("other.vault") { foreign = try $0.blob("SELECT sealed FROM state") }
    try fixture.attack("foreign") { try $0.run("UPDATE state SET sealed = ?", foreign) }
    #expect(try openingError("foreign") == .damaged(VaultDamage(.state, .foreign)))

    try fixture.attack("edited") { connection in
      var sealed = try connection.blob("SELECT sealed FROM state")
      sealed[100] ^= 1
      try connection.run("UPDATE state SET sealed = ?", sealed)
    }
    #expect(try openingError("edited") == .damaged(VaultDamage(.state, .notAuthentic)))
  }

  @Test("an older header of the same vault, put back, does not let its key in again (V5)")
  func olderHeader() throws {
    try makeVault()
    let other = UnlockMethod.rawKey(try RawKey.random())
    try fixture.attack { connection in
      // A header for the same root that the vault did not write last.
      let tables = try #require(try HeaderTables(reading: connection))
      let keys = try StoreKeys.open(
        header: tables.header,
        epochs: tables.epochs.map { SealedEpoch(epoch: UInt32($0.epoch), sealed: $0.sealed) },
        kind: .vault, unlock: .rawKey(fixture.key))
      try connection.run("UPDATE header SET bytes = ?", try keys.rewrap(unlock: other))
    }
    let path = fixture.path
    #expect(
      try vaultError { _ = try KeyVault.open(at: path, unlock: other) }
        == .damaged(VaultDamage(.header, .replaced)))
  }

  @Test("a header that is missing, damaged or another vault's is found (V5)")
  func badHeader() throws {
    try makeVault()
    for name in ["damaged", "foreign", "epochless"] { try fixture.crashCopy(to: name) }
    try fixture.attack { try $0.execute("DELETE FROM header") }
    #expect(try openingError() == .damaged(VaultDamage(.header, .missing)))

    try fixture.attack("damaged") { connection in
      var header = try connection.blob("SELECT bytes FROM header")
      header[40] ^= 1
      try connection.run("UPDATE header SET bytes = ?", header)
    }
    #expect(try openingError("damaged") == .damaged(VaultDamage(.header, .malformed)))

    try makeVault("other.vault")
    var header: [UInt8] = []
    try fixture.attack("other.vault") { header = try $0.blob("SELECT bytes FROM header") }
    try fixture.attack("foreign") { try $0.run("UPDATE header SET bytes = ?", header) }
    #expect(try openingError("foreign") == .damaged(VaultDamage(.epochKey, .foreign)))

    try fixture.attack("epochless") { try $0.execute("DELETE FROM epoch") }
    #expect(try openingError("epochless") == .damaged(VaultDamage(.epochKey, .notAuthentic)))
  }

  @Test(
    "a schema with anything more, less or other is refused, and no trigger runs",
    arguments: [
      "CREATE TRIGGER t AFTER UPDATE ON state BEGIN DELETE FROM record; END",
      "CREATE VIEW v AS SELECT 1", "CREATE TABLE more (a)", "DROP INDEX record_by_namespace",
      "CREATE INDEX more ON record (version)", "ALTER TABLE record ADD COLUMN more INTEGER",
      """
      DROP INDEX record_by_namespace;
      CREATE INDEX record_by_namespace ON record (namespace, locator) WHERE version > 3
      """,
    ])
  func editedSchema(sql: String) throws {
    try makeVault()
    try fixture.attack { try $0.execute(sql) }
    #expect(try openingError() == .damaged(VaultDamage(.schema, .replaced)))
  }

  @Test("every row and the state put back together are one older vault: generation tells")
  func wholeOlderContent() throws {
    let keys = try makeVault()
    var rows: [StoredRow] = []
    var state: [UInt8] = []
    try fixture.attack { connection in
      rows = try connection.storedRows()
      state = try connection.blob("SELECT sealed FROM state")
    }
    let vault = try fixture.open()
    let last = try vault.sign(challenge, with: keys[0])
    for _ in 0..<200 { _ = try vault.sign(challenge, with: keys[0]) }
    #expect(try vault.removeKey(keys[1].deviceID))
    let generation = try vault.info().generation
    try vault.close()
    try fixture.attack { connection in
      try connection.execute("DELETE FROM record")
      for row in rows { try connection.putBack(row) }
      try connection.run("UPDATE state SET sealed = ?", state)
    }
    let older = try fixture.open()
    let again = try older.sign(challenge, with: keys[0])
    #expect(try #require(again.vaultState).generation < generation)
    #expect(try #require(again.counter) <= #require(last.counter))
  }
}
