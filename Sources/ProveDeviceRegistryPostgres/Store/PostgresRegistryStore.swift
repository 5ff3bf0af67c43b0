public import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
public import ProveKeySealing

/// A registry's rows in PostgreSQL, for servers on more than one machine.
///
/// Any number of processes may use one database. A write that returned `applied` is committed with
/// the durability that the server gives a commit, and has taken effect once, whatever happened to
/// connections on the way. Lost connections are made anew and calls tried again, within bounds.
public final class PostgresRegistryStore: Sendable {
  /// The store's unlocked keys.
  public let keys: StoreKeys

  let pool: ConnectionPool
  let retrying: Retrying
  private let ledger: SetLedger?
  private let lookUps: LookUpQueue
  private let replicas: ReplicaReader?
  private let recent = RecentWrites()
  let clock: WallClock

  init(_ parts: PostgresStoreOpening.Parts, _ options: PostgresStoreOptions) {
    keys = parts.keys
    ledger = parts.ledger
    pool = parts.pool
    replicas = parts.replicas
    retrying = parts.retrying
    lookUps = LookUpQueue(parts.pool)
    clock = options.clock
  }

  /// Opens the registry in a database, and creates it when there is none.
  /// - Parameters:
  ///   - address: libpq's connection string, `key=value` words or `postgresql://`; it may name
  ///     several hosts, of which the one that takes writes is used unless it says otherwise.
  ///   - unlock: how to unlock it, or how it shall be unlocked from now on.
  ///   - options: connections, time limits, set digests, hosts that only read.
  /// - Throws: ``RegistryError/unlock(_:)`` or ``RegistryError/store(_:)``.
  public static func open(
    _ address: String, unlock: UnlockMethod, options: PostgresStoreOptions = .init()
  ) async throws(RegistryError) -> PostgresRegistryStore {
    try await PostgresStoreOpening(address, unlock, options).open(.orCreate)
  }

  /// Opens a registry that exists and is of this library's version.
  /// - Throws: ``RegistryError/store(_:)`` with `schemaOutdated` when its tables are missing or
  ///   older, `missing` when they are there without content, and as ``open(_:unlock:options:)``.
  public static func openExisting(
    _ address: String, unlock: UnlockMethod, options: PostgresStoreOptions = .init()
  ) async throws(RegistryError) -> PostgresRegistryStore {
    try await PostgresStoreOpening(address, unlock, options).open(.existing)
  }

  /// Creates a registry in a database that has none.
  /// - Throws: ``RegistryError/store(_:)`` with `alreadyExists` when there is one, and as
  ///   ``open(_:unlock:options:)``.
  public static func create(
    _ address: String, unlock: UnlockMethod, options: PostgresStoreOptions = .init()
  ) async throws(RegistryError) -> PostgresRegistryStore {
    try await PostgresStoreOpening(address, unlock, options).open(.new)
  }

  /// Creates the tables of a database or brings older ones up to date; several may do so at once.
  /// - Returns: the versions before and now; 0 for a database without tables.
  /// - Throws: ``RegistryError/store(_:)``; with `formatNewer`, and nothing touched, when the tables
  ///   are newer than this library.
  public static func migrate(
    _ address: String, options: PostgresStoreOptions = .init()
  ) async throws(RegistryError) -> (from: Int, to: Int) {
    try await PostgresMigrator(address, options).run()
  }

  /// What the connections to the primary are doing: in use, idle, and calls that wait for one.
  public var connectionCounts: (open: Int, idle: Int, waiting: Int) {
    let counts = pool.counts
    return (counts.workers, counts.idle, counts.waiting)
  }

  // MARK: Running

  /// Runs reads on a connection, again on another when it is lost.
  func reading<Value: Sendable>(
    _ read: @escaping @Sendable (PostgresReader) throws(PostgresError) -> Value
  ) async throws(RegistryError) -> Value {
    try await wrapping { () async throws(PostgresError) in
      try await pool.run { connection throws(PostgresError) in
        try read(PostgresReader(connection: connection))
      }
    }
  }

  /// Runs a call again when its connection is lost, and wraps what it meets in the end.
  func wrapping<Value>(
    _ body: () async throws(PostgresError) -> Value
  ) async throws(RegistryError) -> Value {
    do throws(PostgresError) { return try await retrying.run(body) } catch {
      throw RegistryError(error)
    }
  }

  // MARK: Look-ups

  /// Reads one registration, from a host that only reads where that may be.
  func lookUp(_ device: Locator) async throws(RegistryError) -> StoredRegistration? {
    if let found = await replicas?.registrations(at: [device]), let row = found.first { return row }
    return try await wrapping { () async throws(PostgresError) in
      try await lookUps.registration(at: device)
    }
  }

  func lookUp(_ devices: [Locator]) async throws(RegistryError) -> [StoredRegistration?] {
    if let found = await replicas?.registrations(at: devices) { return found }
    return try await reading { reader throws(PostgresError) in
      try reader.registrations(at: devices)
    }
  }

  // MARK: Writing

  /// Writes a batch, and writes it again under its id while its outcome is unknown.
  func writing(
    _ batch: [RegistryWrite], as id: WriteID
  ) async throws(RegistryError) -> WriteOutcome {
    let changes = try ledger?.changes(of: batch) ?? SetChanges()
    let plan = WritePlan(batch)
    let forgotten = recent.takeFallen()
    defer { replicas?.note(batch) }
    var attempts = retrying.begin()
    var mayBeApplied = false
    while true {
      let request = PostgresWriter.Request(
        id: id, plan: plan, changes: changes, day: clock.now.daysSinceEpoch, forgotten: forgotten)
      switch await attempt(request) {
      case .success(let outcome):
        if outcome == .applied { recent.note(id) } else { recent.putBack(forgotten) }
        return outcome
      case .failure(.registry(let error)) where !mayBeApplied:
        recent.putBack(forgotten)
        throw error
      case .failure(let failure):
        if case .unknown = failure { mayBeApplied = true }
        guard failure.isWorthAnother(mayBeApplied), await attempts.next() else {
          recent.putBack(forgotten)
          throw mayBeApplied ? .store(.outcomeUnknown) : failure.asRegistryError
        }
      }
    }
  }

  private func attempt(
    _ request: PostgresWriter.Request
  ) async -> Result<WriteOutcome, PostgresWriter.Failure> {
    do throws(PostgresError) {
      return try await pool.run { [ledger] connection throws(PostgresError) in
        do throws(PostgresWriter.Failure) {
          let writer = PostgresWriter(connection: connection, ledger: ledger)
          return .success(try writer.write(request))
        } catch { return .failure(error) }
      }
    } catch { return .failure(.refused(error)) }
  }

  /// Closes every connection; later calls throw ``StoreProblem/closed``.
  func closing() async throws(RegistryError) {
    guard await pool.close() else { throw .store(.closed) }
    await replicas?.close()
  }
}

extension PostgresWriter.Failure {
  /// Whether another attempt may settle it.
  ///
  /// Where an earlier one may have been committed, only
  /// another attempt can tell, whatever came in the way of this one.
  func isWorthAnother(_ mayBeApplied: Bool) -> Bool {
    switch self {
    case .unknown: true
    case .registry: mayBeApplied
    case .refused(let error):
      error.kind.isOfConnection
        || (mayBeApplied && error.kind != .closed && error.kind != .cancelled)
    }
  }

  var asRegistryError: RegistryError {
    switch self {
    case .refused(let error), .unknown(let error): RegistryError(error)
    case .registry(let error): error
    }
  }
}
