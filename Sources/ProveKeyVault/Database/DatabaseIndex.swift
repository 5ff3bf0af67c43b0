/// One index of an object store in a transaction: its rows by another key.
///
/// Entries with one key are in the order of their rows' keys. It throws
/// ``DatabaseFault/transactionInactive`` once its transaction has ended.
public struct DatabaseIndex {
  let work: DatabaseWork
  let store: StoreWork
  let schema: IndexSchema

  /// The index's name in UTF-16 code units.
  public var name: [UInt16] {
    store.schema.indexes.first { $0.id == schema.id }?.name ?? schema.name
  }

  /// Where in a value the index key stands.
  public var keyPath: DatabaseKeyPath { schema.keyPath }

  /// Whether each key may be there once.
  public var unique: Bool { schema.isUnique }

  /// Whether each element of an array is a key of its own.
  public var multiEntry: Bool { schema.isMultiEntry }
}

extension DatabaseIndex {
  private var entrySource: EntrySource { .index(store, schema) }
}

// MARK: Reading

extension DatabaseIndex {
  /// The value of the first row of an index key; nil when there is none.
  public func get(_ key: DatabaseKey) throws(VaultError) -> DatabaseValue? {
    try get(.only(key))
  }

  /// The value of the first entry in a range; nil when there is none.
  public func get(_ range: DatabaseKeyRange) throws(VaultError) -> DatabaseValue? {
    try work.get(entrySource, range)
  }

  /// The primary key of the first row of an index key; nil when there is none.
  public func getKey(_ key: DatabaseKey) throws(VaultError) -> DatabaseKey? {
    try getKey(.only(key))
  }

  /// The primary key of the first entry in a range; nil when there is none.
  public func getKey(_ range: DatabaseKeyRange) throws(VaultError) -> DatabaseKey? {
    try work.getKey(entrySource, range)
  }

  /// The values of a range in order; at most `limit`, where 0 and nil mean all.
  public func getAll(
    _ range: DatabaseKeyRange = .all, limit: Int? = nil
  ) throws(VaultError) -> [DatabaseValue] {
    let store = entrySource.store
    return try work.getAll(entrySource, range, limit) { entry, shelf, reader throws(VaultError) in
      try work.value(of: entry, in: store, shelf, reader)
    }
  }

  /// The values of one key in order; at most `limit`, where 0 and nil mean all.
  public func getAll(
    _ key: DatabaseKey, limit: Int? = nil
  ) throws(VaultError) -> [DatabaseValue] {
    try getAll(.only(key), limit: limit)
  }

  /// The primary keys of a range in order; at most `limit`, where 0 and nil mean all.
  public func getAllKeys(
    _ range: DatabaseKeyRange = .all, limit: Int? = nil
  ) throws(VaultError) -> [DatabaseKey] {
    try work.getAll(entrySource, range, limit) { entry, _, _ throws(VaultError) in
      try DatabaseShelf.decodeKey(entry.primaryKey)
    }
  }

  /// The primary keys of one key in order; at most `limit`, where 0 and nil mean all.
  public func getAllKeys(
    _ key: DatabaseKey, limit: Int? = nil
  ) throws(VaultError) -> [DatabaseKey] {
    try getAllKeys(.only(key), limit: limit)
  }

  /// How many entries a range has.
  ///
  /// - Complexity: the logarithm of the entries.
  public func count(_ range: DatabaseKeyRange = .all) throws(VaultError) -> Int {
    try work.count(entrySource, range)
  }

  /// How many entries a key has.
  public func count(_ key: DatabaseKey) throws(VaultError) -> Int { try count(.only(key)) }

  /// A cursor on the first entry of a range, or the last one of a walk downwards; nil when there
  /// is none.
  public func openCursor(
    _ range: DatabaseKeyRange = .all, direction: DatabaseCursor.Direction = .next
  ) throws(VaultError) -> DatabaseCursor? {
    let cursor = try DatabaseCursor(work, entrySource, range, direction)
    return cursor.isAtEnd ? nil : cursor
  }
}
