import ProveKeySealing
import SQLiteDatabase

/// The localStorage role of a vault over its records; kept under the vault's lock.
///
/// Invariants, cited by number elsewhere:
/// - L1. A key is its code units: items are found by a keyed hash of origin and code units, and the
///   item says its key again.
/// - L2. What an origin's items add up to is recorded in the transaction that changes them; an
///   origin without items has no record at all.
/// - L3. A write that would go beyond a limit changes nothing; one that takes less than before is
///   always allowed.
/// - L4. A change is told after it is durable, once, in the order of commits, to all handles of the
///   origin but the writer's; a write that changes nothing is not told.
///
/// V12 holds for the order of keys that is kept in memory.
final class StorageShelf {
  /// A number of its own among all vault objects of the process.
  let id = StorageHub.process.makeID()
  private let store: RecordStore
  private var orders = RecencyCache<CachedPair<Locator, StorageOrder>>(
    capacity: VaultLimits.cachedOrigins)
  private var verifications: UInt64 = 0

  init(_ store: RecordStore) {
    self.store = store
  }

  deinit {
    StorageHub.process.endStreams(of: id)
  }

  /// An origin's room, and where its handles meet.
  func room(
    for origin: String, quota: Int
  ) throws(VaultError) -> (StorageRoom, StorageTopic) {
    let room = try StorageRoom(origin, quota: quota, store.keys)
    let paths = try wrapping { () throws(DatabaseError) in
      try store.connection.strings("PRAGMA database_list", column: 2)
    }
    let name = StorageHub.Name(
      storeID: store.keys.storeID, path: Array((paths.first ?? "").utf8),
      origin: Array(origin.utf8))
    return (room, StorageHub.process.topic(name))
  }

  // MARK: Reading

  /// How many items there are.
  func count(in room: StorageRoom) throws(VaultError) -> Int {
    try reading { reader throws(VaultError) in reader.count(in: room.items) }
  }

  /// What the items add up to.
  func usedCodeUnits(in room: StorageRoom) throws(VaultError) -> Int {
    try reading { reader throws(VaultError) in Int(clamping: try usage(room, reader).codeUnits) }
  }

  /// The value of a key.
  func value(of key: [UInt16], in room: StorageRoom) throws(VaultError) -> [UInt16]? {
    try reading { reader throws(VaultError) in try item(key, room, reader)?.value }
  }

  /// The key at a place in the order.
  func key(at index: Int, in room: StorageRoom) throws(VaultError) -> [UInt16]? {
    try reading { reader throws(VaultError) in try order(room, reader)[index] }
  }

  /// All keys in order.
  func allKeys(in room: StorageRoom) throws(VaultError) -> [[UInt16]] {
    try reading { reader throws(VaultError) in try order(room, reader).keys }
  }

  // MARK: Writing

  /// Writes an item; nothing when it is there already.
  /// - Parameter news: what is to be told: it stands, also when the anchor fails.
  func put(
    _ key: [UInt16], _ value: [UInt16], in room: StorageRoom, _ news: inout StorageNews?
  ) throws(VaultError) {
    let item = StorageItemRecord(key: key, value: value)
    guard item.codeUnits <= UInt64(VaultLimits.storageItemCodeUnits) else {
      throw item.codeUnits > UInt64(room.quota) ? .quotaExceeded : .itemTooLarge
    }
    let locator = store.keys.storageItemLocator(room.origin, key)
    try writing(&news) { writer throws(VaultError) -> StorageNews? in
      let before = try self.item(key, room, writer.reader)
      guard before?.value != value else { return nil }
      var usage = try usage(room, writer.reader)
      let used = usage.codeUnits
      guard used >= before?.codeUnits ?? 0 else { throw Self.contradiction }
      usage.codeUnits = used - (before?.codeUnits ?? 0) + item.codeUnits
      if before == nil { usage.items += 1 }
      guard usage.codeUnits <= max(UInt64(room.quota), used),
        before != nil || usage.items <= UInt64(room.itemLimit)
      else { throw .quotaExceeded }
      try writer.put(item.encoded, at: locator, in: room.items)
      if before == nil || usage.codeUnits != used { try put(usage, room, writer) }
      return StorageNews(key: key, oldValue: before?.value, newValue: value)
    } committed: { change in
      if change.oldValue == nil { orders.value(for: room.items)?.insert(key, at: locator) }
    }
  }

  /// Removes an item; nothing when there is none.
  func remove(
    _ key: [UInt16], in room: StorageRoom, _ news: inout StorageNews?
  ) throws(VaultError) {
    let locator = store.keys.storageItemLocator(room.origin, key)
    try writing(&news) { writer throws(VaultError) -> StorageNews? in
      guard let before = try item(key, room, writer.reader) else { return nil }
      var usage = try usage(room, writer.reader)
      guard usage.items > 0, usage.codeUnits >= before.codeUnits else { throw Self.contradiction }
      usage.items -= 1
      usage.codeUnits -= before.codeUnits
      try writer.delete(at: locator)
      try put(usage, room, writer)
      return StorageNews(key: key, oldValue: before.value, newValue: nil)
    } committed: { _ in
      orders.value(for: room.items)?.remove(at: locator)
    }
  }

