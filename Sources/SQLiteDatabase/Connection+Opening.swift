import CSQLite
import Glibc

extension ConnectionOptions {
  /// The flags for `sqlite3_open_v2`.
  ///
  /// No mutex, since the owner has one; no shared cache, in which one connection's failure
  /// reaches another; no URI.
  var openFlags: Int32 {
    let common = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE
    return switch access {
    case .readWriteCreate: common | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
    case .readWrite: common | SQLITE_OPEN_READWRITE
    case .readOnly: common | SQLITE_OPEN_READONLY
    }
  }

  /// How long opening may wait: an exclusive holder stays, so waiting long for it is in vain.
  var openTimeoutMilliseconds: Int32 {
    if let openingTimeoutMilliseconds {
      return min(openingTimeoutMilliseconds, busyTimeoutMilliseconds)
    }
    return access != .readOnly && locking == .exclusive
      ? min(busyTimeoutMilliseconds, 100) : busyTimeoutMilliseconds
  }
}

extension Connection {
  /// Takes from the file's schema what it could do beyond holding rows (invariant C3).
  func harden() throws(DatabaseError) {
    try configure(SQLITE_DBCONFIG_DEFENSIVE, true)
    try configure(SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)
    try configure(SQLITE_DBCONFIG_ENABLE_TRIGGER, false)
    try configure(SQLITE_DBCONFIG_ENABLE_VIEW, false)
    try configure(SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, false)
    try configure(SQLITE_DBCONFIG_DQS_DML, false)
    try configure(SQLITE_DBCONFIG_DQS_DDL, false)
    try configure(SQLITE_DBCONFIG_WRITABLE_SCHEMA, false)
  }

  private func configure(_ option: Int32, _ value: Bool) throws(DatabaseError) {
    try unsafe handle.check("configure") { unsafe pks_set_config($0, option, value ? 1 : 0) }
  }

  /// Makes the settings; where another connection is recovering the log, which ends, it is waited for
  /// as long as a statement would.
  func configureWaiting(_ options: ConnectionOptions) throws(DatabaseError) {
    let deadline = ContinuousClock.now + .milliseconds(options.busyTimeoutMilliseconds)
    while true {
      do throws(DatabaseError) {
        return try configure(options)
      } catch {
        guard error.code == .busyRecovery, ContinuousClock.now < deadline else { throw error }
      }
    }
  }

  /// Makes the settings, and reads each of them back (invariant C1).
  private func configure(_ options: ConnectionOptions) throws(DatabaseError) {
    let writes = options.access != .readOnly
    try setBusyTimeout(options.openTimeoutMilliseconds)
    // SQLite opens a file read-only by itself where it may not write.
    if writes, try isReadOnly() { throw DatabaseError(.readOnly, operation: "open") }

    try set("cell_size_check", "1")
    try set("foreign_keys", "0")
    try set("temp_store", "2")  // memory
    try set("secure_delete", options.secureDelete ? "1" : "0")
    try setCache(options.cache)
    // Before the journal mode: the first page, written then, fixes the vacuum mode, and shared
    // memory is avoided only by a connection that is exclusive before it first reads the log.
    if writes {
      try set("locking_mode", options.locking == .exclusive ? "exclusive" : "normal")
      try set("auto_vacuum", options.autoVacuum == .none ? "0" : "2")
    }
    try setJournal(options)
    // A database in memory has no mapping to set.
    if options.journal == .wal { try set("mmap_size", "0") }
    try set("synchronous", options.durability == .full ? "2" : "1")
    if writes, let pages = options.checkpointPages { try set("wal_autocheckpoint", "\(pages)") }
    if writes, options.locking == .exclusive { try takeLock() }
    try setBusyTimeout(options.busyTimeoutMilliseconds)
  }

  /// Sets the wait for other connections' locks.
  private func setBusyTimeout(_ milliseconds: Int32) throws(DatabaseError) {
    try unsafe handle.check("configure") { unsafe sqlite3_busy_timeout($0, milliseconds) }
  }

  /// Runs `body` with another wait for other connections' locks.
  func waiting<R>(
    _ milliseconds: Int32, _ body: () throws(DatabaseError) -> R
  ) throws(DatabaseError) -> R {
    try setBusyTimeout(milliseconds)
    let result: Result<R, DatabaseError>
    do throws(DatabaseError) { result = .success(try body()) } catch { result = .failure(error) }
    try setBusyTimeout(busyTimeoutMilliseconds)
    return try result.get()
  }

  private func isReadOnly() throws(DatabaseError) -> Bool {
    try unsafe handle.withPointer("open") { unsafe sqlite3_db_readonly($0, "main") != 0 }
  }

  /// Sets a pragma to a value, written as it reads back, and throws unless it took effect.
  ///
  /// One that is as wanted already is left alone: setting `auto_vacuum` is a write to the file.
  private func set(_ name: String, _ value: String) throws(DatabaseError) {
    if try pragmaText(name) == value { return }
    // Some pragmas answer when set, others do not: only reading afterwards counts.
    _ = try pragmaText("\(name) = \(value)")
    guard try pragmaText(name) == value else {
      throw DatabaseError(.pragmaRefused(name: name), operation: "configure")
    }
  }

  private func setCache(_ size: ConnectionOptions.CacheSize?) throws(DatabaseError) {
    switch size {
    case nil: return
    case .pages(let count): try set("cache_size", "\(max(count, 1))")
    case .kibibytes(let amount): try set("cache_size", "-\(max(amount, 1))")
    }
  }

  private func setJournal(_ options: ConnectionOptions) throws(DatabaseError) {
    guard options.journal == .wal else { return try set("journal_mode", "memory") }
    let mode =
      options.access == .readOnly
      ? try pragmaText("journal_mode") : try switchToWriteAheadLog(options)
    guard let mode, mode == "wal" else {
      throw DatabaseError(
        .walUnavailable(mode: (mode ?? "none").lowercased()), operation: "configure")
    }
  }

  /// Switches to the write-ahead log, waiting as long as the busy timeout says.
  ///
  /// SQLite itself does not wait here when two connections make a new file at once, since each
  /// holds the lock that the other one needs.
  private func switchToWriteAheadLog(_ options: ConnectionOptions) throws(DatabaseError) -> String?
  {
    let deadline = ContinuousClock.now + .milliseconds(options.openTimeoutMilliseconds)
    while true {
      do throws(DatabaseError) {
        return try pragmaText("journal_mode = WAL")
      } catch {
        guard error.kind == .inUse, options.locking == .normal, ContinuousClock.now < deadline
        else { throw error }
        usleep(5_000)
      }
    }
  }

  /// Takes the exclusive lock now rather than at the first write (invariant C2).
  private func takeLock() throws(DatabaseError) {
    try execute("BEGIN EXCLUSIVE")
    try execute("COMMIT")
  }

  /// The value that `PRAGMA text` gives, as text.
  private func pragmaText(_ text: String) throws(DatabaseError) -> String? {
    let statement = try Statement("PRAGMA \(text)", in: handle, persistent: false)
    return try statement.firstRow { (row) throws(DatabaseError) in
      switch row.type(at: 0) {
      case .integer: "\(try row.int64(at: 0))"
      default: try row.string(at: 0)
      }
    }
  }
}
