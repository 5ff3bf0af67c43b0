import ProveKeySealing

/// The order of one store's rows and of its indexes' entries, as they are committed.
///
/// It is made from all rows when it is first needed, and then kept in step by each commit (I3).
final class StoreOrder {
  let rows: EntryList
  let indexes: [UInt64: EntryList]

  init(rows: EntryList, indexes: [UInt64: EntryList]) {
    self.rows = rows
    self.indexes = indexes
  }

  /// Whether it has the indexes of a store, and no others.
  func isOf(_ schema: StoreSchema) -> Bool {
    indexes.count == schema.indexes.count
      && schema.indexes.allSatisfy { indexes[$0.id] != nil }
  }

  /// About how much memory it takes.
  var byteCount: Int { indexes.values.reduce(rows.byteCount) { $0 + $1.byteCount } }
}

/// The entries of one value in one index.
struct IndexEntries {
  let index: UInt64
  let entries: [DatabaseEntry]
}

extension StoreSchema {
  /// The entries of a value in all indexes.
  ///
  /// - Throws: ``DatabaseFault/data`` for an index key that is too long or deep, and
  ///   ``DatabaseFault/quotaExceeded`` for more than 10,000 of them.
  func indexEntries(
    of value: DatabaseValue, primaryKey: [UInt8]
  ) throws(VaultError) -> [IndexEntries] {
    var result: [IndexEntries] = []
    var count = 0
    for index in indexes {
      let entries = try index.entries(of: value, primaryKey: primaryKey)
      count += entries.count
      guard count <= VaultLimits.databaseIndexKeysPerRow else {
        throw .database(.quotaExceeded)
      }
      result.append(IndexEntries(index: index.id, entries: entries))
    }
    return result
  }
}

extension IndexSchema {
  /// The entries of a value in this index.
  func entries(
    of value: DatabaseValue, primaryKey: [UInt8]
  ) throws(VaultError) -> [DatabaseEntry] {
    var entries: [DatabaseEntry] = []
    for key in keyPath.indexKeys(in: value, multiEntry: isMultiEntry) {
      entries.append(DatabaseEntry(try DatabaseKeyCodec.encode(key), primaryKey: primaryKey))
    }
    return entries
  }
}

/// The orders that were used lately, within a number and an amount of memory.
struct StoreOrders {
  private var orders: [Locator: (order: StoreOrder, used: UInt64)] = [:]
  private var uses: UInt64 = 0
  private let countLimit: Int
  private let byteLimit: Int

  init(
    count: Int = VaultLimits.databaseOrders, bytes: Int = VaultLimits.databaseOrderByteCount
  ) {
    countLimit = count
    byteLimit = bytes
  }

  /// How many orders are kept.
  var count: Int { orders.count }

  /// The order of a store when it is kept; it counts as used.
  mutating func value(for rows: Locator) -> StoreOrder? {
    guard let order = orders[rows]?.order else { return nil }
    uses += 1
    orders[rows]?.used = uses
    return order
  }

  /// Keeps an order, and forgets those that were not used for longest beyond the limits.
  mutating func insert(_ order: StoreOrder, for rows: Locator) {
    uses += 1
    orders[rows] = (order, uses)
    var bytes = orders.values.reduce(0) { $0 + $1.order.byteCount }
    while orders.count > 1, orders.count > countLimit || bytes > byteLimit,
      let oldest = orders.min(by: { $0.value.used < $1.value.used })
    {
      bytes -= oldest.value.order.byteCount
      orders[oldest.key] = nil
    }
  }

  /// Forgets the order of a store.
  mutating func remove(_ rows: Locator) { orders[rows] = nil }

  /// Forgets everything.
  mutating func removeAll() { orders = [:] }
}
