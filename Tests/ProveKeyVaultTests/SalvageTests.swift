import Foundation
import ProveKeyModel
import ProveKeySealing
import SQLiteDatabase
import Testing

@testable import ProveKeyVault

/// What can be read out of a damaged vault, and what a new vault of it is worth.
@Suite struct SalvageTests {
  let fixture: VaultFixture

  init() throws {
    fixture = try VaultFixture()
  }

  /// A vault of three placed keys, a pending one, and items of an origin without keys.
  private func makeVault() throws -> (placed: [ProveKey], pending: ProveKey) {
    let vault = try fixture.open()
    var placed: [ProveKey] = []
    for number in 0..<3 {
      let key = try vault.placeKey(in: scope("https://\(number).example"))
      placed.append(try vault.confirmKey(key.deviceID, in: key.scope))
    }
    let pending = try vault.placeKey(in: scope("https://0.example"))
    let storage = try vault.localStorage(for: "https://items.example")
    for number in 0..<40 { try storage.setItem("key \(number)", "value \(number)") }
    _ = try vault.sign(challenge, with: placed[0].deviceID)
    try vault.close()
    return (placed, pending)
  }

  private func salvage(origins: [String] = []) throws -> SalvageReport {
    try KeyVault.salvage(
      at: fixture.path, unlock: .rawKey(fixture.key), into: fixture.path("new.vault"),
      origins: origins)
  }

