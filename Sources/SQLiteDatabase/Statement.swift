import CSQLite

/// One SQL statement, compiled once and run as often as wanted.
///
/// Bind the parameters, step through the rows, reset. Not for use by two threads at once: it
/// belongs under the same lock as its connection. Once the connection is closed, every call throws.
@safe
package final class Statement {
  /// The SQL text with its placeholders.
  package let sql: String

  let handle: DatabaseHandle
  let pointer: OpaquePointer
  /// Sixteen bytes that stay where they are, for a parameter that SQLite need not copy.
  let parameter: UnsafeMutablePointer<UInt64>

  init(_ sql: String, in handle: DatabaseHandle, persistent: Bool) throws(DatabaseError) {
    var compiled: OpaquePointer?
    // SQLite reads up to the first NUL.
    var hasTrailingText = sql.utf8.contains(0)
    let flags = persistent ? UInt32(SQLITE_PREPARE_PERSISTENT) : 0
    try unsafe handle.check("prepare", statement: sql) { database in
      unsafe sql.withCString { text in
        var end: UnsafePointer<CChar>?
        let status = unsafe sqlite3_prepare_v3(database, text, -1, flags, &compiled, &end)
        if let rest = unsafe end {
          let tail = unsafe String(cString: rest)
          hasTrailingText = hasTrailingText || tail.utf8.contains { !" \n\r\t;".utf8.contains($0) }
        }
        return status
      }
    }
    guard let compiled = unsafe compiled else {
      throw DatabaseError(.misuse, operation: "prepare", statement: sql, message: "no statement")
    }
    if hasTrailingText {
      unsafe sqlite3_finalize(compiled)
      throw DatabaseError(.trailingText, operation: "prepare", statement: sql)
    }
    self.sql = sql
    self.handle = handle
    unsafe self.pointer = compiled
    unsafe parameter = .allocate(capacity: 2)
  }

  deinit {
    // A closed connection has finalised its statements. The result of finalising repeats a
    // failure that the last step has reported.
    if handle.isOpen { unsafe sqlite3_finalize(pointer) }
    unsafe parameter.deallocate()
  }

  // MARK: Running

  /// Goes on to the next row.
  ///
  /// - Returns: whether there is a row; false when the statement has finished.
  /// - Throws: what kept the statement from going on; it is then reset.
  package func step() throws(DatabaseError) -> Bool {
    try requireOpen("step")
    let status = unsafe sqlite3_step(pointer)
    if status == SQLITE_ROW { return true }
    if status == SQLITE_DONE { return false }
    let error = handle.failure(status, "step", sql)
    reset()
    throw error
  }

  /// Makes the statement ready to run again; the bound values stay.
  package func reset() {
    // Its result repeats a failure that the last step has reported.
    if handle.isOpen { unsafe sqlite3_reset(pointer) }
  }

  /// Sets every parameter to NULL, so that SQLite frees its copies of the bound values.
  package func clearBindings() {
    // It has no way to fail.
    if handle.isOpen { unsafe sqlite3_clear_bindings(pointer) }
  }

  /// Runs to the end, passing over any rows, and resets.
  package func run() throws(DatabaseError) {
    defer { reset() }
    while try step() {}
  }

  /// Runs until the first row, reads it and resets.
  ///
  /// The closure needs its error's type written out: `{ (row) throws(DatabaseError) in ... }`.
  /// - Returns: what `read` made of the row; nothing when there is no row.
  @inlinable
  package func firstRow<R, Failure: DatabaseErrorConvertible>(
    _ read: (Statement) throws(Failure) -> R
  ) throws(Failure) -> R? {
    defer { reset() }
    do throws(DatabaseError) {
      guard try step() else { return nil }
    } catch {
      throw Failure(database: error)
    }
    return try read(self)
  }

  /// Runs to the end, handing each row to `read`, and resets.
  ///
  /// The closure needs its error's type written out: `{ (row) throws(DatabaseError) in ... }`.
  @inlinable
  package func forEachRow<Failure: DatabaseErrorConvertible>(
    _ read: (Statement) throws(Failure) -> Void
  ) throws(Failure) {
    defer { reset() }
    while true {
      do throws(DatabaseError) {
        guard try step() else { return }
      } catch {
        throw Failure(database: error)
      }
      try read(self)
    }
  }

  /// Whether the statement leaves the database as it is.
  package var readOnly: Bool {
    unsafe handle.isOpen && sqlite3_stmt_readonly(pointer) != 0
  }

  func requireOpen(_ operation: String) throws(DatabaseError) {
    guard handle.isOpen else {
      throw DatabaseError(
        .misuse, operation: operation, statement: sql, message: "the connection is closed")
    }
  }
}
