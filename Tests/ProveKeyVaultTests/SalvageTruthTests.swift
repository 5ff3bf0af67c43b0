import ProveKeyModel
import ProveKeySealing
import SQLiteDatabase
import Testing

@testable import ProveKeyVault

#if canImport(Glibc)
  import Glibc
#endif

/// What a salvage says is so, and it costs no more than it must.
@Suite struct SalvageTruthTests {
  let fixture: VaultFixture

  init() throws {
    fixture = try VaultFixture()
  }

  private func salvage(into target: String?) throws -> SalvageReport {
    try KeyVault.salvage(
      at: fixture.path, unlock: .rawKey(fixture.key), into: target.map { fixture.path($0) })
  }

  /// A vault whose state vouches for an item that stands where another one belongs.
  private func makeContradiction() throws {
    let vault = try fixture.open()
    let origin = "https://a.example"
    try vault.localStorage(for: origin).setItem("k", "v")
    try vault.withRing { ring throws(VaultError) in
      try ring.store.writing { writer throws(VaultError) in
        let keys = writer.reader.keys
        try writer.put(
          StorageItemRecord(key: Array("other".utf16), value: []).encoded,
          at: keys.storageItemLocator(origin, Array("place".utf16)),
          in: keys.storageItemsNamespace(origin))
      }
    }
    try vault.close()
  }

  @Test(
    "a loss that shows only when the roles are held together is told: nothing is whole beside it")
  func lateLoss() throws {
    try makeContradiction()
    let report = try salvage(into: "new.vault")
    #expect(report.losses == [VaultDamage(.storage, .contradictory)])
    #expect(!report.isWhole)
    #expect(report.storageItems == 1)
    #expect(try fixture.open("new.vault").localStorage(for: "https://a.example").count == 1)
  }

  @Test("a report without a target says what one with a target says")
  func sameReport() throws {
    try makeContradiction()
    #expect(try salvage(into: nil) == salvage(into: "new.vault"))
  }

  /// Writes rows of a store as the vault itself would, with values that it would refuse.
  private func forge(_ rows: [(key: Double, value: [UInt8])], in vault: KeyVault) throws {
    try vault.withRing { ring throws(VaultError) in
      try ring.store.writing { writer throws(VaultError) in
        let keys = writer.reader.keys
        let room = try DatabaseRoom("https://a.example", Array("d".utf16), keys)
        let record = try ring.databases.record(room, writer.reader)
        for row in rows {
          guard let schema = record?.stores.first else { return }
          let place = room.store(schema.id, keys)
          let key = try DatabaseKeyCodec.encode(.number(row.key))
          try writer.put(
            DatabaseRow(key: key, value: row.value).encoded,
            at: keys.databaseRowLocator(place.rows, key), in: place.rows)
        }
      }
    }
  }

  private func makeStore(_ vault: KeyVault) throws {
    try vault.database("d", for: "https://a.example", version: 1) { upgrade in
      let store = try upgrade.createStore("s", autoIncrement: true)
      for name in ["a", "b"] {
        try store.createIndex(name, keyPath: .path(Array(name.utf16)), unique: true)
      }
    }.close()
  }

  private func encoded(_ a: Double, _ b: Double) throws -> [UInt8] {
    try DatabaseValueCodec.encode(.object(["a": .number(a), "b": .number(b)]))
  }

  @Test("a row whose value cannot be read is a loss that is told, and is not counted")
  func unreadableValue() throws {
    let vault = try fixture.open()
    try makeStore(vault)
    try forge([(1, encoded(1, 1)), (2, [99])], in: vault)
    try vault.close()
    let report = try salvage(into: "new.vault")
    #expect(report.databaseRows == 1)
    #expect(report.losses == [VaultDamage(.database, .malformed)])
    #expect(!report.isWhole)
  }

  @Test("a row that is not saved, since one of its unique keys is taken, takes none from others")
  func takesNothing() throws {
    let vault = try fixture.open()
    try makeStore(vault)
    try forge([(1, encoded(1, 1)), (2, encoded(2, 1)), (3, encoded(2, 2))], in: vault)
    try vault.close()
    let source = try SalvageSource(copying: fixture.path, .rawKey(fixture.key))
    let harvest = try SalvageHarvest(source, origins: [])
    let stores = try SalvageStores(harvest, from: source.keys, to: source.keys)
    var rows: [[UInt8]: (row: RecordTable.Row, content: [UInt8])] = [:]
    try source.forEachRow { row, sealed throws(VaultError) in
      guard case (.databaseRow, let content)? = try source.keys.content(of: row, sealed) else {
        return
      }
      rows[try DatabaseRow.decode(content).key] = (row, content)
    }
    for (number, isSaved) in [(1.0, true), (2, false), (3, true)] {
      let found = try #require(rows[try DatabaseKeyCodec.encode(.number(number))])
      let error = try vaultError { _ = try stores.record(of: found.row, found.content) }
      #expect((error == nil) == isSaved, "row \(number)")
    }
    try source.discard()
  }

  @Test("what fails while rows are handed on is thrown on, and is no loss of the damaged vault")
  func failureOfTheCaller() throws {
    let vault = try fixture.open()
    _ = try vault.placeKey(in: scope())
    try vault.close()
    let source = try SalvageSource(copying: fixture.path, .rawKey(fixture.key))
    let failure = VaultError.damaged(VaultDamage(.file, .malformed))
    #expect(throws: failure) {
      try source.forEachRow { _, _ throws(VaultError) in throw failure }
    }
    #expect(source.losses.count == 0)
    try source.discard()
  }

  @Test("the rows of a store with a unique index take time in proportion to their number")
  func uniqueIndex() throws {
    let vault = try fixture.open()
    let database = try vault.database("d", for: "https://a.example", version: 1) { upgrade in
      let store = try upgrade.createStore("s", autoIncrement: true)
      try store.createIndex("n", keyPath: .path(Array("n".utf16)), unique: true)
    }
    let count = 24_000
    for start in stride(from: 0, to: count, by: 6_000) {
      try database.write("s") { transaction in
        for number in start..<start + 6_000 {
          _ = try transaction.put(.object(["n": .number(Double(number))]))
        }
      }
    }
    try vault.close()
    let source = try SalvageSource(copying: fixture.path, .rawKey(fixture.key))
    let harvest = try SalvageHarvest(source, origins: [])
    let stores = try SalvageStores(harvest, from: source.keys, to: source.keys)
    var (rows, marks): (Int, [Int: Double]) = (0, [0: Self.threadSeconds()])
    try source.forEachRow { row, sealed throws(VaultError) in
      guard case (.databaseRow, let content)? = try source.keys.content(of: row, sealed),
        try stores.record(of: row, content) != nil
      else { return }
      rows += 1
      if rows % (count / 6) == 0 { marks[rows] = Self.threadSeconds() }
    }
    try source.discard()
    #expect(rows == count)
    let first = try #require(marks[count / 6]) - #require(marks[0])
    let last = try #require(marks[count]) - #require(marks[count / 6 * 5])
    #expect(last < 2.5 * first, "the last sixth of the rows takes about as long as the first")
  }

  /// Processor time of this thread: what other tests do meanwhile does not count.
  private static func threadSeconds() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
