/// The entries of one value in one index.
struct IndexEntries {
  let index: UInt64
  let entries: [DatabaseEntry]
}

/// What the entries of one row in all indexes may come to.
struct EntryRoom {
  private(set) var keys: Int
  private(set) var bytes: Int

  /// For rows that are there: whatever was let in is read.
  static let unbounded = EntryRoom(keys: .max, bytes: .max)

  /// For a row to be written.
  static func row(bytes: Int) -> EntryRoom {
    EntryRoom(keys: VaultLimits.databaseIndexKeysPerRow, bytes: bytes)
  }

  fileprivate mutating func take(_ entry: DatabaseEntry) throws(VaultError) {
    let cost = EntryList.cost(entry)
    guard keys > 0, bytes >= cost else { throw .database(.quotaExceeded) }
    keys -= 1
    bytes -= cost
  }
}

extension StoreSchema {
  /// The entries of a value in all indexes.
  ///
  /// - Throws: ``DatabaseFault/data`` for an index key that is too long or deep, and
  ///   ``DatabaseFault/quotaExceeded`` for more than there is room for.
  func indexEntries(
    of value: DatabaseValue, primaryKey: [UInt8], within room: inout EntryRoom
  ) throws(VaultError) -> [IndexEntries] {
    var result: [IndexEntries] = []
    for index in indexes {
      result.append(
        IndexEntries(
          index: index.id,
          entries: try index.entries(of: value, primaryKey: primaryKey, within: &room)))
    }
    return result
  }

  /// The entries of a row that is there.
  func indexEntries(
    of value: DatabaseValue, primaryKey: [UInt8]
  ) throws(VaultError) -> [IndexEntries] {
    var room = EntryRoom.unbounded
    return try indexEntries(of: value, primaryKey: primaryKey, within: &room)
  }

  /// The entries of a row that is there, by its value as it is encoded; not decoded without need.
  func indexEntries(
    ofEncoded value: [UInt8], primaryKey: [UInt8]
  ) throws(VaultError) -> [IndexEntries] {
    guard !indexes.isEmpty else { return [] }
    return try indexEntries(of: DatabaseShelf.decode(value), primaryKey: primaryKey)
  }
}

extension IndexSchema {
  /// The entries of a value in this index.
  func entries(
    of value: DatabaseValue, primaryKey: [UInt8], within room: inout EntryRoom
  ) throws(VaultError) -> [DatabaseEntry] {
    var entries: [DatabaseEntry] = []
    for key in try keyPath.indexKeys(in: value, multiEntry: isMultiEntry, limit: room.keys) {
      let entry = DatabaseEntry(try DatabaseKeyCodec.encode(key), primaryKey: primaryKey)
      try room.take(entry)
      entries.append(entry)
    }
    return entries
  }

  /// The entries of a row that is there.
  func entries(
    of value: DatabaseValue, primaryKey: [UInt8]
  ) throws(VaultError) -> [DatabaseEntry] {
    var room = EntryRoom.unbounded
    return try entries(of: value, primaryKey: primaryKey, within: &room)
  }
}
