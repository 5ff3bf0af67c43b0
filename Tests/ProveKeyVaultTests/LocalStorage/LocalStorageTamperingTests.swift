import ProveKeySealing
import SQLiteDatabase
import Testing

@testable import ProveKeyVault

/// Attacks by someone who can run any SQL on the file and knows no key.
@Suite("localStorage in a file that was edited")
struct LocalStorageTamperingTests {
  let fixture: VaultFixture

  init() throws { fixture = try VaultFixture() }

  /// Two items and a usage record of one origin, then those of another.
  private func makeVault(_ name: String = "device.vault") throws {
    let vault = try fixture.open(name)
    let storage = try vault.localStorage(for: shop)
    try storage.setItem("a", "1")
    try storage.setItem("b", "2")
    try vault.localStorage(for: "https://other.example").setItem("a", "1")
    try vault.close()
  }

  private func openingError(_ name: String = "device.vault") throws -> VaultError? {
    try vaultError { _ = try fixture.open(name) }
  }

  @Test("any one row deleted is missed at opening (V2)", arguments: 0..<5)
  func deleted(index: Int) throws {
    try makeVault()
    try fixture.attack { connection in
      let rows = try connection.storedRows()
      #expect(rows.count == 5)
      try connection.delete(rows[index])
    }
    let finding = VaultDamage.Finding.count(found: 4, expected: 5)
    #expect(try openingError() == .damaged(VaultDamage(.records, finding)))
  }

