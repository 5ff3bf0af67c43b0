import CSQLite

/// Parameters, numbered from 1 as in SQL.
///
/// SQLite copies what is bound. A statement that is between its first step and its reset refuses.
extension Statement {
  /// Binds an integer.
  package func bind(_ value: Int64, at index: Int) throws(DatabaseError) {
    try bind { unsafe sqlite3_bind_int64(pointer, Int32(clamping: index), value) }
  }

  /// Binds bytes.
  package func bind(_ bytes: Span<UInt8>, at index: Int) throws(DatabaseError) {
    guard let count = Int32(exactly: bytes.count) else { throw tooBig() }
    try bind {
      // SQLite takes a null pointer for NULL rather than for no bytes.
      guard count > 0 else {
        return unsafe sqlite3_bind_zeroblob(pointer, Int32(clamping: index), 0)
      }
      return unsafe bytes.withUnsafeBufferPointer {
        unsafe pks_bind_blob(pointer, Int32(clamping: index), $0.baseAddress, count)
      }
    }
  }

  /// Binds bytes.
  package func bind(_ bytes: [UInt8], at index: Int) throws(DatabaseError) {
    try bind(bytes.span, at: index)
  }

  /// Binds sixteen bytes, given as two numbers, to the first parameter; SQLite copies nothing.
  package func bindFirst(_ high: UInt64, _ low: UInt64) throws(DatabaseError) {
    try requireOpen("bind")
    // Before the bytes change under a statement that runs.
    guard unsafe sqlite3_stmt_busy(pointer) == 0 else {
      throw DatabaseError(
        .misuse, operation: "bind", statement: sql, message: "the statement is running")
    }
    unsafe parameter[0] = high.bigEndian
    unsafe parameter[1] = low.bigEndian
    // SQLite lets go of them when it binds others or finalises: not after this object has gone.
    let status = unsafe sqlite3_bind_blob(pointer, 1, parameter, 16, nil)
    guard status == SQLITE_OK else { throw handle.failure(status, "bind", sql) }
  }

  /// Binds text.
  package func bind(_ text: String, at index: Int) throws(DatabaseError) {
    guard let count = Int32(exactly: text.utf8.count) else { throw tooBig() }
    try bind {
      unsafe text.withCString {
        unsafe pks_bind_text(pointer, Int32(clamping: index), $0, count)
      }
    }
  }

  /// Binds NULL.
  package func bindNull(at index: Int) throws(DatabaseError) {
    try bind { unsafe sqlite3_bind_null(pointer, Int32(clamping: index)) }
  }

  private func bind(_ call: () -> Int32) throws(DatabaseError) {
    try requireOpen("bind")
    let status = call()
    guard status == SQLITE_OK else { throw handle.failure(status, "bind", sql) }
  }

  private func tooBig() -> DatabaseError {
    DatabaseError(.tooBig, operation: "bind", statement: sql)
  }
}
