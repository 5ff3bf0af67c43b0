/// The order of one store's rows and of its indexes' entries.
///
/// That of what is committed is made from all rows when it is first needed (I3). A transaction that
/// writes changes a copy, which takes its place at the commit.
final class StoreOrder {
  let rows: EntryList
  private(set) var indexes: [UInt64: EntryList]

  init(rows: EntryList, indexes: [UInt64: EntryList]) {
    self.rows = rows
    self.indexes = indexes
  }

  /// The order of an empty store.
  convenience init(emptyFor schema: StoreSchema) {
    let lists = schema.indexes.map { ($0.id, EntryList()) }
    self.init(rows: EntryList(), indexes: Dictionary(uniqueKeysWithValues: lists))
  }

  /// An order of its own with those of the indexes that a store has.
  func copy(for schema: StoreSchema) -> StoreOrder {
    let kept = schema.indexes.compactMap { index in indexes[index.id].map { (index.id, $0.copy()) }
    }
    return StoreOrder(rows: rows.copy(), indexes: Dictionary(uniqueKeysWithValues: kept))
  }

  /// Whether it has the indexes of a store, and no others.
  func isOf(_ schema: StoreSchema) -> Bool {
    indexes.count == schema.indexes.count
      && schema.indexes.allSatisfy { indexes[$0.id] != nil }
  }

  /// About how much memory it takes.
  var byteCount: Int { indexes.values.reduce(rows.byteCount) { $0 + $1.byteCount } }

  /// How many entries all indexes have.
  var indexEntryCount: Int { indexes.values.reduce(0) { $0 + $1.count } }

  // MARK: Changing

  /// Adds a row.
  func insert(_ key: [UInt8], _ entries: [IndexEntries]) {
    rows.insert(DatabaseEntry(key))
    for part in entries {
      for entry in part.entries { indexes[part.index]?.insert(entry) }
    }
  }

  /// Takes a row away.
  func remove(_ key: [UInt8], _ entries: [IndexEntries]) {
    rows.remove(DatabaseEntry(key))
    for part in entries {
      for entry in part.entries { indexes[part.index]?.remove(entry) }
    }
  }

  /// Takes all rows within bounds away; walks all entries of the indexes.
  func remove(_ bounds: EntryBounds) {
    rows.remove(bounds)
    for list in indexes.values { list.removeAll { bounds.contains($0.primaryKey) } }
  }

  /// Adds an index with all of its entries.
  func addIndex(_ id: UInt64, _ entries: [DatabaseEntry]) { indexes[id] = EntryList(entries) }

  /// Takes an index away.
  func removeIndex(_ id: UInt64) { indexes[id] = nil }
}
