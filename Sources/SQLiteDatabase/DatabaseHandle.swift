import CSQLite

/// The one owner of a `sqlite3 *`, shared by a connection and its statements.
///
/// It outlives neither: closing finalises every statement, and a statement asks ``isOpen`` before
/// it touches its own pointer.
@safe
final class DatabaseHandle {
  private var database: OpaquePointer?

  /// Opens a file or an in-memory database.
  init(path: String, flags: Int32, vfs: String?) throws(DatabaseError) {
    var opened: OpaquePointer?
    let status = unsafe path.withCString { path in
      guard let vfs else { return unsafe sqlite3_open_v2(path, &opened, flags, nil) }
      return unsafe vfs.withCString { unsafe sqlite3_open_v2(path, &opened, flags, $0) }
    }
    unsafe database = opened
    guard status == SQLITE_OK else {
      let error = failure(status, "open", nil)
      closeAnyway()
      throw error
    }
  }

  deinit {
    closeAnyway()
  }

  /// Whether the database has not been closed.
  var isOpen: Bool { unsafe database != nil }

  /// Lends the pointer for one call; throws once the database is closed.
  func withPointer<R>(
    _ operation: String, _ body: (OpaquePointer) -> R
  ) throws(DatabaseError) -> R {
    guard let database = unsafe database else {
      throw DatabaseError(.misuse, operation: operation, message: "the connection is closed")
    }
    return unsafe body(database)
  }

  /// Runs one call that returns a result code, and throws unless it is `SQLITE_OK`.
  func check(
    _ operation: String, statement: String? = nil, _ body: (OpaquePointer) -> Int32
  ) throws(DatabaseError) {
    let status = try unsafe withPointer(operation, body)
    guard status == SQLITE_OK else { throw failure(status, operation, statement) }
  }

  /// The error for `status`, the result of the call made last.
  func failure(_ status: Int32, _ operation: String, _ statement: String?) -> DatabaseError {
    // Without a database (memory ran out while opening) only the plain code is known.
    let message = unsafe sqlite3_errmsg(database)
    return unsafe DatabaseError(
      engine: ResultCode(rawValue: status), operation: operation, statement: statement,
      message: message.map { unsafe String(cString: $0) },
      systemErrno: database == nil ? 0 : sqlite3_system_errno(database))
  }

  /// Finalises every statement and closes; does nothing the second time.
  func close() throws(DatabaseError) {
    guard isOpen else { return }
    finaliseStatements()
    let status = unsafe sqlite3_close(database)
    guard status == SQLITE_OK else {
      let error = failure(status, "close", nil)
      // The statements are gone already: nothing may use the database any more.
      closeAnyway()
      throw error
    }
    unsafe database = nil
  }

  private func closeAnyway() {
    finaliseStatements()
    // A backup still running keeps the database from closing now; SQLite closes it afterwards.
    unsafe sqlite3_close_v2(database)
    unsafe database = nil
  }

  private func finaliseStatements() {
    guard let database = unsafe database else { return }
    while let statement = unsafe sqlite3_next_stmt(database, nil) {
      // Its result repeats a failure that the statement's last step has reported.
      unsafe sqlite3_finalize(statement)
    }
  }
}
