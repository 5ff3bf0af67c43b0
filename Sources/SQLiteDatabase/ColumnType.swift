import CSQLite

/// The five storage classes of SQLite.
package enum ColumnType: Sendable {
  /// A signed integer of 64 bits.
  case integer
  /// A floating point number.
  case real
  /// Text.
  case text
  /// Bytes.
  case blob
  /// No value; also what a column that does not exist holds.
  case null

  init(code: Int32) {
    switch code {
    case SQLITE_INTEGER: self = .integer
    case SQLITE_FLOAT: self = .real
    case SQLITE_TEXT: self = .text
    case SQLITE_BLOB: self = .blob
    default: self = .null
    }
  }
}
