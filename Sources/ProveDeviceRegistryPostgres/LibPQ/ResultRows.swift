import CLibPQ

/// What one command gave: its rows, or how many it changed.
///
/// Freed with its last reference. Values are in PostgreSQL's binary form; each is checked for its width before it is read.
@safe
final class ResultRows {
  private let result: OpaquePointer

  /// Takes over a result.
  init(owning result: OpaquePointer) {
    unsafe self.result = result
  }

  deinit {
    unsafe PQclear(result)
  }

  /// How many rows there are.
  var count: Int { Int(unsafe PQntuples(result)) }

  /// How many rows an INSERT, UPDATE or DELETE changed.
  var changed: Int {
    let text = unsafe String(cString: PQcmdTuples(result))
    return Int(text) ?? 0
  }

  /// The command as the server names it when it is done, such as `COMMIT`.
  var tag: String { unsafe String(cString: PQcmdStatus(result)) }

  /// What became of the command.
  var status: ExecStatusType { unsafe PQresultStatus(result) }

  /// The server's name for a failure, if it is one.
  var state: SQLState? {
    guard let text = unsafe PQresultErrorField(result, pks_field_sql_state) else { return nil }
    return SQLState(unsafe String(cString: text))
  }

  func isNull(_ row: Int, _ column: Int) -> Bool {
    unsafe PQgetisnull(result, Int32(row), Int32(column)) != 0
  }

  /// Reads an `int8`.
  func integer(_ row: Int, _ column: Int) throws(PostgresError) -> Int64 {
    try withValue(row, column) { bytes throws(PostgresError) in
      guard bytes.count == 8 else { throw Self.unexpected }
      var value: UInt64 = 0
      for index in bytes.indices { value = value << 8 | UInt64(bytes[index]) }
      return Int64(bitPattern: value)
    }
  }

  /// Reads a `bytea`.
  func bytes(_ row: Int, _ column: Int) throws(PostgresError) -> [UInt8] {
    try withValue(row, column) { bytes throws(PostgresError) in
      [UInt8](capacity: bytes.count) { output in
        for index in bytes.indices { output.append(bytes[index]) }
      }
    }
  }

  /// Reads a text, such as a setting of the server's.
  func text(_ row: Int, _ column: Int) throws(PostgresError) -> String {
    String(decoding: try bytes(row, column), as: UTF8.self)
  }

  /// Lends a value's bytes; throws for NULL and where there is no such value.
  func withValue<R>(
    _ row: Int, _ column: Int, _ body: (Span<UInt8>) throws(PostgresError) -> R
  ) throws(PostgresError) -> R {
    guard row < count, column < Int(unsafe PQnfields(result)), !isNull(row, column),
      let start = unsafe PQgetvalue(result, Int32(row), Int32(column))
    else { throw Self.unexpected }
    let length = Int(unsafe PQgetlength(result, Int32(row), Int32(column)))
    let raw = unsafe UnsafeRawBufferPointer(start: start, count: length)
    return try body(unsafe Span<UInt8>(_unsafeBytes: raw))
  }

  private static var unexpected: PostgresError {
    PostgresError(.unexpectedAnswer, operation: "read a row")
  }
}
