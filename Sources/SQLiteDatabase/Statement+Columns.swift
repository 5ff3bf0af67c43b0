import CSQLite

/// Columns of the present row, numbered from 0.
///
/// The type is checked and nothing is converted: a file that was tampered with gives an error.
extension Statement {
  /// The type of the value in a column; null also where there is no such column or no row.
  package func type(at column: Int) -> ColumnType {
    guard handle.isOpen else { return .null }
    return unsafe ColumnType(code: sqlite3_column_type(pointer, Int32(clamping: column)))
  }

  /// Whether a column holds no value.
  package func isNull(at column: Int) -> Bool {
    type(at: column) == .null
  }

  /// The integer in a column.
  package func int64(at column: Int) throws(DatabaseError) -> Int64 {
    try require(.integer, at: column)
    return unsafe sqlite3_column_int64(pointer, Int32(clamping: column))
  }

  /// A copy of the bytes in a column.
  package func bytes(at column: Int) throws(DatabaseError) -> [UInt8] {
    unsafe Array(try blob(at: column))
  }

  /// The sixteen bytes in a column as two numbers; nil when there are more or fewer.
  package func words(at column: Int) throws(DatabaseError) -> (high: UInt64, low: UInt64)? {
    let bytes = unsafe UnsafeRawBufferPointer(try blob(at: column))
    guard bytes.count == 16 else { return nil }
    let high = unsafe bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
    let low = unsafe bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
    return (UInt64(bigEndian: high), UInt64(bigEndian: low))
  }

  /// Lends the bytes in a column to a `body` that cannot fail: of one type, for the hot path.
  package func lendBytes(
    at column: Int, _ body: (Span<UInt8>) -> Void
  ) throws(DatabaseError) {
    let bytes = unsafe try blob(at: column)
    body(unsafe Span(_unsafeElements: bytes))
  }

  /// Lends the bytes in a column to `body`, which must not step or reset the statement.
  ///
  /// The closure needs its error's type written out: `{ (bytes) throws(DatabaseError) in ... }`.
  @inlinable
  package func withBytes<R: ~Copyable, Failure: DatabaseErrorConvertible>(
    at column: Int, _ body: (Span<UInt8>) throws(Failure) -> R
  ) throws(Failure) -> R {
    let bytes: UnsafeBufferPointer<UInt8>
    do throws(DatabaseError) {
      unsafe bytes = try blob(at: column)
    } catch {
      throw Failure(database: error)
    }
    return try unsafe body(Span(_unsafeElements: bytes))
  }

  /// The text in a column.
  package func string(at column: Int) throws(DatabaseError) -> String {
    try require(.text, at: column)
    let start = unsafe sqlite3_column_text(pointer, Int32(clamping: column))
    let count = unsafe sqlite3_column_bytes(pointer, Int32(clamping: column))
    guard let start = unsafe start else { throw outOfMemory() }
    let utf8 = unsafe UnsafeBufferPointer(start: start, count: Int(count))
    guard let text = unsafe String(validating: utf8, as: UTF8.self) else {
      throw DatabaseError(
        .corrupt, operation: "column", statement: sql, message: "text is not UTF-8")
    }
    return text
  }

  /// The bytes where SQLite keeps them; valid until the next step, reset or column conversion.
  @usableFromInline
  func blob(at column: Int) throws(DatabaseError) -> UnsafeBufferPointer<UInt8> {
    try require(.blob, at: column)
    let start = unsafe sqlite3_column_blob(pointer, Int32(clamping: column))
    let count = unsafe Int(sqlite3_column_bytes(pointer, Int32(clamping: column)))
    guard count > 0 else { return unsafe UnsafeBufferPointer(start: nil, count: 0) }
    guard let start = unsafe start else { throw outOfMemory() }
    return unsafe UnsafeBufferPointer(
      start: start.assumingMemoryBound(to: UInt8.self), count: count)
  }

  @inline(__always)
  private func require(_ expected: ColumnType, at column: Int) throws(DatabaseError) {
    try requireOpen("column")
    let found = unsafe ColumnType(code: sqlite3_column_type(pointer, Int32(clamping: column)))
    guard found == expected else {
      throw DatabaseError(
        .columnType(column: column, expected: expected, found: found), operation: "column",
        statement: sql)
    }
  }

  private func outOfMemory() -> DatabaseError {
    DatabaseError(.outOfMemory, operation: "column", statement: sql)
  }
}