  private func leftovers() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: fixture.folder)
      .filter { $0.contains(".salvage") }
  }

  @Test("a sound vault is salvaged whole: keys sign on, items and the generation go on")
  func soundVault() throws {
    let (placed, pending) = try makeVault()
    let before = try fixture.open()
    let first = try before.sign(challenge, with: placed[0].deviceID)
    let generation = try before.info().generation
    try before.close()
    let bytes = try fixture.bytes()

    let report = try salvage()
    #expect(report.isWhole)
    #expect(report.lossCount == 0)
    #expect(report.keys == 4)
    #expect(report.storageItems == 40)
    #expect(try fixture.bytes() == bytes)
    #expect(try leftovers() == [])

    let new = try fixture.open("new.vault")
    #expect(try new.verify().isSound)
    #expect(try new.info().generation > generation)
    #expect(try new.currentKey(in: placed[0].scope) == placed[0])
    #expect(try new.pendingKey(in: pending.scope) == pending)
    let storage = try new.localStorage(for: "https://items.example")
    #expect(try storage.count == 40)
    #expect(try storage.getItem("key 7") == "value 7")
    let next = try new.sign(challenge, with: placed[0].deviceID)
    #expect(try verifies(next, of: placed[0]))
    #expect(try #require(next.counter) > #require(first.counter))
  }

  @Test("without a target a salvage only reports, and writes nothing")
  func reportOnly() throws {
    _ = try makeVault()
    let before = try FileManager.default.contentsOfDirectory(atPath: fixture.folder).sorted()
    let report = try KeyVault.salvage(at: fixture.path, unlock: .rawKey(fixture.key))
    #expect(report.isWhole)
    let after = try FileManager.default.contentsOfDirectory(atPath: fixture.folder).sorted()
    #expect(before == after)
  }

  @Test("a record that does not open is listed and everything else is saved")
  func flippedRecord() throws {
    _ = try makeVault()
    try fixture.attack { connection in
      let namespaces = Dictionary(grouping: try connection.storedRows(), by: \.namespace)
      var row = try #require(namespaces.values.first { $0.count == 40 }?.first)
      row.sealed[80] ^= 1
      try connection.putBack(row)
    }
    #expect(try vaultError { _ = try fixture.open() } == nil)
    let report = try salvage()
    #expect(!report.isWhole)
    #expect(report.losses.contains(VaultDamage(.record, .notAuthentic)))
    #expect(report.keys == 4)
    #expect(report.storageItems == 39)
    #expect(try fixture.open("new.vault").verify().isSound)
  }

  @Test("a deleted row is counted, and counters go on above any value that was given out (V10)")
  func deletedCounter() throws {
    let (placed, _) = try makeVault()
    let vault = try fixture.open()
    var last: UInt64 = 0
    for _ in 0..<600 {
      last = try #require(try vault.sign(challenge, with: placed[0].deviceID).counter)
    }
    let counter = vault.withCounterLocator(of: placed[0])
    try vault.close()
    try fixture.attack { connection in
      for row in try connection.storedRows() where row.locator == counter {
        try connection.delete(row)
      }
    }
    #expect(
      try vaultError { _ = try fixture.open() }
        == .damaged(VaultDamage(.records, .count(found: 52, expected: 53))))
    let report = try salvage()
    #expect(!report.isWhole)
    #expect(report.losses == [VaultDamage(.records, .count(found: 52, expected: 53))])
    let new = try fixture.open("new.vault")
    let next = try new.sign(challenge, with: placed[0].deviceID)
    #expect(try #require(next.counter) > last)
    // A server that has seen the old vault finds this one's generation behind it.
    let signed = try #require(next.vaultState)
    #expect(signed.generation < 20)
  }

  @Test("an older row put back is genuine, and the report does not call it whole (V2)")
  func replayedRow() throws {
    let vault = try fixture.open()
    let storage = try vault.localStorage(for: "https://items.example")
    try storage.setItem("k", "old")
    try vault.close()
    var old: [StoredRow] = []
    try fixture.attack { old = try $0.storedRows() }
    let again = try fixture.open()
    try again.localStorage(for: "https://items.example").setItem("k", "new")
    try again.close()
    try fixture.attack { connection in
      for row in old { try connection.putBack(row) }
    }
    let report = try salvage()
    #expect(!report.isWhole)
    #expect(report.losses == [VaultDamage(.records, .replaced)])
    #expect(report.storageItems == 1)
  }

  @Test("a page of zeros hides no more rows than stood on it")
  func tornPage() throws {
    let vault = try fixture.open()
    let storage = try vault.localStorage(for: "https://items.example")
    for number in 0..<400 { try storage.setItem("key \(number)", "value \(number)") }
    try vault.close()
    let size = try fixture.bytes().count
    var page = 0
    try fixture.attack { connection in
      // A leaf in the middle of the table.
      page = Int(
        try connection.int64(
          """
          SELECT pageno FROM dbstat WHERE name = 'record' AND pagetype = 'leaf'
          ORDER BY pageno LIMIT 1 OFFSET 5
          """))
    }
    try fixture.overwrite((page - 1) * 4096..<page * 4096, with: 0, in: "device.vault")
    #expect(size > page * 4096)
    // The page may have held the record that names the origin.
    let report = try salvage(origins: ["https://items.example"])
    #expect(!report.isWhole)
    #expect(report.losses.contains(VaultDamage(.file, .malformed)))
    #expect(report.storageItems > 350)
    #expect(report.storageItems < 400)
    let new = try fixture.open("new.vault")
    #expect(try new.localStorage(for: "https://items.example").count == report.storageItems)
  }

  @Test("without the record that names their origin items are lost, unless the caller names it")
  func namelessItems() throws {
    _ = try makeVault()
    let vault = try fixture.open()
    let usage = vault.withUsageLocator(of: "https://items.example")
    try vault.close()
    try fixture.attack { connection in
      for row in try connection.storedRows() where row.locator == usage {
        try connection.delete(row)
      }
    }
    let unnamed = try salvage()
    #expect(unnamed.storageItems == 0)
    #expect(unnamed.losses.filter { $0 == VaultDamage(.storage, .missing) }.count == 40)
    try fixture.remove("new.vault")
    let named = try salvage(origins: ["https://items.example"])
    #expect(named.storageItems == 40)
  }

  @Test("databases are saved with their order, indexes and generators")
  func databases() throws {
    let vault = try fixture.open()
    let database = try vault.database("shop", for: "https://a.example", version: 3) { upgrade in
      let store = try upgrade.createStore("devices", autoIncrement: true)
      try store.createIndex("name", keyPath: .path(Array("name".utf16)), unique: true)
    }
    try database.write("devices") { transaction in
      for name in ["c", "a", "b"] {
        _ = try transaction.put(.object(["name": .string(name)]))
      }
    }
    try vault.close()
    try fixture.attack { connection in
      // The store's state goes: its generator must still not give a key twice.
      for row in try connection.storedRows() where row.sealed.count == 113 {
        try connection.delete(row)
      }
    }
    let report = try salvage()
    #expect(report.databases == 1)
    #expect(report.databaseRows == 3)
    #expect(report.losses.contains(VaultDamage(.database, .missing)))
    let new = try fixture.open("new.vault")
    #expect(try new.verify().isSound)
    let again = try new.database("shop", for: "https://a.example")
    #expect(again.version == 3)
    try again.write("devices") { transaction in
      let keys = try transaction.onlyStore.index("name").getAllKeys()
      #expect(keys == [.number(2), .number(3), .number(1)])
      let next = try transaction.put(.object(["name": .string("d")]))
      #expect(next == .number(4))
    }
  }

  @Test("a key whose private half is lost is not saved (V9)")
  func lostSeed() throws {
    let (placed, _) = try makeVault()
    let vault = try fixture.open()
    let seed = vault.withSeedLocator(of: placed[1])
    try vault.close()
    try fixture.attack { connection in
      for row in try connection.storedRows() where row.locator == seed {
        try connection.delete(row)
      }
    }
    let report = try salvage()
    #expect(report.keys == 3)
    #expect(report.losses.contains(VaultDamage(.keys, .missing)))
    let new = try fixture.open("new.vault")
    #expect(try new.key(placed[1].deviceID) == nil)
    #expect(try new.key(placed[2].deviceID) == placed[2])
  }

  @Test("a dropped index, a lost state: the rows are read all the same")
  func lostIndexAndState() throws {
    _ = try makeVault()
    try fixture.attack { connection in
      try connection.execute("DROP INDEX record_by_namespace")
      try connection.execute("DELETE FROM state")
    }
    let report = try salvage()
    #expect(!report.isWhole)
    #expect(report.losses == [VaultDamage(.state, .missing)])
    #expect(report.keys == 4)
    #expect(report.storageItems == 40)
  }

  @Test("a wrong key, a lost header, a target that is there: an error each, and nothing is left")
  func refusals() throws {
    _ = try makeVault()
    let target = fixture.path("new.vault")
    let wrong = UnlockMethod.rawKey(try RawKey.random())
    #expect(
      try vaultError { try KeyVault.salvage(at: fixture.path, unlock: wrong, into: target) }
        == .wrongKey)
    #expect(
      try vaultError {
        try KeyVault.salvage(at: fixture.path, unlock: .rawKey(fixture.key), into: fixture.path)
      } == .alreadyExists)
    try fixture.attack { try $0.execute("DELETE FROM header") }
    #expect(
      try vaultError {
        try KeyVault.salvage(at: fixture.path, unlock: .rawKey(fixture.key), into: target)
      } == .damaged(VaultDamage(.header, .missing)))
    #expect(
      try vaultError {
        try KeyVault.salvage(at: target, unlock: .rawKey(fixture.key))
      } == .missing)
    #expect(try leftovers() == [])
    #expect(!FileManager.default.fileExists(atPath: target))
  }
}

