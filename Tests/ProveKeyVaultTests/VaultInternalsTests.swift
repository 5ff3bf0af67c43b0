import ProveKeyModel
import ProveKeySealing
import SQLiteDatabase
import Testing

@testable import ProveKeyVault

extension Int: CacheKey {
  var seededHash: UInt64 { UInt64(truncatingIfNeeded: self) }
  func isSame(as other: Int) -> Bool { self == other }
}

@Suite("parts of the vault")
struct VaultInternalsTests {
  @Test("the statements of the hot path search an index")
  func queryPlans() throws {
    var options = ConnectionOptions()
    options.journal = .memory
    let connection = try Connection(path: ":memory:", options: options)
    try VaultSchema.migrator.migrate(connection)
    let plans: [(String, String)] = [
      (RecordTable.readSQL, "SEARCH record USING PRIMARY KEY (locator=?)"),
      (RecordTable.selectSQL, "SEARCH record USING PRIMARY KEY (locator=?)"),
      (RecordTable.listSQL, "SEARCH record USING INDEX record_by_namespace (namespace=?)"),
      (RecordTable.updateSQL, "SEARCH record USING PRIMARY KEY (locator=?)"),
      (RecordTable.deleteSQL, "SEARCH record USING PRIMARY KEY (locator=?)"),
      (RecordTable.walkSQL, "SCAN record"),
      (RecordTable.selectStateSQL, "SEARCH state USING INTEGER PRIMARY KEY (rowid=?)"),
    ]
    for (sql, plan) in plans { #expect(try connection.queryPlan(sql) == [plan]) }
  }

  @Test(
    "a commit is on disk when it returns, and what is deleted is overwritten (V1)",
    arguments: [VaultMode.exclusive, .shared])
  func settings(mode: VaultMode) throws {
    let fixture = try VaultFixture()
    let store = try RecordStore.open(
      at: fixture.path, .rawKey(fixture.key), mode, .openOrCreate)
    #expect(try store.connection.int64("PRAGMA synchronous") == 2)
    #expect(try store.connection.int64("PRAGMA secure_delete") == 1)
    #expect(try store.connection.int64("PRAGMA auto_vacuum") == 2)
    #expect(try store.connection.strings("PRAGMA journal_mode") == ["wal"])
    let locking = try store.connection.strings("PRAGMA locking_mode")
    #expect(locking == [mode == .exclusive ? "exclusive" : "normal"])
    try store.close()
  }

  @Test("a key's record with a time beyond the calendar is malformed, not another time")
  func timesBeyondTheCalendar() throws {
    let key = ProveKey(
      deviceID: try deviceID("device-a"),
      publicKey: try PublicKey(algorithm: .ed25519, bytes: [UInt8](0..<32)),
      scope: try scope(), state: .pending,
      createdAt: UTCInstant(millisecondsSinceEpoch: 1_700_000_000_000), confirmedAt: nil,
      custodian: nil, sequence: 5)
    let bytes = KeyRecord(key: key).encoded
    #expect(try KeyRecord.decode(bytes).encoded == bytes)
    // Found by the fuzzer of vault records: the time begins at byte 12.
    var beyond = bytes
    beyond[12] = 0xB3
    #expect(throws: VaultError.damaged(VaultDamage(.record, .malformed))) {
      try KeyRecord.decode(beyond)
    }
  }

  @Test("a cache keeps at most what it may and what was used lately")
  func recencyCache() {
    var cache = RecencyCache<CachedPair<Int, String>>(capacity: 8)
    for number in 0..<100 {
      cache.insert("\(number)", for: number)
      #expect(cache.value(for: 0) == "0")
      #expect(cache.count <= 9)
    }
    #expect(cache.value(for: 99) == "99")
    #expect(cache.value(for: 50) == nil)
    cache.insert("new", for: 99)
    #expect(cache.value(for: 99) == "new")
    cache.remove(99)
    #expect(cache.value(for: 99) == nil)
    cache.removeAll()
    #expect(cache.count == 0)
  }

