public import ProveKeySealing
import ProveKeyPlatform
import SQLiteDatabase
import Synchronization

/// A registry's rows in one SQLite file: the embedded default.
///
/// One connection writes, in shared commits; a few others read beside it. A write that returned is
/// on disk. The file is made with mode 0600 and refused when others may read or write it.
public final class SQLiteRegistryStore: RegistryStore {
  /// The store's unlocked keys.
  public let keys: StoreKeys

  private let commits: GroupCommit
  private let readers: [Locked<RegistryReader?>]
  private let nextReader = Atomic<Int>(0)

  /// How many connections read.
  private static let readerCount = 4

  /// Opens the store in a file, and creates it when there is none.
  /// - Parameters:
  ///   - path: the file; its folder must exist.
  ///   - unlock: how to unlock it, or how it shall be unlocked from now on.
  /// - Throws: ``RegistryError/unlock(_:)`` or ``RegistryError/store(_:)``.
  public convenience init(at path: String, unlock: UnlockMethod) throws(RegistryError) {
    try self.init(at: path, unlock: unlock, access: .readWriteCreate)
  }

  /// Opens the store in a file that exists.
  /// - Throws: ``RegistryError/store(_:)`` with `missing` when there is none, and as
  ///   ``init(at:unlock:)``.
  public static func openExisting(
    at path: String, unlock: UnlockMethod
  ) throws(RegistryError) -> SQLiteRegistryStore {
    try SQLiteRegistryStore(at: path, unlock: unlock, access: .readWrite)
  }

  /// Creates the store in a file where there is none.
  /// - Throws: ``RegistryError/store(_:)`` with `alreadyExists` when there is one, and as
  ///   ``init(at:unlock:)``.
  public static func create(
    at path: String, unlock: UnlockMethod
  ) throws(RegistryError) -> SQLiteRegistryStore {
    try SQLiteRegistryStore(at: path, unlock: unlock, access: .readWriteCreate, mustCreate: true)
  }

  private init(
    at path: String, unlock: UnlockMethod, access: ConnectionOptions.Access,
    mustCreate: Bool = false
  ) throws(RegistryError) {
    do throws(OpeningFailure) {
      (keys, commits, readers) = try Self.open(
        path, unlock: unlock, access: access, mustCreate: mustCreate)
    } catch {
      switch error {
      case .database(let error): throw RegistryError(error)
      case .registry(let error): throw error
      }
    }
  }
}

// MARK: - The store's calls

extension SQLiteRegistryStore {
  /// Reads one registration.
  public func registration(
    at device: Locator
  ) async throws(RegistryError) -> StoredRegistration? {
    try reading { reader throws(DatabaseError) in try reader.registration(at: device) }
  }

  /// Lists registrations.
  public func registrations(
    in listing: StoredListing, after position: PagePosition?, limit: Int
  ) async throws(RegistryError) -> [StoredRegistration] {
    let limit = min(max(limit, 1), RegistryLimits.pageLimit)
    return try reading { reader throws(DatabaseError) in
      try reader.registrations(in: listing, after: position, limit: limit)
    }
  }

  /// Reads one item.
  public func item(at locator: Locator) async throws(RegistryError) -> StoredItem? {
    try reading { reader throws(DatabaseError) in try reader.item(at: locator) }
  }

  /// Reads events of a registration in order.
  public func events(
    of device: Locator, after sequence: UInt64, limit: Int
  ) async throws(RegistryError) -> [StoredEvent] {
    let limit = min(max(limit, 1), RegistryLimits.pageLimit)
    return try reading { reader throws(DatabaseError) in
      try reader.events(of: device, after: sequence, limit: limit)
    }
  }

  /// Reads the last event of a registration.
  public func lastEvent(of device: Locator) async throws(RegistryError) -> StoredEvent? {
    try reading { reader throws(DatabaseError) in try reader.lastEvent(of: device) }
  }

  /// Writes a batch in one durable transaction, shared with others that arrive meanwhile.
  public func write(_ batch: [RegistryWrite]) async throws(RegistryError) -> WriteOutcome {
    precondition((1...RegistryLimits.batchLimit).contains(batch.count), "a batch is 1 to 500 rows")
    return try await wrapping { () async throws(DatabaseError) in try await commits.write(batch) }
  }

  /// Removes expired items.
  public func removeItems(
    expiredBefore day: Int64, limit: Int
  ) async throws(RegistryError) -> Int {
    try await wrapping { () async throws(DatabaseError) in
      try await commits.run { writer throws(DatabaseError) in
        try writer.removeItems(expiredBefore: day, limit: limit)
      }
    }
  }

