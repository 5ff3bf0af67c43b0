import ProveKeySealing

/// One transaction: what it may touch, what it has seen, and what it has written until it commits.
///
/// It belongs to the thread that runs it, and reaches the vault for a moment in each call. The
/// invariants stand as I1 to I10 with `DatabaseShelf`.
final class DatabaseWork {
  /// What a transaction is for.
  enum Purpose {
    case read
    case write
    case upgrade
  }

  private enum Phase {
    case active
    case aborted
    case ended
  }

  let purpose: Purpose
  let room: DatabaseRoom
  /// The database as it was at the beginning; nothing of one that is not there yet.
  let before: DatabaseRecord?
  /// The database as the transaction sees it; only an upgrade changes it.
  var record: DatabaseRecord
  /// The stores in scope, by id.
  var stores: [UInt64: StoreWork] = [:]
  private let vault: KeyVault
  private var phase = Phase.active
  private var seenGeneration: UInt64?
  /// How much the transaction may still write.
  private(set) var writableByteCount = VaultLimits.databaseTransactionByteCount
  /// How much the entries may take of indexes that it still makes over rows.
  var indexableByteCount = VaultLimits.databaseMadeIndexByteCount

  init(
    _ vault: KeyVault, _ room: DatabaseRoom, _ purpose: Purpose, before: DatabaseRecord?,
    record: DatabaseRecord
  ) {
    self.vault = vault
    self.room = room
    self.purpose = purpose
    self.before = before
    self.record = record
  }

  /// Takes a store that is committed into the scope.
  func admit(_ schema: StoreSchema, _ keys: StoreKeys) {
    stores[schema.id] = StoreWork(schema, room.store(schema.id, keys), isNew: false)
  }

  // MARK: Life

  /// Whether the transaction was ended by `abort()`.
  var isAborted: Bool { phase == .aborted }

  /// Sees the state that the transaction works on (I6).
  func begin() throws(VaultError) {
    try access { _, _ throws(VaultError) in }
  }

  /// Gives everything up that was written.
  func abort() throws(VaultError) {
    try requireActive()
    phase = .aborted
    stores = [:]
  }

  /// Ends the transaction: whatever of it is still held throws from now on.
  func end() {
    if phase == .active { phase = .ended }
    stores = [:]
  }

  func requireActive() throws(VaultError) {
    guard phase == .active else { throw .database(.transactionInactive) }
  }

  func requireWritable() throws(VaultError) {
    try requireActive()
    guard purpose != .read else { throw .database(.readOnly) }
  }

  /// Refuses a transaction that has more to write than one may.
  func charge(_ byteCount: Int) throws(VaultError) {
    guard byteCount <= writableByteCount else { throw .database(.quotaExceeded) }
    writableByteCount -= byteCount
  }

  /// Runs `body` under the vault's lock, on the state that the transaction began with.
  func access<R>(
    _ body: (DatabaseShelf, RecordReader) throws(VaultError) -> R
  ) throws(VaultError) -> R {
    try requireActive()
    return try vault.withRing { ring throws(VaultError) in
      try ring.databases.reading { reader throws(VaultError) in
        try checkSnapshot(ring.databases, reader)
        return try body(ring.databases, reader)
      }
    }
  }

  /// Refuses a state of the vault in which somebody else has changed what this transaction sees
  /// (I6, I7); answered from memory unless somebody has written at all.
  private func checkSnapshot(
    _ shelf: DatabaseShelf, _ reader: RecordReader
  ) throws(VaultError) {
    guard seenGeneration == nil || seenGeneration != reader.generation else { return }
    guard try shelf.record(room, reader) == before else {
      throw .database(purpose == .upgrade ? .conflict : .invalidState)
    }
    for store in stores.values where !store.isNew {
      let state = try shelf.state(store.room, room, reader)
      guard store.committed == nil || store.committed == state else {
        throw .database(.conflict)
      }
      store.committed = state
    }
    seenGeneration = reader.generation
  }

  // MARK: Commit

  /// Writes everything in one transaction of the vault, or nothing (I4).
  func commit() throws(VaultError) {
    try requireActive()
    let changed = stores.values.filter(\.hasChanges)
    let isNewRecord = before != record
    guard !changed.isEmpty || isNewRecord else { return }
    try vault.withRing { ring throws(VaultError) in
      let shelf = ring.databases
      try shelf.writing(
        { writer throws(VaultError) in
          try checkSnapshot(shelf, writer.reader)
          for store in changed { try write(store, shelf, writer) }
          if isNewRecord { try writeRecord(writer) }
        }, committed: { finish(changed, shelf) })
    }
  }

  /// After the commit: what the transaction saw is what is committed now (I3), and what it has
  /// deleted leaves the log.
  private func finish(_ changed: [StoreWork], _ shelf: DatabaseShelf) {
    for store in stores.values {
      if let order = store.order, !store.isDeleted {
        shelf.keep(order, of: store.room)
      } else if store.hasChanges {
        shelf.forgetOrder(of: store.room)
      }
    }
    if changed.contains(where: \.isEmptied) { shelf.truncateLog() }
  }

  private func write(
    _ store: StoreWork, _ shelf: DatabaseShelf, _ writer: RecordWriter
  ) throws(VaultError) {
    let keys = writer.reader.keys
    if store.isDeleted || (store.isCleared && !store.isNew) {
      for locator in try writer.reader.locators(in: store.room.rows) {
        try writer.delete(at: locator)
      }
    }
    guard !store.isDeleted else {
      try writer.delete(at: store.room.state)
      return
    }
    if !store.goneRanges.ranges.isEmpty {
      let rows = try committedOrder(of: store, shelf, writer.reader).rows
      for range in store.goneRanges.ranges {
        try rows.forEach(range) { entry throws(VaultError) in
          try writer.delete(at: keys.databaseRowLocator(store.room.rows, entry.bytes))
          return true
        }
      }
    }
    for (key, row) in store.pending {
      let locator = keys.databaseRowLocator(store.room.rows, key)
      switch row {
      case .put(let value):
        try writer.put(
          DatabaseRow(key: key, value: value).encoded, at: locator, in: store.room.rows)
      case .deleted:
        try writer.delete(at: locator)
      }
    }
    let state = StoreState(
      nextKey: store.nextKey ?? store.committed?.nextKey ?? 1, revision: writer.generation)
    try writer.put(state.encoded, at: store.room.state, in: room.states)
  }

  private func writeRecord(_ writer: RecordWriter) throws(VaultError) {
    if before == nil {
      record.created = writer.generation
      guard writer.reader.count(in: room.databases) < VaultLimits.databasesPerOrigin else {
        throw .database(.quotaExceeded)
      }
    }
    let bytes = record.encoded
    guard bytes.count <= VaultLimits.databaseSchemaByteCount else {
      throw .database(.quotaExceeded)
    }
    try writer.put(bytes, at: room.record, in: room.databases)
  }
}
