/// What one transaction knows and has written of one store, until it commits (I4).
final class StoreWork {
  /// A row that the transaction has written or deleted.
  enum Pending {
    case put([UInt8])
    case deleted
  }

  let room: StoreRoom
  /// Made in this transaction: nothing of it is committed.
  let isNew: Bool
  /// The store as the transaction sees it, which an upgrade may have changed.
  private(set) var schema: StoreSchema
  /// The state as it was at the beginning; nothing of a new store.
  var committed: StoreState?
  /// What the generator gives next, when the transaction has moved it.
  var nextKey: UInt64?
  /// Whether the rows that are committed are gone.
  private(set) var isCleared = false
  private(set) var isDeleted = false
  /// Rows one by one; they go before the ranges.
  private(set) var pending: [[UInt8]: Pending] = [:]
  /// Ranges whose committed rows are gone.
  private(set) var goneRanges = EntryRanges()
  /// The order with all that was written; nil while the transaction has written without any need
  /// of it, and while it has written nothing.
  private(set) var order: StoreOrder?
  /// How many rows the store has more than at the beginning, or fewer; since it was cleared.
  private(set) var rowChange = 0

  init(_ schema: StoreSchema, _ room: StoreRoom, isNew: Bool) {
    self.schema = schema
    self.room = room
    self.isNew = isNew
    isCleared = isNew
    if isNew { order = StoreOrder(emptyFor: schema) }
  }

  /// Whether there is anything to write.
  var hasChanges: Bool {
    isNew || isDeleted || isCleared || hasChangedRows || nextKey != nil
  }

  /// Whether single rows or ranges were written or deleted.
  var hasChangedRows: Bool { !pending.isEmpty || !goneRanges.ranges.isEmpty }

  /// Whether all committed rows go.
  var isEmptied: Bool { !isNew && (isCleared || isDeleted) }

  /// Whether a row that is committed is gone, unless it was written again.
  func isGone(_ key: [UInt8]) -> Bool { isCleared || goneRanges.contains(key) }

  // MARK: Rows

  /// Keeps an order from here on: that of the committed rows with all that was written.
  func adopt(_ order: StoreOrder) { self.order = order }

  /// Puts a row over any that has its key.
  /// - Parameter old: the entries of the row that had the key; nil when there was none.
  func put(_ key: [UInt8], _ value: [UInt8], _ entries: [IndexEntries], over old: [IndexEntries]?) {
    if let old { order?.remove(key, old) } else { rowChange += 1 }
    order?.insert(key, entries)
    pending[key] = .put(value)
  }

  /// Deletes a row with its entries.
  func delete(_ key: [UInt8], _ entries: [IndexEntries], isCommitted: Bool) {
    order?.remove(key, entries)
    pending[key] = isCommitted ? .deleted : nil
    rowChange -= 1
  }

  /// Deletes the rows of a range, which needs the order.
  func delete(_ bounds: EntryBounds) {
    guard let order else { return }
    rowChange -= order.rows.count(bounds)
    order.remove(bounds)
    pending = pending.filter { !bounds.contains($0.key) }
    if !isCleared { goneRanges.insert(bounds) }
  }

  /// Deletes all rows.
  func clear() {
    isCleared = true
    pending = [:]
    goneRanges = EntryRanges()
    order = StoreOrder(emptyFor: schema)
    rowChange = 0
  }

  // MARK: Schema

  /// Deletes the store.
  func deleteStore() {
    clear()
    isDeleted = true
  }

  /// Gives the store another name.
  func rename(_ name: [UInt16]) { schema.name = name }

  /// Gives an index another name.
  func renameIndex(_ id: UInt64, _ name: [UInt16]) {
    guard let place = schema.indexes.firstIndex(where: { $0.id == id }) else { return }
    schema.indexes[place].name = name
  }

  /// Adds an index with all of its entries; the order must be there.
  func addIndex(_ index: IndexSchema, _ entries: [DatabaseEntry]) {
    schema.nextIndexID += 1
    schema.indexes.append(index)
    order?.addIndex(index.id, entries)
  }

  /// Takes an index away.
  func removeIndex(_ id: UInt64) {
    schema.indexes.removeAll { $0.id == id }
    order?.removeIndex(id)
  }
}