  @Test("an item's or usage's older row put back is found at opening (V2)")
  func replayed() throws {
    try makeVault()
    var older: [StoredRow] = []
    try fixture.attack { older = try $0.storedRows() }
    let vault = try fixture.open()
    try vault.localStorage(for: shop).setItem("a", "longer than before")
    try vault.close()
    var changed: [StoredRow] = []
    try fixture.attack { connection in
      let newer = try connection.storedRows()
      changed = older.filter { !newer.contains($0) }
    }
    #expect(changed.count == 2)
    for (number, row) in changed.enumerated() {
      try fixture.crashCopy(to: "replay \(number)")
      try fixture.attack("replay \(number)") { try $0.putBack(row) }
      #expect(
        try openingError("replay \(number)") == .damaged(VaultDamage(.records, .replaced)))
    }
    #expect(try openingError() == nil)
  }

  @Test("a removed item put back is found at opening (V2)")
  func returned() throws {
    try makeVault()
    var older: [StoredRow] = []
    try fixture.attack { older = try $0.storedRows() }
    let vault = try fixture.open()
    try vault.localStorage(for: shop).clear()
    try vault.close()
    try fixture.attack { connection in for row in older { try connection.putBack(row) } }
    #expect(try openingError() != nil)
  }

  @Test("items that change places, within or across origins, are found at opening (V2)")
  func swapped() throws {
    try makeVault()
    var count = 0
    try fixture.attack { count = try $0.storedRows().count }
    for first in 0..<count {
      for second in first + 1..<count {
        let name = "swap \(first) \(second)"
        try fixture.crashCopy(to: name)
        try fixture.attack(name) { connection in
          var rows = try connection.storedRows()
          let sealed = rows[first].sealed
          rows[first].sealed = rows[second].sealed
          rows[second].sealed = sealed
          for row in [rows[first], rows[second]] { try connection.putBack(row) }
        }
        #expect(try openingError(name) == .damaged(VaultDamage(.records, .replaced)))
        try fixture.remove(name)
      }
    }
  }

  @Test("rows that vanish, hide or are put back under an open vault are refused when met (V4)")
  func underOpenVault() throws {
    let vault = try fixture.open(mode: .shared)
    let storage = try vault.localStorage(for: shop)
    try storage.setItem("a", "1")
    var rows: [StoredRow] = []
    try fixture.attack { rows = try $0.storedRows() }
    try storage.setItem("a", "2")
    var last: [StoredRow] = []
    try fixture.attack { connection in
      last = try connection.storedRows()
      for row in rows { try connection.putBack(row) }
    }
    let replaced = VaultError.damaged(VaultDamage(.record, .replaced))
    let missing = VaultError.damaged(VaultDamage(.record, .missing))
    let calls: [() throws -> Void] = [
      { _ = try storage.getItem("a") }, { try storage.setItem("a", "3") },
      { try storage.removeItem("a") }, { try storage.clear() }, { _ = try storage.key(at: 0) },
    ]
    for call in calls { #expect(try vaultError(call) == replaced) }
    #expect(try !vault.verify().isSound)
    try fixture.attack { try $0.execute("DELETE FROM record") }
    for call in calls { #expect(try vaultError(call) == missing) }
    #expect(try vaultError { try storage.setItem("new", "1") } == missing)
    // Hidden from its namespace: found by its locator, missed in lists.
    try fixture.attack { connection in
      for var row in last {
        row.namespace = [UInt8](repeating: 7, count: 16)
        try connection.putBack(row)
      }
    }
    #expect(try vaultError { _ = try storage.key(at: 0) } == missing)
    #expect(try vaultError { try storage.clear() } == missing)
    // Mended, the vault goes on: no refused call has changed anything.
    try fixture.attack { connection in for row in last { try connection.putBack(row) } }
    #expect(try storage.getItem("a") == "2")
    #expect(try storage.key(at: 0) == "a")
    try storage.setItem("b", "4")
    #expect(try vault.verify().isSound)
  }

  @Test("verifying adds all items up anew and holds them against the record (L2)")
  func contradictions() throws {
    try makeVault()
    let cases: [(items: UInt64, codeUnits: UInt64, other: Bool)] = [
      (2, 5, false), (3, 4, false), (0, 0, false), (2, 4, true),
    ]
    for (number, wrong) in cases.enumerated() {
      let name = "wrong \(number)"
      try fixture.crashCopy(to: name)
      let store = try RecordStore.open(
        at: fixture.path(name), .rawKey(fixture.key), .exclusive, .openExisting)
      let origin = wrong.other ? "https://third.example" : shop
      try store.writing { writer throws(VaultError) in
        let usage = StorageUsageRecord(
          origin: origin, items: wrong.items, codeUnits: wrong.codeUnits)
        try writer.put(
          usage.encoded, at: store.keys.storageUsageLocator(origin),
          in: store.keys.storageUsagesNamespace)
      }
      try store.close()
      let vault = try fixture.open(name)
      #expect(try vault.verify().problems == [VaultDamage(.storage, .contradictory)])
      try vault.close()
    }
    #expect(try fixture.open().verify().isSound)
  }

  @Test("a usage record that contradicts its items is met before anything is written (L2)")
  func contradictionMet() throws {
    try makeVault()
    let store = try RecordStore.open(
      at: fixture.path, .rawKey(fixture.key), .exclusive, .openExisting)
    try store.writing { writer throws(VaultError) in
      try writer.delete(at: store.keys.storageUsageLocator(shop))
    }
    try store.close()
    let vault = try fixture.open()
    let storage = try vault.localStorage(for: shop)
    let contradiction = VaultError.damaged(VaultDamage(.storage, .contradictory))
    let before = try vault.info()
    #expect(try vaultError { try storage.setItem("c", "3") } == contradiction)
    #expect(try vaultError { try storage.removeItem("a") } == contradiction)
    #expect(try vault.info() == before)
    #expect(try storage.getItem("a") == "1")
    // Clearing needs no figures: it is the way out.
    try storage.clear()
    try storage.setItem("c", "3")
    #expect(try vault.verify().isSound)
  }

  @Test("what is recorded is read again, and nothing else is")
  func contents() throws {
    let item = StorageItemRecord(key: [0xD800, 0], value: [0xFFFF])
    #expect(try StorageItemRecord.decode(item.encoded) == item)
    let usage = StorageUsageRecord(origin: shop, items: 3, codeUnits: .max)
    #expect(try StorageUsageRecord.decode(usage.encoded) == usage)
    let malformed = VaultError.damaged(VaultDamage(.record, .malformed))
    for bytes in [item.encoded, usage.encoded] {
      for count in 0..<bytes.count {
        let cut = Array(bytes[..<count])
        #expect(throws: malformed) { try StorageItemRecord.decode(cut) }
        #expect(throws: malformed) { try StorageUsageRecord.decode(cut) }
      }
      #expect(throws: malformed) { try StorageItemRecord.decode(bytes + [0]) }
      #expect(throws: malformed) { try StorageUsageRecord.decode(bytes + [0]) }
    }
    // Half a code unit.
    let half: [UInt8] = [5, 1, 0, 0, 0, 1, 0x61, 0, 0, 0, 0]
    #expect(throws: malformed) { try StorageItemRecord.decode(half) }
  }
}