  @Test("keys whose places are the same are told apart, and take no more than their share")
  func collisions() {
    // Multiples of a power of two have one home in every table that is smaller.
    var cache = RecencyCache<CachedPair<Int, String>>(capacity: 1_000)
    let keys = (1...64).map { $0 << 40 }
    for key in keys {
      cache.insert("\(key)", for: key)
      #expect(cache.value(for: key) == "\(key)")
    }
    #expect(cache.count == 16)
    for key in keys { #expect([nil, "\(key)"].contains(cache.value(for: key))) }
  }

  @Test("a table of rows answers as a dictionary does, however rows come and go")
  func rowTable() {
    var generator = SystemRandomNumberGenerator()
    var table = RowTable()
    var model: [Locator: TrustedRow] = [:]
    // Few locators, so that most of them come and go many times.
    let locators = (0..<300).map { _ in Locator(high: generator.next(), low: generator.next()) }
    let bytes = [UInt8](repeating: 1, count: 32)
    guard let commitment = SealedRecord.Commitment(bytes.span) else {
      Issue.record("32 bytes are a commitment")
      return
    }
    for version in 1...20_000 {
      let locator = locators[Int.random(in: 0..<300, using: &generator)]
      if Int.random(in: 0..<3, using: &generator) > 0 {
        let row = TrustedRow(
          namespace: locator, version: UInt64(version), epoch: 1, commitment: commitment)
        #expect(table.set(row, at: locator) == model.updateValue(row, forKey: locator))
      } else {
        #expect(table.remove(locator) == model.removeValue(forKey: locator))
      }
      #expect(table.count == model.count)
      if version % 1_000 == 0 {
        for locator in locators {
          #expect(table[locator] == model[locator])
          #expect(table.contains(locator) == (model[locator] != nil))
        }
      }
    }
  }

  @Test("what is recorded is read again, and nothing else is")
  func contents() throws {
    let key = ProveKey(
      deviceID: try deviceID("d-1"),
      publicKey: try PublicKey(algorithm: .ed25519, bytes: [UInt8](repeating: 9, count: 32)),
      scope: try scope(), state: .placed, createdAt: UTCInstant(millisecondsSinceEpoch: -5),
      confirmedAt: UTCInstant(millisecondsSinceEpoch: 7), custodian: nil, sequence: 77)
    let record = KeyRecord(key: key)
    let read = try KeyRecord.decode(record.encoded)
    #expect(read.key == key)
    #expect(read.sequence == 77)
    #expect(!read.isSalvaged)
    let directory = ScopeDirectory(current: try deviceID("d-1"), pending: nil)
    #expect(try ScopeDirectory.decode(directory.encoded) == directory)
    let counter = CounterRecord(reserved: 64)
    #expect(try CounterRecord.decode(counter.encoded) == counter)
    let state = SetState.first(headerHash: [UInt8](repeating: 3, count: 32))
    #expect(try SetState.decode(state.encoded) == state)

    let malformed = VaultError.damaged(VaultDamage(.record, .malformed))
    for bytes in [record.encoded, directory.encoded, counter.encoded] {
      for count in 0..<bytes.count {
        let cut = Array(bytes[..<count])
        #expect(throws: malformed) { try KeyRecord.decode(cut) }
        #expect(throws: malformed) { try ScopeDirectory.decode(cut) }
        #expect(throws: malformed) { try CounterRecord.decode(cut) }
      }
      #expect(throws: VaultError.self) { try SetState.decode(bytes) }
    }
    #expect(throws: malformed) { try KeyRecord.decode(record.encoded + [0]) }
    #expect(throws: malformed) { try CounterRecord.decode(record.encoded) }
  }

  @Test("the order in which rows come and go does not change the sum, the namespace does (V2)")
  func setSum() throws {
    let keys = try StoreKeys.create(kind: .vault, unlock: .rawKey(RawKey.random())).keys
    let made = SealedRecord.Commitment([UInt8](repeating: 1, count: 32).span)
    let commitment = try #require(made)
    let namespaces = [keys.locator("a"), keys.locator("b")]
    func row(_ namespace: Int, _ version: UInt64) -> TrustedRow {
      TrustedRow(
        namespace: namespaces[namespace], version: version, epoch: 1, commitment: commitment)
    }
    let first = SetState.first(headerHash: [UInt8](repeating: 0, count: 32))
    var (left, right) = (
      TrustedSet(state: first, sealedState: []), TrustedSet(state: first, sealedState: [])
    )
    let locators = [keys.locator("x"), keys.locator("y")]
    left.set(row(0, 1), at: locators[0], keys)
    left.set(row(0, 2), at: locators[1], keys)
    left.set(nil, at: locators[0], keys)
    #expect(left.count(in: namespaces[0]) == 1)
    right.set(row(1, 2), at: locators[1], keys)
    #expect(left.state.sum != right.state.sum)
    right.set(row(0, 2), at: locators[1], keys)
    #expect(left.state.sum == right.state.sum)
    #expect(left.state.count == right.state.count)
    #expect(right.count(in: namespaces[1]) == 0)
    right.set(nil, at: locators[1], keys)
    #expect(right.state.sum == .zero)
  }

  @Test("errors and damage describe themselves without content")
  func descriptions() {
    #expect("\(VaultDamage(.record, .replaced))" == "record: replaced")
    #expect("\(VaultError.damaged(VaultDamage(.state, .missing)))" == "damaged(state: missing)")
  }
}
