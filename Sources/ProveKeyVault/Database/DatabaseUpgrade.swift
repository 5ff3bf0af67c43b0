/// The transaction in which a database comes to another version: all of it, or nothing.
public struct DatabaseUpgrade {
  let work: DatabaseWork

  /// The version before; 0 of a new database.
  public var oldVersion: UInt64 { work.before?.version ?? 0 }

  /// The version that the database comes to.
  public var newVersion: UInt64 { work.record.version }

  /// The transaction itself, with all stores in scope.
  public var transaction: DatabaseTransaction { DatabaseTransaction(work: work) }

  /// The names of the stores, in the order of their code units.
  public var storeNames: [[UInt16]] { transaction.storeNames }

  /// A store.
  ///
  /// - Throws: ``DatabaseFault/notFound``.
  public func store(_ name: some DatabaseText) throws(VaultError) -> ObjectStore {
    try transaction.store(name)
  }

  /// Makes an object store.
  ///
  /// - Parameters:
  ///   - name: its name, which no other store of the database has.
  ///   - keyPath: where in a value its key stands; nil when keys are given beside the values.
  ///   - autoIncrement: whether the store makes keys by itself where none is given.
  /// - Throws: ``DatabaseFault/constraint`` when the name is taken; ``DatabaseFault/syntax``;
  ///   ``DatabaseFault/invalidAccess`` for `autoIncrement` with an empty path or several.
  @discardableResult
  public func createStore(
    _ name: some DatabaseText, keyPath: DatabaseKeyPath? = nil, autoIncrement: Bool = false
  ) throws(VaultError) -> ObjectStore {
    ObjectStore(
      work: work,
      store: try work.createStore(name.utf16CodeUnits, keyPath, hasGenerator: autoIncrement))
  }

  /// Deletes an object store with its rows and indexes.
  ///
  /// - Throws: ``DatabaseFault/notFound``.
  public func deleteStore(_ name: some DatabaseText) throws(VaultError) {
    try work.deleteStore(name.utf16CodeUnits)
  }

  /// Gives an object store another name.
  ///
  /// - Throws: ``DatabaseFault/notFound``, ``DatabaseFault/constraint``.
  public func renameStore(
    _ name: some DatabaseText, to newName: some DatabaseText
  ) throws(VaultError) {
    try work.renameStore(name.utf16CodeUnits, to: newName.utf16CodeUnits)
  }

  /// Gives the upgrade up: the old version stands, and opening throws ``DatabaseFault/abort``.
  public func abort() throws(VaultError) { try work.abort() }
}
