/// What one transaction knows and has written of one store, until it commits (I4).
final class StoreWork {
  /// A row that the transaction has written or deleted.
  enum Pending {
    case put(value: [UInt8], entries: [IndexEntries])
    case deleted
  }

  let room: StoreRoom
  /// Made in this transaction: nothing of it is committed.
  let isNew: Bool
  /// The store as the transaction sees it, which an upgrade may have changed.
  var schema: StoreSchema
  /// The state as it was at the beginning; nothing of a new store.
  var committed: StoreState?
  /// What the generator gives next, when the transaction has moved it.
  var nextKey: UInt64?
  /// Whether the rows that are committed are gone.
  var isCleared = false
  var isDeleted = false
  private(set) var pending: [[UInt8]: Pending] = [:]
  /// The keys and index entries of the rows that were put.
  private(set) var rows = EntryList()
  private(set) var indexes: [UInt64: EntryList] = [:]
  /// Indexes made in this transaction: what they hold is all in ``indexes``.
  private(set) var freshIndexes: Set<UInt64> = []
  /// How many rows the store has more than at the beginning, or fewer; since it was cleared.
  var rowChange = 0

  init(_ schema: StoreSchema, _ room: StoreRoom, isNew: Bool) {
    self.schema = schema
    self.room = room
    self.isNew = isNew
    isCleared = isNew
  }

  /// Whether there is anything to write.
  var hasChanges: Bool {
    isNew || isDeleted || isCleared || !pending.isEmpty || nextKey != nil
  }

  /// Puts a row over any that has its key.
  func put(_ key: [UInt8], _ value: [UInt8], _ entries: [IndexEntries]) {
    forgetEntries(of: key)
    pending[key] = .put(value: value, entries: entries)
    rows.insert(DatabaseEntry(key))
    for part in entries {
      for entry in part.entries { list(part.index).insert(entry) }
    }
  }

  /// Deletes a row.
  func delete(_ key: [UInt8], isCommitted: Bool) {
    forgetEntries(of: key)
    rows.remove(DatabaseEntry(key))
    pending[key] = isCommitted ? .deleted : nil
  }

  /// Deletes all rows.
  func clear() {
    isCleared = true
    pending = [:]
    rows = EntryList()
    indexes = [:]
    rowChange = 0
  }

  /// The entries that this transaction has made in an index.
  func list(_ index: UInt64) -> EntryList {
    if let list = indexes[index] { return list }
    let list = EntryList()
    indexes[index] = list
    return list
  }

  /// Adds an index with all of its entries.
  func addIndex(_ index: IndexSchema, _ entries: [DatabaseEntry]) {
    schema.indexes.append(index)
    freshIndexes.insert(index.id)
    indexes[index.id] = EntryList(entries)
    // Rows that are put already take theirs along when they are put again.
    let owners = Dictionary(grouping: entries, by: \.primaryKey)
    for (key, row) in pending {
      guard case .put(let value, var parts) = row else { continue }
      parts.append(IndexEntries(index: index.id, entries: owners[key] ?? []))
      pending[key] = .put(value: value, entries: parts)
    }
  }

  /// Takes an index away.
  func removeIndex(_ id: UInt64) {
    schema.indexes.removeAll { $0.id == id }
    freshIndexes.remove(id)
    indexes[id] = nil
    for (key, row) in pending {
      guard case .put(let value, let parts) = row else { continue }
      pending[key] = .put(value: value, entries: parts.filter { $0.index != id })
    }
  }

  /// Takes the entries of a committed row out of the indexes that were made in this transaction.
  func forgetFresh(_ entries: [IndexEntries]) {
    for part in entries where freshIndexes.contains(part.index) {
      for entry in part.entries { list(part.index).remove(entry) }
    }
  }

  private func forgetEntries(of key: [UInt8]) {
    guard case .put(_, let entries)? = pending[key] else { return }
    for part in entries {
      for entry in part.entries { list(part.index).remove(entry) }
    }
  }
}

/// The entries of a store or index as a transaction sees them: what is committed and not hidden
/// by what it has written, and what it has written.
struct EntryView {
  let committed: EntryList?
  let own: EntryList
  let work: StoreWork

  private func isHidden(_ entry: DatabaseEntry) -> Bool {
    !work.pending.isEmpty && work.pending[entry.primaryKey] != nil
  }

  /// The first entry from a bound on that is below another.
  func first(from: [UInt8]?, to: [UInt8]?) -> DatabaseEntry? {
    let written = own.first(from: from)
    var found = committed?.first(from: from)
    // No further than what was written or the bound: a walk passes each hidden entry once.
    while let entry = found, isHidden(entry) {
      let isBefore = [written?.bytes, to].allSatisfy { $0.map(entry.bytes.precedes) ?? true }
      found = isBefore ? committed?.first(from: entry.after) : nil
    }
    if let written, found.map({ written.bytes.precedes($0.bytes) }) ?? true { found = written }
    guard let found, let to else { return found }
    return found.bytes.precedes(to) ? found : nil
  }

  /// The last entry before a bound that is not below another.
  func last(before: [UInt8]?, from: [UInt8]?) -> DatabaseEntry? {
    let written = own.last(before: before)
    var found = committed?.last(before: before)
    while let entry = found, isHidden(entry) {
      let isAfter = [written?.bytes, from].allSatisfy {
        $0.map { !entry.bytes.precedes($0) } ?? true
      }
      found = isAfter ? committed?.last(before: entry.bytes) : nil
    }
    if let written, found.map({ $0.bytes.precedes(written.bytes) }) ?? true { found = written }
    guard let found, let from else { return found }
    return found.bytes.precedes(from) ? nil : found
  }

  /// Calls `body` for the entries within bounds, in order, until it returns false.
  func forEach(
    _ bounds: EntryBounds, _ body: (DatabaseEntry) throws(VaultError) -> Bool
  ) throws(VaultError) {
    var from = bounds.from
    while let entry = first(from: from, to: bounds.to) {
      guard try body(entry) else { return }
      from = entry.after
    }
  }

  /// How many entries are within bounds.
  func count(_ bounds: EntryBounds) throws(VaultError) -> Int {
    guard let committed else { return own.count(from: bounds.from, to: bounds.to) }
    guard !work.pending.isEmpty else { return committed.count(from: bounds.from, to: bounds.to) }
    var count = 0
    try forEach(bounds) { _ throws(VaultError) in
      count += 1
      return true
    }
    return count
  }
}

/// A range of keys as bounds of entries: from the first on, below the second.
struct EntryBounds {
  let from: [UInt8]?
  let to: [UInt8]?

  /// - Throws: ``DatabaseFault/data`` when a bound is no key.
  init(_ range: DatabaseKeyRange) throws(VaultError) {
    if let lower = range.lower {
      let key = try DatabaseKeyCodec.encode(lower)
      from = range.lowerOpen ? DatabaseEntry.above(key) : key
    } else {
      from = nil
    }
    if let upper = range.upper {
      let key = try DatabaseKeyCodec.encode(upper)
      to = range.upperOpen ? key : DatabaseEntry.above(key)
    } else {
      to = nil
    }
  }

  /// The entries of one key.
  init(only key: [UInt8]) {
    from = key
    to = DatabaseEntry.above(key)
  }
}
