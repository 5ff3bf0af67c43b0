import CSQLite

/// One connection to an SQLite database.
///
/// Not `Sendable`: SQLite's own mutexes are off, so its owner keeps it and its statements
/// together under one lock (`Locked<Owner>`). Invariants, kept by opening and tested by name:
/// - C1: every setting asked for was read back; a database that refuses one is not opened.
/// - C2: an exclusive connection holds its lock from opening to closing.
/// - C3: no trigger, view, double-quoted string or extension of the file's schema is ever run.
/// - C4: a transaction that throws leaves nothing behind.
/// - C5: where an application id is asked for, a file of another application is refused byte for byte
///   as it was.
/// - C6: a reading transaction that is kept open has ended before a transaction, a checkpoint or a
///   copy begins.
package final class Connection {
  let handle: DatabaseHandle
  let busyTimeoutMilliseconds: Int32
  private var controls: [String: Statement] = [:]
  /// Whether nobody else can use the database.
  let isExclusive: Bool
  /// What keeps a reading transaction open.
  var reading: Statement?
  /// Whether a reading transaction is kept open (invariant C6).
  package internal(set) var isReading = false
  /// Tells the rest of this process that the file is open.
  private var use: FileUse?

  /// Opens a database and verifies its settings.
  ///
  /// See ``DatabaseFile/open(_:tighten:)`` for the checks of the file itself, which come first
  /// wherever the database holds anything worth guarding.
  /// - Parameters:
  ///   - path: a file, or `:memory:`; always a path, never a URI.
  ///   - options: how to open it.
  /// - Throws: ``DatabaseError``; with `.inUse` at once (about 100 ms) when exclusive locking is
  ///   asked for and someone else is at the file.
  package init(path: String, options: ConnectionOptions) throws(DatabaseError) {
    let location = try DatabaseLocation(path, vfs: options.vfs)
    busyTimeoutMilliseconds = options.busyTimeoutMilliseconds
    isExclusive = options.locking == .exclusive && options.access != .readOnly
    use = try FileUse(opening: location.path)
    handle = try DatabaseHandle(
      path: location.path, flags: options.openFlags | location.openFlags, vfs: options.vfs)
    do throws(DatabaseError) {
      if use == nil { use = try FileUse(opening: location.path) }
      if let id = options.applicationID { try refuseUnlessOf(id) }
      try harden()
      try configureWaiting(options)
    } catch {
      // The failure to open is what the caller needs; closing cannot add to it.
      try? handle.close()
      throw error
    }
  }

  deinit {
    controls = [:]
    // Whoever wants to hear of a failure calls `close()`.
    try? handle.close()
  }

  /// Finalises all statements and closes; a second call does nothing.
  package func close() throws(DatabaseError) {
    stopReading()
    controls = [:]
    defer { use = nil }
    try handle.close()
  }

  // MARK: Running SQL

  /// Compiles one statement for repeated use.
  ///
  /// - Throws: ``DatabaseError``; with `.trailingText` when more than one statement is given.
  package func prepare(_ sql: String) throws(DatabaseError) -> Statement {
    try Statement(sql, in: handle, persistent: true)
  }

  /// Runs statements without parameters, separated by semicolons, passing over any rows.
  package func execute(_ sql: String) throws(DatabaseError) {
    stopReading()
    try unsafe handle.check("execute", statement: sql) { database in
      unsafe sqlite3_exec(database, sql, nil, nil, nil)
    }
  }

  /// Runs a statement without parameters that stays compiled for the next time.
  func control(_ sql: String) throws(DatabaseError) {
    try controlStatement(sql).run()
  }

  func controlStatement(_ sql: String) throws(DatabaseError) -> Statement {
    if let statement = controls[sql] { return statement }
    let statement = try prepare(sql)
    controls[sql] = statement
    return statement
  }

  // MARK: State

  /// How many rows the last INSERT, UPDATE or DELETE changed.
  package var changes: Int {
    // A closed connection has changed nothing.
    (try? unsafe handle.withPointer("changes") { unsafe Int(sqlite3_changes64($0)) }) ?? 0
  }

  /// Whether a transaction has begun and not ended.
  package var isInTransaction: Bool {
    // A closed connection has no transaction.
    (try? unsafe handle.withPointer("state") { unsafe sqlite3_get_autocommit($0) == 0 }) ?? false
  }
}
