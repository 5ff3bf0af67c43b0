/// Which of a store's orders is meant: that of its rows, or one of its indexes.
enum EntrySource {
  case store(StoreWork)
  case index(StoreWork, IndexSchema)

  var store: StoreWork {
    switch self {
    case .store(let store), .index(let store, _): store
    }
  }
}

// MARK: Reading

extension DatabaseWork {
  /// The entries of a source in order, as the transaction sees them; refuses one that it has deleted.
  func view(
    _ source: EntrySource, _ shelf: DatabaseShelf, _ reader: RecordReader
  ) throws(VaultError) -> EntryList {
    try require(source)
    let store = source.store
    let order =
      store.order == nil && !store.hasChangedRows
      ? try committedOrder(of: store, shelf, reader) : try ownOrder(of: store, shelf, reader)
    switch source {
    case .store: return order.rows
    case .index(_, let index):
      guard let list = order.indexes[index.id] else { throw .database(.invalidState) }
      return list
    }
  }

  /// The order of the committed rows: an upgrade may have changed the store's indexes since.
  func committedOrder(
    of store: StoreWork, _ shelf: DatabaseShelf, _ reader: RecordReader
  ) throws(VaultError) -> StoreOrder {
    try shelf.order(of: committedSchema(of: store), in: store.room, reader)
  }

  private func committedSchema(of store: StoreWork) -> StoreSchema {
    before?.stores.first { $0.id == store.schema.id } ?? store.schema
  }

  /// The order that the transaction changes with each write (I3): a copy of that of the committed
  /// rows, brought in step with what was written without it.
  @discardableResult
  func ownOrder(
    of store: StoreWork, _ shelf: DatabaseShelf, _ reader: RecordReader
  ) throws(VaultError) -> StoreOrder {
    if let order = store.order { return order }
    let order = try committedOrder(of: store, shelf, reader).copy(for: store.schema)
    for (key, row) in store.pending {
      if let old = try shelf.value(of: key, in: store.room, reader) {
        order.remove(key, try store.schema.indexEntries(ofEncoded: old, primaryKey: key))
      }
      guard case .put(let value) = row else { continue }
      order.insert(key, try store.schema.indexEntries(ofEncoded: value, primaryKey: key))
    }
    store.adopt(order)
    return order
  }

  /// Before a write: whoever comes later would have to make the order anew were it not kept in step.
  func keepOrderInStep(
    of store: StoreWork, _ shelf: DatabaseShelf, _ reader: RecordReader
  ) throws(VaultError) {
    guard store.order == nil,
      shelf.keptOrder(of: store.room)?.isOf(committedSchema(of: store)) == true
    else { return }
    try ownOrder(of: store, shelf, reader)
  }

  /// Refuses a store or index that the transaction has deleted.
  func require(_ source: EntrySource) throws(VaultError) {
    try requireActive()
    guard !source.store.isDeleted else { throw .database(.invalidState) }
    if case .index(let store, let index) = source,
      !store.schema.indexes.contains(where: { $0.id == index.id })
    {
      throw .database(.invalidState)
    }
  }

  /// The encoded value of a row; nil when there is none.
  func value(
    of key: [UInt8], in store: StoreWork, _ shelf: DatabaseShelf, _ reader: RecordReader
  ) throws(VaultError) -> [UInt8]? {
    switch store.pending[key] {
    case .put(let value): return value
    case .deleted: return nil
    case nil:
      return store.isGone(key) ? nil : try shelf.value(of: key, in: store.room, reader)
    }
  }

  /// Whether there is a row.
  func contains(
    _ key: [UInt8], in store: StoreWork, _ shelf: DatabaseShelf, _ reader: RecordReader
  ) -> Bool {
    switch store.pending[key] {
    case .put: true
    case .deleted: false
    case nil: !store.isGone(key) && shelf.contains(key, in: store.room, reader)
    }
  }

  /// The value of the row that an entry is of, which must be there.
  func value(
    of entry: DatabaseEntry, in store: StoreWork, _ shelf: DatabaseShelf, _ reader: RecordReader
  ) throws(VaultError) -> DatabaseValue {
    guard let bytes = try value(of: entry.primaryKey, in: store, shelf, reader) else {
      throw DatabaseShelf.contradiction
    }
    return try DatabaseShelf.decode(bytes)
  }

  /// The first entry of a range.
  func first(
    _ source: EntrySource, _ range: DatabaseKeyRange, _ shelf: DatabaseShelf,
    _ reader: RecordReader
  ) throws(VaultError) -> DatabaseEntry? {
    // One key of a store needs no order.
    if case .store(let store) = source, let only = range.onlyKey {
      let key = try DatabaseKeyCodec.encode(only)
      return contains(key, in: store, shelf, reader) ? DatabaseEntry(key) : nil
    }
    let bounds = try EntryBounds(range)
    return try view(source, shelf, reader).first(bounds)
  }

  /// The value of the first entry of a range.
  func get(_ source: EntrySource, _ range: DatabaseKeyRange) throws(VaultError) -> DatabaseValue? {
    try require(source)
    return try access { shelf, reader throws(VaultError) in
      guard let entry = try first(source, range, shelf, reader) else { return nil }
      return try value(of: entry, in: source.store, shelf, reader)
    }
  }

  /// The primary key of the first entry of a range.
  func getKey(
    _ source: EntrySource, _ range: DatabaseKeyRange
  ) throws(VaultError) -> DatabaseKey? {
    try require(source)
    return try access { shelf, reader throws(VaultError) in
      guard let entry = try first(source, range, shelf, reader) else { return nil }
      return try DatabaseShelf.decodeKey(entry.primaryKey)
    }
  }

  /// What `make` makes of each entry of a range, in order; at most `limit`, 0 or nil being all.
  func getAll<R>(
    _ source: EntrySource, _ range: DatabaseKeyRange, _ limit: Int?,
    _ make: (DatabaseEntry, DatabaseShelf, RecordReader) throws(VaultError) -> R
  ) throws(VaultError) -> [R] {
    try require(source)
    guard limit ?? 0 >= 0 else { throw .database(.type) }
    let limit = limit == nil || limit == 0 ? Int.max : limit ?? 0
    return try access { shelf, reader throws(VaultError) in
      var found: [R] = []
      try view(source, shelf, reader).forEach(EntryBounds(range)) { entry throws(VaultError) in
        found.append(try make(entry, shelf, reader))
        return found.count < limit
      }
      return found
    }
  }

  /// How many entries a range has.
  func count(_ source: EntrySource, _ range: DatabaseKeyRange) throws(VaultError) -> Int {
    try require(source)
    return try access { shelf, reader throws(VaultError) in
      if case .store(let store) = source {
        if range == .all { return rowCount(of: store, reader) }
        if range.onlyKey != nil { return try first(source, range, shelf, reader) == nil ? 0 : 1 }
      }
      return try view(source, shelf, reader).count(EntryBounds(range))
    }
  }

  /// How many rows a store has; answered from memory.
  func rowCount(of store: StoreWork, _ reader: RecordReader) -> Int {
    (store.isCleared ? 0 : reader.count(in: store.room.rows)) + store.rowChange
  }
}
