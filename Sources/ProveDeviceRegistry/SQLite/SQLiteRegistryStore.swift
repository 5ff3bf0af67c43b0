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

  private let ledger: SetLedger?
  let commits: GroupCommit
  private let readers: [Locked<RegistryReader?>]
  private let snapshots: KeptSnapshots?
  private let ownership: Locked<OwnershipLock?>
  private let nextReader = Atomic<Int>(0)

  /// How many connections read.
  private static let readerCount = 4

  /// Opens the store in a file, and creates it when there is none.
  /// - Parameters:
  ///   - path: the file; its folder must exist.
  ///   - unlock: how to unlock it, or how it shall be unlocked from now on.
  ///   - options: who else may use it, and whether set digests are kept.
  /// - Throws: ``RegistryError/unlock(_:)`` or ``RegistryError/store(_:)``.
  public convenience init(
    at path: String, unlock: UnlockMethod, options: SQLiteStoreOptions = .init()
  ) throws(RegistryError) {
    try self.init(at: path, .method(unlock), options, access: .readWriteCreate)
  }

  /// Opens the store in a file that exists.
  /// - Throws: ``RegistryError/store(_:)`` with `missing` when there is none or nothing in it, and as
  ///   ``init(at:unlock:options:)``.
  public static func openExisting(
    at path: String, unlock: UnlockMethod, options: SQLiteStoreOptions = .init()
  ) throws(RegistryError) -> SQLiteRegistryStore {
    try SQLiteRegistryStore(at: path, .method(unlock), options, access: .readWrite)
  }

  /// Creates the store in a file where there is none.
  /// - Throws: ``RegistryError/store(_:)`` with `alreadyExists` when there is one, and as
  ///   ``init(at:unlock:options:)``.
  public static func create(
    at path: String, unlock: UnlockMethod, options: SQLiteStoreOptions = .init()
  ) throws(RegistryError) -> SQLiteRegistryStore {
    try SQLiteRegistryStore(
      at: path, .method(unlock), options, access: .readWriteCreate, mustCreate: true)
  }

  /// Opens a copy of a store with keys of its own.
  convenience init(
    copyAt path: String, of store: SQLiteRegistryStore
  ) throws(RegistryError) {
    let options = SQLiteStoreOptions(setDigests: store.ledger == nil ? .off : .kept)
    try self.init(at: path, .copy(of: store.keys), options, access: .readWrite)
  }

  private init(
    at path: String, _ unlock: SQLiteStoreOpening.Unlocking, _ options: SQLiteStoreOptions,
    access: ConnectionOptions.Access, mustCreate: Bool = false
  ) throws(RegistryError) {
    do throws(StoreFailure) {
      let opening = SQLiteStoreOpening(
        path: path, unlock: unlock, options: options, access: access, mustCreate: mustCreate)
      let parts = try opening.open(readers: Self.readerCount)
      keys = parts.keys
      ledger = parts.ledger
      commits = parts.commits
      readers = parts.readers
      snapshots = parts.snapshots
      ownership = Locked(parts.ownership)
    } catch { throw error.asRegistryError }
  }
}

extension SQLiteRegistryStore {
  /// Lets SQLite take memory without counting it, so that threads that read beside others that read or
  /// write do not wait for each other's allocations.
  ///
  /// SQLite counts under one lock for all connections of a process. Built without memory set aside for
  /// each connection, as Debian's is, it comes there some ten times a look-up. For programs to call
  /// first of all, while they have one thread, since it is a setting of SQLite for the whole process:
  /// `sqlite3_memory_used` and its like tell nothing any more, and heap limits do not work.
  /// - Returns: false when something in the process has used SQLite already: then nothing changes.
  @discardableResult
  public static func stopCountingMemory() -> Bool { SQLiteLibrary.stopCountingMemory() }
}

// MARK: - The store's calls

extension SQLiteRegistryStore {
  /// Reads one registration.
  public func registration(
    at device: Locator
  ) async throws(RegistryError) -> StoredRegistration? {
    try reading(.lookUp) { reader throws(DatabaseError) in try reader.registration(at: device) }
  }

  /// Reads several registrations.
  public func registrations(
    at devices: [Locator]
  ) async throws(RegistryError) -> [StoredRegistration?] {
    precondition((1...RegistryLimits.pageLimit).contains(devices.count), "1 to 1,000 at a time")
    return try reading(.lookUp) { reader throws(DatabaseError) in
      try reader.registrations(at: devices)
    }
  }

  /// Lists registrations.
  public func registrations(
    in listing: StoredListing, after position: PagePosition?, limit: Int
  ) async throws(RegistryError) -> [StoredRegistration] {
    let limit = min(max(limit, 1), RegistryLimits.pageLimit)
    return try reading(listing.isOfDecision ? .lookUp : .other) { reader throws(DatabaseError) in
      try reader.registrations(in: listing, after: position, limit: limit)
    }
  }

