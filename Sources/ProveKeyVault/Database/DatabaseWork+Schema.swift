// Only an upgrade changes stores and indexes.

extension DatabaseWork {
  private func requireUpgrade() throws(VaultError) {
    try requireActive()
    guard purpose == .upgrade else { throw .database(.invalidState) }
  }

  private static func require(name: [UInt16]) throws(VaultError) {
    guard name.count <= VaultLimits.databaseNameCodeUnits else { throw .database(.quotaExceeded) }
  }

  private static func require(_ keyPath: DatabaseKeyPath) throws(VaultError) {
    guard keyPath.isValid else { throw .database(.syntax) }
    let paths: [[UInt16]] =
      switch keyPath {
      case .path(let path): [path]
      case .paths(let paths): paths
      }
    guard paths.count <= VaultLimits.databaseKeyPathCount,
      paths.allSatisfy({ $0.count <= VaultLimits.databaseNameCodeUnits })
    else { throw .database(.quotaExceeded) }
  }

  /// The store of a name in scope.
  func store(_ name: [UInt16]) throws(VaultError) -> StoreWork {
    try requireActive()
    let found = stores.values.first { !$0.isDeleted && $0.schema.name == name }
    guard let found else { throw .database(.notFound) }
    return found
  }

  /// The stores as they are now, in the order in which they were made.
  private func adoptStores() {
    record.stores = stores.values.filter { !$0.isDeleted }.map(\.schema).sorted { $0.id < $1.id }
  }

  /// Makes a store.
  func createStore(
    _ name: [UInt16], _ keyPath: DatabaseKeyPath?, hasGenerator: Bool
  ) throws(VaultError) -> StoreWork {
    try requireUpgrade()
    try Self.require(name: name)
    if let keyPath { try Self.require(keyPath) }
    guard !record.stores.contains(where: { $0.name == name }) else {
      throw .database(.constraint)
    }
    if hasGenerator, let keyPath {
      guard case .path(let path) = keyPath, !path.isEmpty else { throw .database(.invalidAccess) }
    }
    guard record.stores.count < VaultLimits.databaseStores else { throw .database(.quotaExceeded) }
    let schema = StoreSchema(
      id: record.nextStoreID, name: name, keyPath: keyPath, hasGenerator: hasGenerator)
    let room = try access { shelf, _ throws(VaultError) -> StoreRoom in
      self.room.store(schema.id, shelf.keys)
    }
    let store = StoreWork(schema, room, isNew: true)
    record.nextStoreID += 1
    stores[schema.id] = store
    adoptStores()
    return store
  }

  /// Deletes a store and its rows.
  func deleteStore(_ name: [UInt16]) throws(VaultError) {
    try requireUpgrade()
    let store = try store(name)
    store.deleteStore()
    if store.isNew { stores[store.schema.id] = nil }
    adoptStores()
  }

  /// Gives a store another name.
  func renameStore(_ name: [UInt16], to newName: [UInt16]) throws(VaultError) {
    try requireUpgrade()
    try Self.require(name: newName)
    let store = try store(name)
    guard name == newName || !record.stores.contains(where: { $0.name == newName }) else {
      throw .database(.constraint)
    }
    store.rename(newName)
    adoptStores()
  }

  /// Makes an index over the rows that are there.
  func createIndex(
    _ name: [UInt16], _ keyPath: DatabaseKeyPath, unique: Bool, multiEntry: Bool,
    on store: StoreWork
  ) throws(VaultError) -> IndexSchema {
    try require(.store(store))
    try requireUpgrade()
    try Self.require(name: name)
    guard !store.schema.indexes.contains(where: { $0.name == name }) else {
      throw .database(.constraint)
    }
    try Self.require(keyPath)
    if multiEntry, case .paths = keyPath { throw .database(.invalidAccess) }
    guard store.schema.indexes.count < VaultLimits.databaseIndexes else {
      throw .database(.quotaExceeded)
    }
    let index = IndexSchema(
      id: store.schema.nextIndexID, name: name, keyPath: keyPath, isUnique: unique,
      isMultiEntry: multiEntry)
    try access { shelf, reader throws(VaultError) in
      try fill(index, on: store, shelf, reader)
    }
    adoptStores()
    return index
  }

  /// Adds an index over the rows that are there; refuses two equal keys in a unique one, and a row
  /// that would have too many keys in all of its indexes.
  private func fill(
    _ index: IndexSchema, on store: StoreWork, _ shelf: DatabaseShelf, _ reader: RecordReader
  ) throws(VaultError) {
    var made: [DatabaseEntry] = []
    var keys: Set<[UInt8]> = []
    var left = indexableByteCount
    // Without such an index a row has one key in each at most.
    let indexes = store.schema.indexes
    let others = (indexes + [index]).contains(where: \.isMultiEntry) ? indexes : []
    let order = try ownOrder(of: store, shelf, reader)
    try order.rows.forEach(EntryBounds(.all)) { row throws(VaultError) in
      let value = try value(of: row, in: store, shelf, reader)
      var room = EntryRoom.row(bytes: left)
      let entries = try index.entries(of: value, primaryKey: row.bytes, within: &room)
      left = room.bytes
      try Self.require(room.keys, for: value, in: others)
      for entry in entries {
        guard !index.isUnique || keys.insert(entry.key).inserted else {
          throw .database(.constraint)
        }
        made.append(entry)
      }
      return true
    }
    indexableByteCount = left
    store.addIndex(index, made)
  }

  /// Refuses a row that has more keys in indexes than there is room for.
  private static func require(
    _ limit: Int, for value: DatabaseValue, in indexes: [IndexSchema]
  ) throws(VaultError) {
    var left = limit
    for index in indexes {
      left -= try index.keyPath.indexKeys(
        in: value, multiEntry: index.isMultiEntry, limit: max(left, 0)
      ).count
    }
    guard left >= 0 else { throw .database(.quotaExceeded) }
  }

  /// Deletes an index.
  func deleteIndex(_ name: [UInt16], on store: StoreWork) throws(VaultError) {
    try require(.store(store))
    try requireUpgrade()
    guard let index = store.schema.indexes.first(where: { $0.name == name }) else {
      throw .database(.notFound)
    }
    store.removeIndex(index.id)
    adoptStores()
  }

  /// Gives an index another name.
  func renameIndex(
    _ name: [UInt16], to newName: [UInt16], on store: StoreWork
  ) throws(VaultError) {
    try require(.store(store))
    try requireUpgrade()
    try Self.require(name: newName)
    guard let index = store.schema.indexes.first(where: { $0.name == name }) else {
      throw .database(.notFound)
    }
    guard name == newName || !store.schema.indexes.contains(where: { $0.name == newName }) else {
      throw .database(.constraint)
    }
    store.renameIndex(index.id, newName)
    adoptStores()
  }
}