extension KeyVault {
  /// The locator of a key's counter, as an attacker who knows which row it is would.
  fileprivate func withCounterLocator(of key: ProveKey) -> [UInt8]? {
    try? withRing { ring throws(VaultError) in ring.store.keys.counterLocator(key.publicKey).bytes }
  }

  fileprivate func withSeedLocator(of key: ProveKey) -> [UInt8]? {
    try? withRing { ring throws(VaultError) in ring.store.keys.seedLocator(key.publicKey).bytes }
  }

  fileprivate func withUsageLocator(of origin: String) -> [UInt8]? {
    try? withRing { ring throws(VaultError) in ring.store.keys.storageUsageLocator(origin).bytes }
  }
}

/// Decay and intent are told apart where the evidence allows.
@Suite struct DamageCauseTests {
  let fixture: VaultFixture

  init() throws {
    fixture = try VaultFixture()
  }

  private func damage(_ attack: (Connection) throws -> Void) throws -> VaultDamage {
    let vault = try fixture.open()
    try vault.localStorage(for: "https://a.example").setItem("k", "v")
    try vault.close()
    try fixture.attack("device.vault", attack)
    let error = try vaultError { _ = try fixture.open() }
    var found: VaultDamage?
    if case .damaged(let damage)? = error { found = damage }
    return try #require(found)
  }

  @Test("a header whose checksum is broken has decayed; one whose checksum was mended was edited")
  func header() throws {
    let decayed = try damage { connection in
      var header = try connection.blob("SELECT bytes FROM header")
      header[30] ^= 1
      try connection.run("UPDATE header SET bytes = ?", header)
    }
    #expect(decayed == VaultDamage(.header, .malformed))
    #expect(decayed.cause == .accident)
    try fixture.remove("device.vault")
    let edited = try damage { connection in
      var header = try connection.blob("SELECT bytes FROM header")
      header[header.count - 70] ^= 1  // in the wrapped root key
      let body = Array(header[..<(header.count - 32)])
      try connection.run(
        "UPDATE header SET bytes = ?", body + Hashing.blake2b256(of: body.span))
    }
    #expect(edited.place == .header)
    #expect(edited.cause == .intent)
  }

  @Test("another table is intent; a row taken away or put back may be a disk's lost write")
  func rows() throws {
    #expect(try damage { try $0.execute("CREATE TABLE more (id INTEGER)") }.cause == .intent)
    try fixture.remove("device.vault")
    #expect(try damage { try $0.execute("DELETE FROM record") }.cause == .either)
    try fixture.remove("device.vault")
    let strange = try damage { connection in
      var row = try #require(try connection.storedRows().first)
      row.locator[0] ^= 1
      row.version = 1
      try connection.putBack(row)
    }
    #expect(strange.cause == .either)
  }
}
