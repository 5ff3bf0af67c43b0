import CSQLite

/// A result code of SQLite, extended where SQLite says more than the primary code.
///
/// As a pattern, a primary code matches all of its extended codes: `case .busy` also catches
/// `.busySnapshot`.
package struct ResultCode: RawRepresentable, Hashable, Sendable {
  /// The number SQLite gave.
  package let rawValue: Int32

  /// Wraps a number given by SQLite.
  package init(rawValue: Int32) {
    self.rawValue = rawValue
  }

  /// The kind of trouble, without the detail that an extended code adds.
  package var primary: ResultCode { ResultCode(rawValue: rawValue & 0xFF) }

  /// Matches equal codes, and every extended code of a primary pattern.
  package static func ~= (pattern: ResultCode, code: ResultCode) -> Bool {
    pattern.rawValue > 0xFF ? pattern == code : pattern == code.primary
  }
}

// Swift does not import the macros of extended codes, which are expressions: they are composed
// here of the primary code and the detail that sqlite3.h gives.
extension ResultCode {
  /// Done without trouble.
  package static let ok = ResultCode(rawValue: SQLITE_OK)
  /// The SQL is wrong, or a failure without a better code.
  package static let error = ResultCode(rawValue: SQLITE_ERROR)
  /// The operation was given up because its transaction was rolled back.
  package static let abort = ResultCode(rawValue: SQLITE_ABORT)
  /// Another connection holds a lock that is needed.
  package static let busy = ResultCode(rawValue: SQLITE_BUSY)
  /// The snapshot being read is older than the last commit, so it cannot become a writer.
  package static let busySnapshot = busy.extended(2)
  /// Another connection is recovering the log after a crash.
  package static let busyRecovery = busy.extended(1)
  /// A table is locked by this connection itself.
  package static let locked = ResultCode(rawValue: SQLITE_LOCKED)
  /// Memory ran out.
  package static let outOfMemory = ResultCode(rawValue: SQLITE_NOMEM)
  /// The file can only be read.
  package static let readOnly = ResultCode(rawValue: SQLITE_READONLY)
  /// `sqlite3_interrupt` ended the operation.
  package static let interrupt = ResultCode(rawValue: SQLITE_INTERRUPT)
  /// The operating system failed to read or write.
  package static let inputOutput = ResultCode(rawValue: SQLITE_IOERR)
  /// The bytes of the file contradict each other.
  package static let corrupt = ResultCode(rawValue: SQLITE_CORRUPT)
  /// The disk, the quota or the page limit is full.
  package static let full = ResultCode(rawValue: SQLITE_FULL)
  /// A file could not be opened.
  package static let cannotOpen = ResultCode(rawValue: SQLITE_CANTOPEN)
  /// The path leads through a symbolic link.
  package static let cannotOpenSymbolicLink = cannotOpen.extended(6)
  /// A statement outlived a change of the schema.
  package static let schema = ResultCode(rawValue: SQLITE_SCHEMA)
  /// A value or statement is larger than SQLite takes.
  package static let tooBig = ResultCode(rawValue: SQLITE_TOOBIG)
  /// A constraint of a table was violated.
  package static let constraint = ResultCode(rawValue: SQLITE_CONSTRAINT)
  /// A CHECK constraint was violated.
  package static let constraintCheck = constraint.extended(1)
  /// A NOT NULL constraint was violated.
  package static let constraintNotNull = constraint.extended(5)
  /// A row with this primary key exists already.
  package static let constraintPrimaryKey = constraint.extended(6)
  /// A row with this unique key exists already.
  package static let constraintUnique = constraint.extended(8)
  /// A row with this rowid exists already.
  package static let constraintRowID = constraint.extended(10)
  /// A value has not the type that a STRICT table wants.
  package static let constraintDataType = constraint.extended(12)
  /// A value has another type than the operation needs.
  package static let mismatch = ResultCode(rawValue: SQLITE_MISMATCH)
  /// The library was used against its rules.
  package static let misuse = ResultCode(rawValue: SQLITE_MISUSE)
  /// A bound parameter or column does not exist.
  package static let range = ResultCode(rawValue: SQLITE_RANGE)
  /// The file is not a database.
  package static let notADatabase = ResultCode(rawValue: SQLITE_NOTADB)
  /// A step produced a row.
  package static let row = ResultCode(rawValue: SQLITE_ROW)
  /// A statement has finished.
  package static let done = ResultCode(rawValue: SQLITE_DONE)

  private func extended(_ detail: Int32) -> ResultCode {
    ResultCode(rawValue: rawValue | (detail << 8))
  }
}

extension ResultCode: CustomStringConvertible {
  /// The number and SQLite's fixed text for it, which holds no values.
  package var description: String { "\(rawValue) (\(text))" }

  /// SQLite's fixed text for the code.
  package var text: String {
    guard let text = unsafe sqlite3_errstr(rawValue) else { return "unknown" }
    return unsafe String(cString: text)
  }
}
