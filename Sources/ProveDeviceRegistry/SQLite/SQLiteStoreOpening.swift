import Glibc
import ProveKeyPlatform
import ProveKeySealing
import SQLiteDatabase

/// How the connections, keys and digests of a registry's file are brought up, step by step.
struct SQLiteStoreOpening {
  let path: String
  let unlock: Unlocking
  let options: SQLiteStoreOptions
  let access: ConnectionOptions.Access
  let mustCreate: Bool

  /// Where the keys come from.
  enum Unlocking {
    /// From the file's header, or made, when the file is new.
    case method(UnlockMethod)
    /// From an open store whose copy the file is.
    case copy(of: StoreKeys)
  }

  /// What an open store is made of.
  struct Parts {
    let keys: StoreKeys
    let ledger: SetLedger?
    let commits: GroupCommit
    let readers: [Locked<RegistryReader?>]
    /// What readers keep open, where nobody else writes.
    let snapshots: KeptSnapshots?
    /// Nothing for a copy that nobody else knows of yet.
    let ownership: OwnershipLock?
  }

  func open(readers count: Int) throws(StoreFailure) -> Parts {
    var connecting = ConnectionOptions(access: access, locking: .normal)
    connecting.cache = .kibibytes(max(cacheKibibytes ?? 0, Self.writerCacheKibibytes))
    connecting.checkpointPages = RegistryWriter.checkpointPages
    let connection: Connection
    let file = DatabaseFile(path: path)
    // The file is looked at first, so that nothing is left beside one that is missing or refused.
    do { try file.prepare(access: access) } catch { throw .database(error) }
    let ownership = try takeOwnership()
    do { connection = try file.open(connecting) } catch { throw .database(error) }
    let (keys, isYoung) = try unlockedKeys(of: connection)
    let ledger = options.setDigests == .off ? nil : SetLedger(keys: keys)
    try settleDigests(ledger, isYoung, connection)
    connecting.access = .readOnly
    connecting.cache = cacheKibibytes.map { .kibibytes($0) }
    do {
      var readers: [Locked<RegistryReader?>] = []
      for _ in 0..<count {
        readers.append(Locked(try RegistryReader(try DatabaseFile(path: path).open(connecting))))
      }
      let snapshots = options.mode == .exclusive ? KeptSnapshots(of: readers) : nil
      let writer = try RegistryWriter(connection, ledger: ledger, snapshots)
      return Parts(
        keys: keys, ledger: ledger, commits: GroupCommit(writer, snapshots), readers: readers,
        snapshots: snapshots, ownership: ownership)
    } catch { throw .database(error) }
  }

  /// What each connection keeps in memory, if that was chosen.
  private var cacheKibibytes: Int32? {
    options.pageCacheKibibytes.map { Int32(clamping: max($0, 64)) }
  }

  /// What the writer keeps at least: the pages that one commit of many batches changes.
  ///
  /// Where they do not fit, SQLite writes them to the log in the middle of the transaction and reads
  /// them again.
  private static let writerCacheKibibytes: Int32 = 16_384

  /// Takes the file for this process, alone or with others, before anything of it is read.
  private func takeOwnership() throws(StoreFailure) -> OwnershipLock? {
    if case .copy = unlock { return nil }
    do throws(OwnershipLock.Problem) {
      return try OwnershipLock(path: path + "-owner", isExclusive: options.mode == .exclusive)
    } catch {
      switch error {
      case .inUse: throw .registry(.store(.inUse))
      case .system(EACCES), .system(EPERM): throw .registry(.store(.permissionDenied))
      case .system(EROFS): throw .registry(.store(.readOnly))
      case .system(ENOSPC): throw .registry(.store(.diskFull))
      case .system(let number): throw .registry(.store(.failed(code: number)))
      }
    }
  }

  // MARK: Keys

