/// One object store in a transaction.
///
/// It throws ``DatabaseFault/transactionInactive`` once its transaction has ended.
public struct ObjectStore {
  let work: DatabaseWork
  let store: StoreWork

  /// The store's name in UTF-16 code units.
  public var name: [UInt16] { store.schema.name }

  /// Where in a value its key stands; nil when keys are given beside the values.
  public var keyPath: DatabaseKeyPath? { store.schema.keyPath }

  /// Whether the store makes keys by itself where none is given.
  public var autoIncrement: Bool { store.schema.hasGenerator }

  /// The names of the indexes, in the order of their code units.
  public var indexNames: [[UInt16]] {
    store.schema.indexes.map(\.name).sorted { $0.lexicographicallyPrecedes($1) }
  }

  /// The index of a name.
  ///
  /// - Throws: ``DatabaseFault/notFound``.
  public func index(_ name: some DatabaseText) throws(VaultError) -> DatabaseIndex {
    try work.require(.store(store))
    let name = name.utf16CodeUnits
    guard let index = store.schema.indexes.first(where: { $0.name == name }) else {
      throw .database(.notFound)
    }
    return DatabaseIndex(work: work, store: store, schema: index)
  }

  // MARK: Writing

  /// Writes a value under a key, in the place of any other.
  ///
  /// - Parameter key: nil where the value holds it, or the store is to make one.
  /// - Returns: the key.
  /// - Throws: ``DatabaseFault/constraint`` when an index key that must be unique is another row's;
  ///   ``DatabaseFault/data``, ``DatabaseFault/dataClone``, ``DatabaseFault/readOnly``,
  ///   ``DatabaseFault/quotaExceeded``.
  @discardableResult
  public func put(
    _ value: DatabaseValue, key: DatabaseKey? = nil
  ) throws(VaultError) -> DatabaseKey {
    try work.put(value, key: key, in: store, overwriting: true)
  }

  /// Writes bytes under a key, in the place of any other value.
  @discardableResult
  public func put(_ bytes: [UInt8], key: DatabaseKey? = nil) throws(VaultError) -> DatabaseKey {
    try put(.binary(bytes), key: key)
  }

  /// Writes a value under a key that has none; as ``put(_:key:)-(DatabaseValue,_)`` otherwise.
  ///
  /// - Throws: ``DatabaseFault/constraint`` also when the key has a value.
  @discardableResult
  public func add(
    _ value: DatabaseValue, key: DatabaseKey? = nil
  ) throws(VaultError) -> DatabaseKey {
    try work.put(value, key: key, in: store, overwriting: false)
  }

  /// Deletes the row of a key; deleting what is not there changes nothing.
  public func delete(_ key: DatabaseKey) throws(VaultError) { try delete(.only(key)) }

  /// Deletes the rows of a range.
  public func delete(_ range: DatabaseKeyRange) throws(VaultError) {
    try work.delete(range, in: store)
  }

  /// Deletes all rows; the key generator goes on from where it is.
  public func clear() throws(VaultError) { try work.clear(store) }

  // MARK: Indexes

  /// Makes an index over the rows that are there and those to come; in an upgrade only.
  ///
  /// - Parameters:
  ///   - name: its name, which no other index of the store has.
  ///   - keyPath: where in a value the index key stands; a value without one is not in the index.
  ///   - unique: whether each key may be there once.
  ///   - multiEntry: whether each element of an array is a key of its own.
  /// - Throws: ``DatabaseFault/constraint`` when the name is taken or two rows have one unique key;
  ///   ``DatabaseFault/syntax``, ``DatabaseFault/invalidAccess`` for several paths and `multiEntry`;
  ///   ``DatabaseFault/data`` for an index key that is too long, ``DatabaseFault/quotaExceeded`` for
  ///   too many of them; ``DatabaseFault/invalidState`` outside an upgrade.
  @discardableResult
  public func createIndex(
    _ name: some DatabaseText, keyPath: DatabaseKeyPath, unique: Bool = false,
    multiEntry: Bool = false
  ) throws(VaultError) -> DatabaseIndex {
    let index = try work.createIndex(
      name.utf16CodeUnits, keyPath, unique: unique, multiEntry: multiEntry, on: store)
    return DatabaseIndex(work: work, store: store, schema: index)
  }

  /// Deletes an index; in an upgrade only.
  public func deleteIndex(_ name: some DatabaseText) throws(VaultError) {
    try work.deleteIndex(name.utf16CodeUnits, on: store)
  }

  /// Gives an index another name; in an upgrade only.
  ///
  /// - Throws: ``DatabaseFault/notFound``, ``DatabaseFault/constraint``.
  public func renameIndex(
    _ name: some DatabaseText, to newName: some DatabaseText
  ) throws(VaultError) {
    try work.renameIndex(name.utf16CodeUnits, to: newName.utf16CodeUnits, on: store)
  }
}

extension ObjectStore {
  private var entrySource: EntrySource { .store(store) }
}

// MARK: Reading

extension ObjectStore {
  /// The value of a key; nil when there is none.
  public func get(_ key: DatabaseKey) throws(VaultError) -> DatabaseValue? {
    try get(.only(key))
  }

  /// The value of the first row in a range; nil when there is none.
  public func get(_ range: DatabaseKeyRange) throws(VaultError) -> DatabaseValue? {
    try work.get(entrySource, range)
  }

  /// The primary key of a key; nil when there is none.
  public func getKey(_ key: DatabaseKey) throws(VaultError) -> DatabaseKey? {
    try getKey(.only(key))
  }

  /// The primary key of the first row in a range; nil when there is none.
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

  /// How many rows a range has.
  ///
  /// - Complexity: of all rows or one key, one look-up; of others, the logarithm of the rows.
  public func count(_ range: DatabaseKeyRange = .all) throws(VaultError) -> Int {
    try work.count(entrySource, range)
  }

  /// How many rows a key has.
  public func count(_ key: DatabaseKey) throws(VaultError) -> Int { try count(.only(key)) }

  /// A cursor on the first row of a range, or the last one of a walk downwards; nil when there
  /// is none.
  public func openCursor(
    _ range: DatabaseKeyRange = .all, direction: DatabaseCursor.Direction = .next
  ) throws(VaultError) -> DatabaseCursor? {
    let cursor = try DatabaseCursor(work, entrySource, range, direction)
    return cursor.isAtEnd ? nil : cursor
  }
}
