import ProveKeySealing

/// The database role of a vault over its records; kept under the vault's lock.
///
/// Invariants, cited by number elsewhere:
/// - I1. A key is its encoding: rows are found by a keyed hash of their store and the encoded key,
///   and the row says its key again. Equal keys have one encoding.
/// - I2. An index holds nothing of its own: its entries are what the values of the store's rows say,
///   so that store and index cannot disagree.
/// - I3. Nothing about order is stored. The order of a store and its indexes is made from its rows
///   in memory, kept in step by each commit, and forgotten with the set it came from (V12).
/// - I4. A transaction writes when it commits: all of it in one transaction of the vault (V1), or
///   nothing. Until then its writes are in memory, and only it sees them.
/// - I5. In one vault object, readers of a store run together and a writer of it alone, in the order
///   in which they came; a transaction that would wait for itself is refused.
/// - I6. What a transaction reads is one state of all its stores: the revision of each is the
///   generation of the last commit that touched it, and one that another vault object or process
///   has changed meanwhile is a conflict, at the next read or at the commit.
/// - I7. A handle works on the database as it opened it: another version, other stores, or one
///   created anew under the name are refused.
/// - I8. A store's or index's id is given once in its database.
/// - I9. A call that would go beyond a limit or break a rule changes nothing, in memory or on disk.
/// - I10. A key generator never falls: it gives whole numbers from 1 to 2^53, and a numeric key that
///   a caller gives moves it past itself. An aborted transaction leaves it where it was.
final class DatabaseShelf {
  private let store: RecordStore
  private var orders = StoreOrders()
  // A version is never used twice (V3): what was decoded from one stays true of it.
  private var records = RecencyCache<
    CachedPair<Locator, (version: UInt64, record: DatabaseRecord)>
  >(
    capacity: VaultLimits.databaseOrders)
  private var states = RecencyCache<CachedPair<Locator, (version: UInt64, state: StoreState)>>(
    capacity: 4 * VaultLimits.databaseOrders)
  private var verifications: UInt64 = 0

  static let contradiction = VaultError.damaged(VaultDamage(.database, .contradictory))
  static let malformed = VaultError.damaged(VaultDamage(.database, .malformed))

  init(_ store: RecordStore) {
    self.store = store
  }

  /// The keys that make locators.
  var keys: StoreKeys { store.keys }

  /// Moves what was deleted out of the log.
  func truncateLog() { store.truncateLog() }

  /// How many orders are kept, for tests.
  var orderCount: Int { orders.count }

  // MARK: Transactions

  /// Runs `body` on the trusted set.
  func reading<R>(
    _ body: (RecordReader) throws(VaultError) -> R
  ) throws(VaultError) -> R {
    try store.reading { reader throws(VaultError) in
      forgetUnlessTrusted()
      return try body(reader)
    }
  }

  /// Runs `body` in one transaction; when it fails, no order is kept any longer.
  /// - Parameter committed: does what follows a write that stands, also when the anchor fails.
  func writing<R>(
    _ body: (RecordWriter) throws(VaultError) -> R, committed: (R) -> Void = { _ in }
  ) throws(VaultError) -> R {
    do throws(VaultError) {
      return try store.writing(
        { writer throws(VaultError) in
          forgetUnlessTrusted()
          return try body(writer)
        }, committed: committed)
    } catch {
      orders.removeAll()
      // To a writer of rows a full vault is a quota like another.
      throw error == .tooManyKeys ? .database(.quotaExceeded) : error
    }
  }

  /// Forgets what was kept from a set that another one has replaced (V12).
  private func forgetUnlessTrusted() {
    guard verifications != store.verifications else { return }
    orders.removeAll()
    verifications = store.verifications
  }

  // MARK: Databases and states

  /// The record of a database; nil when there is none.
  func record(_ room: DatabaseRoom, _ reader: RecordReader) throws(VaultError) -> DatabaseRecord? {
    guard let version = reader.version(of: room.record) else { return nil }
    if let kept = records.value(for: room.record), kept.version == version { return kept.record }
    guard let (bytes, namespace) = try reader.content(at: room.record) else { return nil }
    let record = try DatabaseRecord.decode(bytes)
    guard record.origin.utf8.elementsEqual(room.origin.utf8), record.name == room.name,
      namespace == room.databases
    else { throw Self.contradiction }
    records.insert((version, record), for: room.record)
    return record
  }

