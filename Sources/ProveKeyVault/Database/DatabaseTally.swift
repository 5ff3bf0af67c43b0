import ProveKeySealing

/// What a walk over all records finds of the database role: rows, states and databases, to be held
/// against each other (I1, I2).
struct DatabaseTally {
  private var databases: [DatabaseRecord] = []
  private var states: [Locator: (state: StoreState, namespace: Locator)] = [:]
  private var rowCounts: [Locator: Int] = [:]

  /// Notes the content of one record of the role.
  mutating func note(
    _ content: [UInt8], _ kind: RecordKind, _ row: RecordTable.Row, _ reader: RecordReader
  ) throws(VaultError) {
    switch kind {
    case .database:
      let record = try DatabaseRecord.decode(content)
      let room = try DatabaseRoom(record.origin, record.name, reader.keys)
      guard room.record == row.locator, room.databases == row.trusted.namespace else {
        throw DatabaseShelf.contradiction
      }
      databases.append(record)
    case .databaseState:
      states[row.locator] = (try StoreState.decode(content), row.trusted.namespace)
    default:
      // Counted even if it is not sound: its store has it all the same.
      rowCounts[row.trusted.namespace, default: 0] += 1
      let stored = try DatabaseRow.decode(content)
      guard reader.keys.databaseRowLocator(row.trusted.namespace, stored.key) == row.locator else {
        throw DatabaseShelf.contradiction
      }
      _ = try DatabaseShelf.decodeKey(stored.key)
      _ = try DatabaseShelf.decode(stored.value)
    }
  }

  /// How many stores and orphans contradict what the databases say.
  func contradictions(_ reader: RecordReader) throws(VaultError) -> Int {
    var found = 0
    var states = states
    var rowCounts = rowCounts
    for database in databases {
      let room = try DatabaseRoom(database.origin, database.name, reader.keys)
      for schema in database.stores {
        let store = room.store(schema.id, reader.keys)
        rowCounts[store.rows] = nil
        let state = states.removeValue(forKey: store.state)
        let isSound =
          state?.namespace == room.states
          && (state?.state.nextKey).map { (1...KeyGenerator.last + 1).contains($0) } == true
        let isConsistent = try Self.isConsistent(schema, store, reader)
        if !isSound || !isConsistent { found += 1 }
      }
    }
    // States and rows of no store.
    return found + states.count + rowCounts.count
  }

  /// Whether in-line keys are those of the rows, and unique index keys are there once.
  private static func isConsistent(
    _ schema: StoreSchema, _ store: StoreRoom, _ reader: RecordReader
  ) throws(VaultError) -> Bool {
    let uniqueIndexes = schema.indexes.filter(\.isUnique)
    guard schema.keyPath != nil || !uniqueIndexes.isEmpty else { return true }
    var seen = uniqueIndexes.map { _ in Set<[UInt8]>() }
    var isConsistent = true
    do throws(VaultError) {
      try reader.forEachContent(in: store.rows) { bytes throws(VaultError) in
        let row = try DatabaseRow.decode(bytes)
        let value = try DatabaseShelf.decode(row.value)
        if let keyPath = schema.keyPath {
          let key = keyPath.value(in: value).flatMap(DatabaseKey.init)
          let rowKey = try DatabaseShelf.decodeKey(row.key)
          if key != rowKey { isConsistent = false }
        }
        for (place, index) in uniqueIndexes.enumerated() {
          for entry in try index.entries(of: value, primaryKey: row.key)
          where !seen[place].insert(entry.key).inserted {
            isConsistent = false
          }
        }
      }
    } catch .damaged {
      return false
    }
    return isConsistent
  }
}