  /// Brings the file up to date and unlocks its keys, or makes them in a new file.
  /// - Returns: the keys, and whether the file comes from before there were set digests.
  private func unlockedKeys(
    of connection: Connection
  ) throws(StoreFailure) -> (keys: StoreKeys, isYoung: Bool) {
    let migration: Migrator.Outcome
    do { migration = try RegistrySchema.migrator.migrate(connection) } catch {
      throw .database(error)
    }
    // In one transaction, so that of two processes that begin a store one finds the other's.
    return try connection.transaction(.immediate) { () throws(StoreFailure) in
      do {
        if let tables = try HeaderTables(reading: connection) {
          guard !mustCreate else { throw StoreFailure.registry(.store(.alreadyExists)) }
          return (try openedKeys(tables), migration.from == 1)
        }
        guard case .method(let unlock) = unlock else {
          throw StoreFailure.registry(.store(.notARegistry))
        }
        // An empty file, such as a power cut leaves of a copy, is no store: whoever expects one must
        // not find a new one without content.
        guard access == .readWriteCreate else { throw StoreFailure.registry(.store(.missing)) }
        let (keys, header) = try StoreKeys.create(kind: .registry, unlock: unlock)
        let epochs = keys.sealedEpochs.map { (epoch: Int64($0.epoch), sealed: $0.sealed) }
        try HeaderTables(header: header, epochs: epochs).write(to: connection)
        try insert(try SetLedger(keys: keys).empty(), connection)
        return (keys, false)
      } catch let error as StoreFailure {
        throw error
      } catch let error as SealingError {
        throw .registry(.unlock(error))
      } catch let error as DatabaseError {
        throw .database(error)
      } catch let error as RegistryError {
        throw .registry(error)
      } catch { throw .registry(.store(.failed(code: 1))) }
    }
  }

  private func openedKeys(_ tables: HeaderTables) throws(SealingError) -> StoreKeys {
    var epochs: [SealedEpoch] = []
    for (epoch, sealed) in tables.epochs {
      guard let number = UInt32(exactly: epoch) else { throw .damaged(.epochKey) }
      epochs.append(SealedEpoch(epoch: number, sealed: sealed))
    }
    switch unlock {
    case .method(let method):
      return try StoreKeys.open(
        header: tables.header, epochs: epochs, kind: .registry, unlock: method)
    case .copy(let keys): return try keys.ofCopy(epochs: epochs)
    }
  }

  // MARK: Set digests

  /// Sees to it that the file has the digests that the options ask for.
  private func settleDigests(
    _ ledger: SetLedger?, _ isYoung: Bool, _ connection: Connection
  ) throws(StoreFailure) {
    try connection.transaction(.immediate) { () throws(StoreFailure) in
      do {
        let count = try connection.int64("SELECT count(*) FROM bucket")
        guard let ledger else {
          if count > 0 { try connection.execute("DELETE FROM bucket") }
          return
        }
        guard options.setDigests == .rebuilt || (count == 0 && isYoung) else {
          if count == 0 { throw RegistryError.store(.setDigestsMissing) }
          if count != 256 { throw RegistryError.damaged(table: "bucket") }
          return
        }
        try connection.execute("DELETE FROM bucket")
        try insert(try ledger.rows(of: try everything(in: connection, ledger)), connection)
      } catch let error as DatabaseError {
        throw .database(error)
      } catch let error as RegistryError {
        throw .registry(error)
      } catch { throw .registry(.store(.failed(code: 1))) }
    }
  }

  private func insert(_ rows: [StoredDigest], _ connection: Connection) throws(DatabaseError) {
    let insert = try connection.prepare(RegistrySQL.insertDigest)
    for row in rows {
      try insert.bind(Int64(row.bucket), at: 1)
      try insert.bind(Int64(clamping: row.version), at: 2)
      try insert.bind(row.sealed, at: 3)
      try insert.run()
    }
  }

  /// The sum of all rows, read in bounded pages.
  private func everything(in connection: Connection, _ ledger: SetLedger) throws -> SetChanges {
    let reader = try RegistryReader(connection)
    var changes = SetChanges()
    for state in StoredRegistration.State.allCases {
      var position: PagePosition?
      repeat {
        let rows = try reader.registrations(
          in: .state(state), after: position, limit: RegistryLimits.pageLimit)
        for row in rows { try ledger.add(row, to: &changes) }
        position = rows.last?.position
      } while position != nil
    }
    var position: EventPosition?
    repeat {
      let events = try reader.events(after: position, limit: RegistryLimits.pageLimit)
      for event in events { try ledger.add(event, to: &changes) }
      position = events.last?.position
    } while position != nil
    return changes
  }
}