  /// All databases of an origin.
  func list(
    _ origin: String, _ reader: RecordReader
  ) throws(VaultError) -> [DatabaseRecord] {
    var found: [DatabaseRecord] = []
    try reader.forEachContent(in: keys.databasesNamespace(origin)) { bytes throws(VaultError) in
      let record = try DatabaseRecord.decode(bytes)
      guard record.origin.utf8.elementsEqual(origin.utf8),
        reader.contains(keys.databaseLocator(origin, record.name))
      else { throw Self.contradiction }
      found.append(record)
    }
    return found
  }

  /// The state of a store; every store has one.
  func state(
    _ store: StoreRoom, _ room: DatabaseRoom, _ reader: RecordReader
  ) throws(VaultError) -> StoreState {
    guard let version = reader.version(of: store.state) else { throw Self.contradiction }
    if let kept = states.value(for: store.state), kept.version == version { return kept.state }
    guard let (bytes, namespace) = try reader.content(at: store.state), namespace == room.states
    else { throw Self.contradiction }
    let state = try StoreState.decode(bytes)
    states.insert((version, state), for: store.state)
    return state
  }

  // MARK: Rows

  /// The encoded value of a row; nil when there is none (I1).
  func value(
    of key: [UInt8], in store: StoreRoom, _ reader: RecordReader
  ) throws(VaultError) -> [UInt8]? {
    let locator = keys.databaseRowLocator(store.rows, key)
    guard let (bytes, namespace) = try reader.content(at: locator) else { return nil }
    let row = try DatabaseRow.decode(bytes)
    guard row.key == key, namespace == store.rows else { throw Self.contradiction }
    return row.value
  }

  /// Whether there is a row; answered from memory.
  func contains(_ key: [UInt8], in store: StoreRoom, _ reader: RecordReader) -> Bool {
    reader.contains(keys.databaseRowLocator(store.rows, key))
  }

  /// The order of a store, made from all of its rows when it is not kept (I3).
  func order(
    of schema: StoreSchema, in store: StoreRoom, _ reader: RecordReader
  ) throws(VaultError) -> StoreOrder {
    // An upgrade may have made and deleted indexes since.
    if let kept = orders.value(for: store.rows), kept.isOf(schema) { return kept }
    var rows: [DatabaseEntry] = []
    rows.reserveCapacity(reader.count(in: store.rows))
    var entries: [UInt64: [DatabaseEntry]] = [:]
    try reader.forEachContent(in: store.rows) { bytes throws(VaultError) in
      let row = try DatabaseRow.decode(bytes)
      guard contains(row.key, in: store, reader) else { throw Self.contradiction }
      rows.append(DatabaseEntry(row.key))
      for part in try schema.indexEntries(ofEncoded: row.value, primaryKey: row.key) {
        entries[part.index, default: []] += part.entries
      }
    }
    var indexes: [UInt64: EntryList] = [:]
    for index in schema.indexes { indexes[index.id] = EntryList(entries[index.id] ?? []) }
    let order = StoreOrder(rows: EntryList(rows), indexes: indexes)
    orders.insert(order, for: store.rows)
    return order
  }

  /// The order of a store when it is kept.
  func keptOrder(of store: StoreRoom) -> StoreOrder? { orders.value(for: store.rows) }

  /// Keeps an order that a transaction has changed and committed.
  func keep(_ order: StoreOrder, of store: StoreRoom) { orders.insert(order, for: store.rows) }

  /// Forgets the order of a store.
  func forgetOrder(of store: StoreRoom) { orders.remove(store.rows) }

  /// The value that was encoded into a row.
  static func decode(_ value: [UInt8]) throws(VaultError) -> DatabaseValue {
    do {
      return try DatabaseValueCodec.decode(value)
    } catch {
      throw malformed
    }
  }

  /// The key that was encoded into a row or entry.
  static func decodeKey(_ key: [UInt8]) throws(VaultError) -> DatabaseKey {
    do {
      return try DatabaseKeyCodec.decode(key)
    } catch {
      throw malformed
    }
  }
}

extension RecordReader {
  /// Which version of a record is trusted; nil when there is no such record.
  func version(of locator: Locator) -> UInt64? { store.trusted?.rows[locator]?.version }

  /// The generation of the set that is trusted.
  var generation: UInt64? { store.trusted?.state.generation }
}
