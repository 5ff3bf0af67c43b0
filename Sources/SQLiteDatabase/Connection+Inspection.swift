import CSQLite

extension Connection {
  /// The one integer that a statement without parameters gives, such as a pragma.
  package func int64(_ sql: String) throws(DatabaseError) -> Int64 {
    let statement = try Statement(sql, in: handle, persistent: false)
    let value = try statement.firstRow { (row) throws(DatabaseError) in try row.int64(at: 0) }
    guard let value else {
      throw DatabaseError(.misuse, operation: "read", statement: sql, message: "no row")
    }
    return value
  }

  /// The texts in the first column of a statement without parameters.
  package func strings(_ sql: String, column: Int = 0) throws(DatabaseError) -> [String] {
    let statement = try Statement(sql, in: handle, persistent: false)
    var texts: [String] = []
    try statement.forEachRow { (row) throws(DatabaseError) in
      texts.append(try row.string(at: column))
    }
    return texts
  }

  // MARK: Identity

  /// The id of the application whose format the file has; 0 when none was set.
  package func applicationID() throws(DatabaseError) -> Int32 {
    Int32(truncatingIfNeeded: try int64("PRAGMA application_id"))
  }

  /// Sets the id of the application whose format the file has.
  package func setApplicationID(_ id: Int32) throws(DatabaseError) {
    try execute("PRAGMA application_id = \(id)")
  }

  /// The version of the format; 0 when none was set.
  package func userVersion() throws(DatabaseError) -> Int32 {
    Int32(truncatingIfNeeded: try int64("PRAGMA user_version"))
  }

  /// Sets the version of the format.
  package func setUserVersion(_ version: Int32) throws(DatabaseError) {
    try execute("PRAGMA user_version = \(version)")
  }

  /// A number that changes when another connection has committed, and only then.
  package func dataVersion() throws(DatabaseError) -> Int64 {
    let statement = try controlStatement("PRAGMA data_version")
    return try statement.firstRow { (row) throws(DatabaseError) in try row.int64(at: 0) } ?? 0
  }

  // MARK: Health

  /// What contradicts itself in the file, at most `limit` findings; none in a sound one.
  package func integrityCheck(limit: Int = 100) throws(DatabaseError) -> [String] {
    try findings(of: "PRAGMA integrity_check(\(max(limit, 1)))")
  }

  /// What contradicts itself in the file's pages and rows, at most `limit` findings.
  ///
  /// As ``integrityCheck(limit:)``, but indexes are not held against their tables.
  package func quickCheck(limit: Int = 100) throws(DatabaseError) -> [String] {
    try findings(of: "PRAGMA quick_check(\(max(limit, 1)))")
  }

  private func findings(of check: String) throws(DatabaseError) -> [String] {
    var findings = try self.findings(ofOne: check)
    // SQLite says the same of an entry that is damaged and of a page that the disk did not give once:
    // damage is found again.
    if findings.contains(where: { $0.contains("Failed to read ptrmap") }) {
      findings = try self.findings(ofOne: check)
    }
    return findings == ["ok"] ? [] : findings
  }

  private func findings(ofOne check: String) throws(DatabaseError) -> [String] {
    let findings = try strings(check)
    for finding in findings {
      if let failure = DatabaseError(unreadPageIn: finding) { throw failure }
    }
    return findings
  }

  /// How SQLite would run a statement: the lines of EXPLAIN QUERY PLAN, for tests that pin them.
  package func queryPlan(_ sql: String) throws(DatabaseError) -> [String] {
    try strings("EXPLAIN QUERY PLAN \(sql)", column: 3)
  }

  /// The operations of SQLite's virtual machine that a statement becomes, for tests that count them.
  package func operations(_ sql: String) throws(DatabaseError) -> [String] {
    try strings("EXPLAIN \(sql)", column: 1)
  }
}

extension DatabaseError {
  /// The failure that a check lists among its findings, though it is none of the file's: a page of it
  /// could not be read, for want of memory or by the disk's fault.
  ///
  /// Source: SQLite, `checkTreePage` and `checkList` in btree.c.
  init?(unreadPageIn finding: String) {
    if finding.contains("failed to get page") {
      // Its number was looked at before: it is within the file.
      self.init(.inputOutput, operation: "check")
      return
    }
    guard let place = finding.firstRange(of: "unable to get the page. error code=") else {
      return nil
    }
    guard let code = Int32(finding[place.upperBound...].prefix { $0.isNumber }) else { return nil }
    let failure = DatabaseError(
      engine: ResultCode(rawValue: code), operation: "check", statement: nil, message: nil,
      systemErrno: 0)
    guard failure.kind != .corrupt else { return nil }
    self = failure
  }
}

/// How thoroughly a checkpoint moves the write-ahead log into the database.
package enum CheckpointMode: Sendable {
  /// As much as goes without waiting.
  case passive
  /// All of it.
  case full
  /// All of it, and the next writer starts the log anew.
  case restart
  /// All of it, and the log becomes an empty file.
  case truncate
}

/// How far a checkpoint came.
package struct CheckpointResult: Equatable, Sendable {
  /// Frames in the log.
  package let logFrames: Int
  /// Frames of them that are in the database now.
  package let checkpointedFrames: Int
}

extension Connection {
  /// Moves the write-ahead log into the database.
  ///
  /// - Throws: ``DatabaseError``; with `.inUse` when a reader stood in the way of any mode but
  ///   passive.
  ///
  /// - Parameter waitMilliseconds: how long any mode but passive waits for readers; by default as
  ///   long as the connection waits for locks.
  @discardableResult
  package func checkpoint(
    _ mode: CheckpointMode = .passive, waitMilliseconds: Int32? = nil
  ) throws(DatabaseError) -> CheckpointResult {
    guard let waitMilliseconds else { return try checkpointing(mode) }
    return try waiting(waitMilliseconds) { () throws(DatabaseError) in try checkpointing(mode) }
  }

  private func checkpointing(
    _ mode: CheckpointMode
  ) throws(DatabaseError) -> CheckpointResult {
    let code =
      switch mode {
      case .passive: SQLITE_CHECKPOINT_PASSIVE
      case .full: SQLITE_CHECKPOINT_FULL
      case .restart: SQLITE_CHECKPOINT_RESTART
      case .truncate: SQLITE_CHECKPOINT_TRUNCATE
      }
    stopReading()
    var log: Int32 = 0
    var done: Int32 = 0
    try unsafe handle.check("checkpoint") {
      unsafe sqlite3_wal_checkpoint_v2($0, "main", code, &log, &done)
    }
    return CheckpointResult(logFrames: Int(log), checkpointedFrames: Int(done))
  }
}