  /// Removes all items; nothing when there are none.
  func clear(_ room: StorageRoom, _ news: inout StorageNews?) throws(VaultError) {
    try writing(&news) { writer throws(VaultError) -> StorageNews? in
      let locators = try writer.reader.locators(in: room.items)
      guard !locators.isEmpty else { return nil }
      for locator in locators { try writer.delete(at: locator) }
      try writer.delete(at: room.usage)
      return StorageNews(key: nil, oldValue: nil, newValue: nil)
    } committed: { _ in
      orders.remove(room.items)
      store.truncateLog()
    }
  }

  // MARK: Records

  private static let contradiction = VaultError.damaged(VaultDamage(.storage, .contradictory))

  private func item(
    _ key: [UInt16], _ room: StorageRoom, _ reader: RecordReader
  ) throws(VaultError) -> StorageItemRecord? {
    let locator = reader.keys.storageItemLocator(room.origin, key)
    guard let (bytes, namespace) = try reader.content(at: locator) else { return nil }
    let item = try StorageItemRecord.decode(bytes)
    // What the record says of itself must be what it was found by (L1).
    guard item.key == key, namespace == room.items else { throw Self.contradiction }
    return item
  }

  private func usage(
    _ room: StorageRoom, _ reader: RecordReader
  ) throws(VaultError) -> StorageUsageRecord {
    var usage = StorageUsageRecord(origin: room.origin)
    if let (bytes, _) = try reader.content(at: room.usage) { usage = try .decode(bytes) }
    guard usage.origin.utf8.elementsEqual(room.origin.utf8),
      usage.items == UInt64(reader.count(in: room.items))
    else { throw Self.contradiction }
    return usage
  }

  private func put(
    _ usage: StorageUsageRecord, _ room: StorageRoom, _ writer: RecordWriter
  ) throws(VaultError) {
    if usage.items == 0 {
      try writer.delete(at: room.usage)
    } else {
      let namespace = writer.reader.keys.storageUsagesNamespace
      try writer.put(usage.encoded, at: room.usage, in: namespace)
    }
  }

  private func order(
    _ room: StorageRoom, _ reader: RecordReader
  ) throws(VaultError) -> StorageOrder {
    if let kept = orders.value(for: room.items) { return kept }
    var keys: [(locator: Locator, key: [UInt16])] = []
    try reader.forEachContent(in: room.items) { bytes throws(VaultError) in
      let key = try StorageItemRecord.decode(bytes).key
      let locator = reader.keys.storageItemLocator(room.origin, key)
      guard reader.contains(locator) else { throw Self.contradiction }
      keys.append((locator, key))
    }
    let order = StorageOrder(keys)
    orders.insert(order, for: room.items)
    return order
  }

  // MARK: Transactions

  private func reading<R>(
    _ body: (RecordReader) throws(VaultError) -> R
  ) throws(VaultError) -> R {
    try store.reading { reader throws(VaultError) in
      forgetUnlessTrusted()
      return try body(reader)
    }
  }

  /// Runs one write; what it has changed is told when it stands, also when the anchor fails (L4).
  private func writing(
    _ news: inout StorageNews?, _ body: (RecordWriter) throws(VaultError) -> StorageNews?,
    committed: (StorageNews) -> Void
  ) throws(VaultError) {
    do throws(VaultError) {
      _ = try store.writing(
        { writer throws(VaultError) in
          forgetUnlessTrusted()
          return try body(writer)
        },
        committed: { change in
          guard let change else { return }
          committed(change)
          news = change
        })
    } catch {
      orders.removeAll()
      // To a writer of items a full vault is a quota like another.
      throw error == .tooManyKeys ? .quotaExceeded : error
    }
  }

  /// Forgets what was kept from a set that another one has replaced (V12).
  private func forgetUnlessTrusted() {
    guard verifications != store.verifications else { return }
    orders.removeAll()
    verifications = store.verifications
  }
}

extension RecordReader {
  /// The locators of all records of a namespace.
  func locators(in namespace: Locator) throws(VaultError) -> [Locator] {
    let expected = count(in: namespace)
    guard expected > 0 else { return [] }
    var locators: [Locator] = []
    locators.reserveCapacity(expected)
    try store.table.forEachRow(in: namespace) { row, _ throws(VaultError) in
      try check(row)
      locators.append(row.locator)
    }
    // The index was searched: a row that it no longer shows is missed here.
    guard locators.count == expected else { throw .damaged(VaultDamage(.record, .missing)) }
    return locators
  }
}
