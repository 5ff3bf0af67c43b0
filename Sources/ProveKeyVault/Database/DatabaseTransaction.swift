/// One transaction on some stores of a database, for as long as its closure runs.
///
/// A closure that throws aborts it; one that returns commits it. What a call has thrown may be
/// caught in the closure: that call then has changed nothing, and the transaction goes on.
public struct DatabaseTransaction {
  /// What a transaction may do.
  public enum Mode: String, Hashable, Sendable {
    /// Read; beside others that read.
    case readOnly = "readonly"
    /// Read and write; alone on its stores.
    case readWrite = "readwrite"
    /// Read, write, and change stores and indexes; alone on the database.
    case versionChange = "versionchange"
  }

  let work: DatabaseWork

  /// What the transaction may do.
  public var mode: Mode {
    switch work.purpose {
    case .read: .readOnly
    case .write: .readWrite
    case .upgrade: .versionChange
    }
  }

  /// The names of the stores in scope, in the order of their code units.
  public var storeNames: [[UInt16]] {
    work.stores.values.filter { !$0.isDeleted }.map(\.schema.name)
      .sorted { $0.lexicographicallyPrecedes($1) }
  }

  /// A store of the scope.
  ///
  /// - Throws: ``DatabaseFault/notFound`` when the database or the scope has none of this name.
  public func store(_ name: some DatabaseText) throws(VaultError) -> ObjectStore {
    ObjectStore(work: work, store: try work.store(name.utf16CodeUnits))
  }

  /// Gives up all that the transaction has written; later calls on it throw
  /// ``DatabaseFault/transactionInactive``, and the call that began it throws
  /// ``DatabaseFault/abort``.
  public func abort() throws(VaultError) { try work.abort() }
}

// MARK: A scope of one store

extension DatabaseTransaction {
  /// The store of a scope of one.
  ///
  /// - Throws: ``DatabaseFault/invalidAccess`` when the scope has several.
  public var onlyStore: ObjectStore {
    get throws(VaultError) {
      try work.requireActive()
      let stores = work.stores.values.filter { !$0.isDeleted }
      guard stores.count == 1, let only = stores.first else { throw .database(.invalidAccess) }
      return ObjectStore(work: work, store: only)
    }
  }

  /// Writes a value into the one store of the scope, as ``ObjectStore`` does.
  @discardableResult
  public func put(
    _ value: DatabaseValue, key: DatabaseKey? = nil
  ) throws(VaultError) -> DatabaseKey { try onlyStore.put(value, key: key) }

  /// Writes bytes into the one store of the scope.
  @discardableResult
  public func put(_ bytes: [UInt8], key: DatabaseKey? = nil) throws(VaultError) -> DatabaseKey {
    try onlyStore.put(bytes, key: key)
  }

  /// Writes a value under a new key into the one store of the scope.
  @discardableResult
  public func add(
    _ value: DatabaseValue, key: DatabaseKey? = nil
  ) throws(VaultError) -> DatabaseKey { try onlyStore.add(value, key: key) }

  /// The value of a key in the one store of the scope.
  public func get(_ key: DatabaseKey) throws(VaultError) -> DatabaseValue? {
    try onlyStore.get(key)
  }

  /// Deletes the row of a key in the one store of the scope.
  public func delete(_ key: DatabaseKey) throws(VaultError) { try onlyStore.delete(key) }
}
