// Writing and deleting rows; reading them is in `DatabaseWork+Rows.swift`.

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