  /// Counts rows.
  public func statistics() async throws(RegistryError) -> StoreStatistics {
    try reading { reader throws(DatabaseError) in try reader.statistics() }
  }

  /// Checks the file's own structure.
  public func structureProblems() async throws(RegistryError) -> [String] {
    try reading { reader throws(DatabaseError) in try reader.structureProblems() }
  }

  /// Closes every connection; later calls throw ``StoreProblem/closed``.
  public func close() async throws(RegistryError) {
    for reader in readers {
      try closing(reader)
    }
    try await wrapping { () async throws(DatabaseError) in try await commits.close() }
  }

  private func closing(_ reader: Locked<RegistryReader?>) throws(RegistryError) {
    do throws(DatabaseError) {
      try reader.withLock { reader throws(DatabaseError) in
        try reader?.close()
        reader = nil
      }
    } catch { throw RegistryError(error) }
  }

  /// Runs `read` on one of the connections that read; they take turns.
  private func reading<Value>(
    _ read: (RegistryReader) throws(DatabaseError) -> Value
  ) throws(RegistryError) -> Value {
    let turn = nextReader.wrappingAdd(1, ordering: .relaxed).oldValue
    let reader = readers[Int(UInt(bitPattern: turn) % UInt(readers.count))]
    let value: Value?
    do throws(DatabaseError) {
      value = try reader.withLock { reader throws(DatabaseError) in
        guard let reader else { return nil }
        return try read(reader)
      }
    } catch { throw RegistryError(error) }
    guard let value else { throw .store(.closed) }
    return value
  }

  private func wrapping<Value>(
    _ body: () async throws(DatabaseError) -> Value
  ) async throws(RegistryError) -> Value {
    do throws(DatabaseError) { return try await body() } catch { throw RegistryError(error) }
  }
}

// MARK: - Opening

extension SQLiteRegistryStore {
  private static func open(
    _ path: String, unlock: UnlockMethod, access: ConnectionOptions.Access, mustCreate: Bool
  ) throws(OpeningFailure) -> (StoreKeys, GroupCommit, [Locked<RegistryReader?>]) {
    var options = ConnectionOptions(access: access, locking: .normal)
    let connection: Connection
    do { connection = try DatabaseFile(path: path).open(options) } catch { throw .database(error) }
    let keys = try unlockedKeys(of: connection, unlock, mustCreate: mustCreate)
    options.access = .readOnly
    do {
      let commits = GroupCommit(try RegistryWriter(connection))
      var readers: [Locked<RegistryReader?>] = []
      for _ in 0..<readerCount {
        readers.append(Locked(try RegistryReader(try DatabaseFile(path: path).open(options))))
      }
      return (keys, commits, readers)
    } catch { throw .database(error) }
  }

  /// Brings the file up to date and unlocks its keys, or makes them in a new file.
  private static func unlockedKeys(
    of connection: Connection, _ unlock: UnlockMethod, mustCreate: Bool
  ) throws(OpeningFailure) -> StoreKeys {
    do { try RegistrySchema.migrator.migrate(connection) } catch { throw .database(error) }
    // In one transaction, so that of two processes that begin a store one finds the other's.
    return try connection.transaction(.immediate) { () throws(OpeningFailure) in
      do {
        if let tables = try HeaderTables(reading: connection) {
          guard !mustCreate else { throw OpeningFailure.registry(.store(.alreadyExists)) }
          return try openedKeys(tables, unlock)
        }
        let (keys, header) = try StoreKeys.create(kind: .registry, unlock: unlock)
        let epochs = keys.sealedEpochs.map { (epoch: Int64($0.epoch), sealed: $0.sealed) }
        try HeaderTables(header: header, epochs: epochs).write(to: connection)
        return keys
      } catch let error as OpeningFailure {
        throw error
      } catch let error as SealingError {
        throw .registry(.unlock(error))
      } catch let error as DatabaseError {
        throw .database(error)
      } catch { throw .registry(.store(.failed(code: 1))) }
    }
  }

  private static func openedKeys(
    _ tables: HeaderTables, _ unlock: UnlockMethod
  ) throws(SealingError) -> StoreKeys {
    var epochs: [SealedEpoch] = []
    for (epoch, sealed) in tables.epochs {
      guard let number = UInt32(exactly: epoch) else { throw .damaged(.epochKey) }
      epochs.append(SealedEpoch(epoch: number, sealed: sealed))
    }
    return try StoreKeys.open(
      header: tables.header, epochs: epochs, kind: .registry, unlock: unlock)
  }
}

/// Why a store could not be opened.
private enum OpeningFailure: Error, DatabaseErrorConvertible {
  case database(DatabaseError)
  case registry(RegistryError)

  init(database error: DatabaseError) {
    self = .database(error)
  }
}
