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
  private func keepOrderInStep(
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

// MARK: Writing

extension DatabaseWork {
  /// Puts or adds a row; returns its key.
  ///
  /// Source: W3C Indexed Database API 3.0, "Object store storage operation".
  func put(
    _ value: DatabaseValue, key given: DatabaseKey?, in store: StoreWork, overwriting: Bool
  ) throws(VaultError) -> DatabaseKey {
    try require(.store(store))
    try requireWritable()
    let keyPath = store.schema.keyPath
    let hasGenerator = store.schema.hasGenerator
    guard given == nil || keyPath == nil, given?.isValid ?? true,
      given != nil || keyPath != nil || hasGenerator
    else { throw .database(.data) }
    // Also what keeps what follows from going too deep.
    var bytes = try DatabaseValueCodec.encode(value)
    var value = value
    var key = given
    if let keyPath {
      if let found = keyPath.value(in: value) {
        guard let valid = DatabaseKey(found) else { throw .database(.data) }
        key = valid
      } else {
        guard hasGenerator, keyPath.isInjectable(into: value) else { throw .database(.data) }
      }
    }
    return try access { shelf, reader throws(VaultError) in
      var nextKey: UInt64?
      if hasGenerator {
        let number = store.nextKey ?? store.committed?.nextKey ?? 1
        if key == nil {
          guard number <= KeyGenerator.last else { throw .database(.constraint) }
          let generated = DatabaseKey.number(Double(number))
          if let keyPath {
            value = try keyPath.injecting(generated, into: value)
            bytes = try DatabaseValueCodec.encode(value)
          }
          key = generated
        }
        nextKey = KeyGenerator.next(after: key, number)
      }
      guard let key else { throw .database(.data) }
      let encoded = try DatabaseKeyCodec.encode(key)
      try put(value, bytes, encoded, in: store, overwriting, shelf, reader)
      if let nextKey { store.nextKey = nextKey }
      return key
    }
  }

  private func put(
    _ value: DatabaseValue, _ bytes: [UInt8], _ key: [UInt8], in store: StoreWork,
    _ overwriting: Bool, _ shelf: DatabaseShelf, _ reader: RecordReader
  ) throws(VaultError) {
    let isThere = contains(key, in: store, shelf, reader)
    guard overwriting || !isThere else { throw .database(.constraint) }
    guard isThere || rowCount(of: store, reader) < VaultLimits.databaseRowsPerStore else {
      throw .database(.quotaExceeded)
    }
    let room = EntryRoom.row(bytes: writableByteCount)
    var left = room
    let entries = try store.schema.indexEntries(of: value, primaryKey: key, within: &left)
    for (index, part) in zip(store.schema.indexes, entries) where index.isUnique {
      let view = try view(.index(store, index), shelf, reader)
      for entry in part.entries {
        let other = view.first(EntryBounds(only: entry.key))
        guard other == nil || other?.primaryKey == key else { throw .database(.constraint) }
      }
    }
    try keepOrderInStep(of: store, shelf, reader)
    let old = isThere ? try self.entries(of: key, in: store, shelf, reader) : nil
    try charge(key.count + bytes.count + 64 + room.bytes - left.bytes)
    store.put(key, bytes, entries, over: old)
  }

  /// The index entries of a row, where an order is kept that has them.
  private func entries(
    of key: [UInt8], in store: StoreWork, _ shelf: DatabaseShelf, _ reader: RecordReader
  ) throws(VaultError) -> [IndexEntries] {
    guard store.order != nil, !store.schema.indexes.isEmpty,
      let value = try value(of: key, in: store, shelf, reader)
    else { return [] }
    return try store.schema.indexEntries(ofEncoded: value, primaryKey: key)
  }

  /// Deletes the rows of a range.
  func delete(_ range: DatabaseKeyRange, in store: StoreWork) throws(VaultError) {
    try require(.store(store))
    try requireWritable()
    try access { shelf, reader throws(VaultError) in
      if range.onlyKey != nil {
        guard let entry = try first(.store(store), range, shelf, reader) else { return }
        try keepOrderInStep(of: store, shelf, reader)
        return try delete([entry.bytes], in: store, shelf, reader)
      }
      guard range != .all else {
        if rowCount(of: store, reader) > 0 { store.clear() }
        return
      }
      let bounds = try EntryBounds(range)
      let rows = try view(.store(store), shelf, reader)
      let count = rows.count(bounds)
      guard count > 0 else { return }
      guard count < rows.count else { return store.clear() }
      let order = try ownOrder(of: store, shelf, reader)
      // Reading the values of a few rows is quicker than walking through long indexes.
      if store.goneRanges.ranges.count < VaultLimits.databaseRangesDeleted,
        count * 16 >= order.indexEntryCount
      {
        try charge(bounds.byteCount)
        return store.delete(bounds)
      }
      var keys: [[UInt8]] = []
      try order.rows.forEach(bounds) { entry in
        keys.append(entry.bytes)
        return true
      }
      try delete(keys, in: store, shelf, reader)
    }
  }

  private func delete(
    _ keys: [[UInt8]], in store: StoreWork, _ shelf: DatabaseShelf, _ reader: RecordReader
  ) throws(VaultError) {
    // All that can fail comes before anything is changed (I9).
    var gone: [[IndexEntries]] = []
    for key in keys { gone.append(try entries(of: key, in: store, shelf, reader)) }
    try charge(keys.reduce(0) { $0 + $1.count + 64 })
    for (key, entries) in zip(keys, gone) {
      let isCommitted = !store.isGone(key) && shelf.contains(key, in: store.room, reader)
      store.delete(key, entries, isCommitted: isCommitted)
    }
  }

  /// Deletes all rows.
  func clear(_ store: StoreWork) throws(VaultError) {
    try require(.store(store))
    try requireWritable()
    try access { _, _ throws(VaultError) in store.clear() }
  }
}

/// What a store's key generator gives.
///
/// Source: W3C Indexed Database API 3.0, "Key generators".
enum KeyGenerator {
  /// The last number that is given: above it not every whole number is a double.
  static let last: UInt64 = 1 << 53

  /// What the generator gives next once a row has this key; nil when that stays as it is.
  static func next(after key: DatabaseKey?, _ number: UInt64) -> UInt64? {
    guard case .number(let given)? = key else { return nil }
    let whole = min(given, Double(last)).rounded(.down)
    guard whole >= Double(number) else { return nil }
    return UInt64(whole) + 1
  }
}
