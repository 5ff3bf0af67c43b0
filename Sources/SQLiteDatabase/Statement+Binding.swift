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