  /// Reads one item.
  public func item(at locator: Locator) async throws(RegistryError) -> StoredItem? {
    try reading(.lookUp) { reader throws(DatabaseError) in try reader.item(at: locator) }
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

  /// Reads all events in order.
  public func events(
    after position: EventPosition?, limit: Int
  ) async throws(RegistryError) -> [StoredEvent] {
    let limit = min(max(limit, 1), RegistryLimits.pageLimit)
    return try reading { reader throws(DatabaseError) in
      try reader.events(after: position, limit: limit)
    }
  }

  /// Reads events that still have a detail of before a day.
  public func events(
    withDetailBefore day: Int64, limit: Int
  ) async throws(RegistryError) -> [StoredEvent] {
    let limit = min(max(limit, 1), RegistryLimits.pageLimit)
    return try reading { reader throws(DatabaseError) in
      try reader.events(withDetailBefore: day, limit: limit)
    }
  }

  /// Reads the last event of each of several registrations.
  public func lastEvents(of devices: [Locator]) async throws(RegistryError) -> [StoredEvent?] {
    precondition((1...RegistryLimits.pageLimit).contains(devices.count), "1 to 1,000 at a time")
    return try reading { reader throws(DatabaseError) in try reader.lastEvents(of: devices) }
  }

  /// Writes a batch in one durable transaction, shared with others that arrive meanwhile.
  public func write(
    _ batch: [RegistryWrite], as id: WriteID
  ) async throws(RegistryError) -> WriteOutcome {
    precondition((1...RegistryLimits.batchLimit).contains(batch.count), "a batch is 1 to 500 rows")
    // Hashed here, by many callers at once, rather than by the one that commits.
    let changes = try ledger?.changes(of: batch) ?? SetChanges()
    do throws(StoreFailure) {
      return try await commits.write(BatchRequest(batch: batch, id: id, changes: changes))
    } catch { throw error.asRegistryError }
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

  /// Counts registrations by state and day, and visitors by their candidates.
  public func census() async throws(RegistryError) -> StoreCensus {
    try reading { reader throws(DatabaseError) in try reader.census() }
  }

  /// Reads the sealed set digests.
  public func setDigests() async throws(RegistryError) -> [StoredDigest] {
    try reading { reader throws(DatabaseError) in try reader.setDigests() }
  }

  /// Checks the file's own structure.
  public func structureProblems() async throws(RegistryError) -> [String] {
    try reading { reader throws(DatabaseError) in try reader.structureProblems() }
  }

  /// Moves the log into the file and empties it; deleted rows are overwritten there.
  public func scrub() async throws(RegistryError) {
    try await wrapping { () async throws(DatabaseError) in
      try await commits.run { writer throws(DatabaseError) in try writer.emptyLog() }
    }
  }

  /// Closes every connection; later calls throw ``StoreProblem/closed``.
  public func close() async throws(RegistryError) {
    for reader in readers {
      try closing(reader)
    }
    try await wrapping { () async throws(DatabaseError) in try await commits.close() }
    ownership.withLock { $0 = nil }
  }

  /// What all connections together have done up to now, so that tests can bound what a call costs.
  func work() async throws(RegistryError) -> DatabaseWork {
    var sum = try await wrapping { () async throws(DatabaseError) in
      try await commits.run { writer throws(DatabaseError) in try writer.work() }
    }
    for reader in readers {
      do throws(DatabaseError) {
        try reader.withLock { reader throws(DatabaseError) in
          if let reader { sum = sum + (try reader.work()) }
        }
      } catch { throw RegistryError(error) }
    }
    return sum
  }

  private func closing(_ reader: Locked<RegistryReader?>) throws(RegistryError) {
    do throws(DatabaseError) {
      try reader.withLock { reader throws(DatabaseError) in
        try reader?.close()
        reader = nil
      }
    } catch { throw RegistryError(error) }
  }

  /// What is read, and so on which connections first.
  private enum Reading {
    /// What a look-up or a decision waits for.
    case lookUp
    /// Many rows, or the end of a chain of events: pages that look-ups would have to make room for.
    case other
  }

  /// Runs `read` on the first connection that is free, so that few of them keep warm pages; when all
  /// are busy, on each in turn.
  ///
  /// Look-ups begin at one end and all else at the other, so that a sweep beside them neither holds
  /// their connection nor takes the pages that it keeps.
  private func reading<Value>(
    _ kind: Reading = .other, _ read: (RegistryReader) throws(DatabaseError) -> Value
  ) throws(RegistryError) -> Value {
    func value(of reader: RegistryReader?) throws(DatabaseError) -> Result<Value, RegistryError> {
      guard let reader else { return .failure(.store(.closed)) }
      if let snapshots { try reader.keepReading(in: snapshots.turns) }
      return .success(try read(reader))
    }
    let result: Result<Value, RegistryError>
    do throws(DatabaseError) { result = try onFreeReader(kind, value) } catch {
      throw RegistryError(error)
    }
    return try result.get()
  }

  private func onFreeReader<Value>(
    _ kind: Reading, _ body: (RegistryReader?) throws(DatabaseError) -> Value
  ) throws(DatabaseError) -> Value {
    for place in readers.indices {
      let reader = readers[kind == .lookUp ? place : readers.count - 1 - place]
      let value = try reader.withLockIfFree { reader throws(DatabaseError) in try body(reader) }
      if let value { return value }
    }
    let turn = nextReader.wrappingAdd(1, ordering: .relaxed).oldValue
    let reader = readers[Int(UInt(bitPattern: turn) % UInt(readers.count))]
    return try reader.withLock { reader throws(DatabaseError) in try body(reader) }
  }

  private func wrapping<Value>(
    _ body: () async throws(DatabaseError) -> Value
  ) async throws(RegistryError) -> Value {
    do throws(DatabaseError) { return try await body() } catch { throw RegistryError(error) }
  }
}

extension StoredListing {
  /// Whether decisions read it: the candidates of a visitor.
  fileprivate var isOfDecision: Bool {
    switch self {
    case .candidates, .candidatesWithNumber, .candidatesWithProveID: true
    default: false
    }
  }
}
