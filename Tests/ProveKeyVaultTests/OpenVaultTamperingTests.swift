import ProveKeyModel
import ProveKeyVault
import SQLiteDatabase
import Testing

/// Attacks on the file of a vault that is open: in shared mode SQL gets at it at any time.
@Suite("a file that was edited under an open vault")
struct OpenVaultTamperingTests {
  let fixture: VaultFixture

  init() throws { fixture = try VaultFixture() }

  private func damage(
    _ place: VaultDamage.Place, _ finding: VaultDamage.Finding
  ) -> VaultError { .damaged(VaultDamage(place, finding)) }

  /// An open shared vault with a placed key that has signed.
  private func makeVault() throws -> (KeyVault, ProveKey) {
    let vault = try fixture.open(mode: .shared)
    let key = try vault.confirmKey(vault.placeKey(in: scope()).deviceID, in: scope())
    _ = try vault.sign(challenge, with: key)
    return (vault, key)
  }

  @Test("an older authentic row put back is refused when it is read (V4)")
  func olderRow() throws {
    let (vault, key) = try makeVault()
    var older: [StoredRow] = []
    try fixture.attack { older = try $0.storedRows() }
    let last = try vault.sign(challenge, with: key)
    try fixture.attack { connection in
      let newer = try connection.storedRows()
      for row in older where !newer.contains(row) { try connection.putBack(row) }
    }
    // With the older counter the same value would be given out twice.
    #expect(
      try vaultError { _ = try vault.sign(challenge, with: key) } == damage(.record, .replaced))
    #expect(last.counter == 2)
    let report = try vault.verify()
    #expect(report.problems == [VaultDamage(.record, .replaced)])
  }

  @Test("a row deleted is missed when it is read, and when the scope is listed (V4)")
  func deletedRow() throws {
    let (vault, key) = try makeVault()
    try fixture.attack { try $0.execute("DELETE FROM record") }
    #expect(try vaultError { _ = try vault.keys(in: scope()) } == damage(.record, .missing))
    #expect(
      try vaultError { _ = try vault.sign(challenge, with: key) } == damage(.record, .missing))
    #expect(try vaultError { try vault.removeKey(key.deviceID) } == damage(.record, .missing))
    let report = try vault.verify()
    #expect(report.records == 0)
    #expect(report.problems.contains(VaultDamage(.records, .count(found: 0, expected: 4))))
  }

  @Test("a foreign row in a scope's namespace is refused when the scope is listed (V4)")
  func addedRow() throws {
    let (vault, _) = try makeVault()
    try fixture.attack { connection in
      for var row in try connection.storedRows() {
        row.locator[0] ^= 1
        try connection.putBack(row)
      }
    }
    #expect(try vaultError { _ = try vault.keys(in: scope()) } == damage(.record, .unexpected))
    #expect(try vault.verify().problemCount >= 4)
  }

  @Test("a row that hides from its scope's namespace is missed when the scope is listed (V4)")
  func hiddenRow() throws {
    let (vault, _) = try makeVault()
    let hidden = [UInt8](repeating: 7, count: 16)
    try fixture.attack { try $0.run("UPDATE record SET namespace = ?", hidden) }
    #expect(try vaultError { _ = try vault.keys(in: scope()) } == damage(.record, .missing))
  }

  @Test("an older state with all its rows, put back under an open vault, is a rollback (V6)")
  func rollback() throws {
    let (vault, key) = try makeVault()
    var rows: [StoredRow] = []
    var state: [UInt8] = []
    try fixture.attack { connection in
      rows = try connection.storedRows()
      state = try connection.blob("SELECT sealed FROM state")
    }
    _ = try vault.sign(challenge, with: key)
    try fixture.attack { connection in
      for row in rows { try connection.putBack(row) }
      try connection.run("UPDATE state SET sealed = ?", state)
    }
    #expect(try vaultError { _ = try vault.sign(challenge, with: key) } == .rolledBack)
    #expect(try vaultError { _ = try vault.key(key.deviceID) } == .rolledBack)
    #expect(try vaultError { _ = try vault.placeKey(in: scope()) } == .rolledBack)
  }

  @Test("a state row deleted under an open vault is missed (V6)")
  func stateDeleted() throws {
    let (vault, key) = try makeVault()
    try fixture.attack { try $0.execute("DELETE FROM state") }
    #expect(try vaultError { _ = try vault.key(key.deviceID) } == damage(.state, .missing))
  }

  @Test("a refused call leaves a vault that goes on when the file is mended")
  func mended() throws {
    let (vault, key) = try makeVault()
    var row: StoredRow?
    try fixture.attack { connection in
      row = try connection.storedRows().last
      if let row { try connection.delete(row) }
    }
    #expect(try !vault.verify().isSound)
    try fixture.attack { connection in
      if let row { try connection.putBack(row) }
    }
    #expect(try vault.verify().isSound)
    #expect(try vault.sign(challenge, with: key).counter == 2)
  }

  @Test("a row that cannot be read does not hide what is wrong with the rows before it")
  func unreadableRow() throws {
    let (vault, _) = try makeVault()
    try fixture.attack { connection in
      var rows = try connection.storedRows().sorted {
        $0.locator.lexicographicallyPrecedes($1.locator)
      }
      rows[0].sealed[rows[0].sealed.count - 1] ^= 1
      try connection.putBack(rows[0])
      try connection.execute(
        """
        PRAGMA ignore_check_constraints = ON;
        UPDATE record SET version = -1 WHERE locator = (SELECT max(locator) FROM record)
        """)
    }
    let report = try vault.verify()
    #expect(
      report.problems.filter { $0.place == .record } == [
        VaultDamage(.record, .notAuthentic), VaultDamage(.record, .malformed),
      ])
  }

  @Test("bytes overwritten under an open exclusive vault give right answers or a typed error (V4)")
  func rawBytes() throws {
    let made = try fixture.open()
    let key = try made.confirmKey(made.placeKey(in: scope()).deviceID, in: scope())
    try made.close()
    let vault = try fixture.open()
    let size = try fixture.bytes().count
    try fixture.overwrite(4096..<size, with: 0x5A)
    _ = try vaultError { () throws in
      #expect(try vault.key(key.deviceID) == key)
      #expect(try vault.keys(in: scope()) == [key])
      #expect(try verifies(vault.sign(challenge, with: key), of: key))
    }
    _ = try vaultError {
      let report = try vault.verify()
      #expect(!report.isSound)
    }
  }
}
