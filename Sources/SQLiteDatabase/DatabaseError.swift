/// Why a database operation failed, told without any value that was bound or read.
package struct DatabaseError: Error, Equatable, Sendable {
  /// What happened, in the terms a caller decides by.
  package let kind: Kind
  /// SQLite's code; for what this module itself found, the code that fits it best.
  package let code: ResultCode
  /// What was being done: "open", "prepare", "step", ...
  package let operation: String
  /// The SQL text with its placeholders; never the arguments.
  package let statement: String?
  /// A text from SQLite that holds names of the schema at most.
  package let message: String?
  /// `errno` of the operating system's call that failed, or 0.
  package let systemErrno: Int32

  /// Describes a failure that this module found, or one whose kind is known.
  package init(
    _ kind: Kind, code: ResultCode? = nil, operation: String, statement: String? = nil,
    message: String? = nil, systemErrno: Int32 = 0
  ) {
    self.kind = kind
    self.code = code ?? kind.usualCode
    self.operation = operation
    self.statement = statement
    self.message = message
    self.systemErrno = systemErrno
  }
}

extension DatabaseError {
  /// What happened, in the terms a caller decides by.
  package enum Kind: Equatable, Sendable {
    /// Another connection or process holds the lock: try again later, or give up.
    case inUse
    /// The file, its folder or its file system does not allow writing.
    case readOnly
    /// The folder that should hold the file does not exist.
    case folderMissing
    /// The file does not exist, and creating it was not asked for.
    case fileMissing
    /// The path names a folder, a symbolic link or a device instead of a file.
    case notARegularFile
    /// The path is empty or holds a NUL byte.
    case invalidPath
    /// The operating system does not let this process at the file or its folder.
    case permissionDenied
    /// Others than the owner may read or write the file (the mode's lower nine bits).
    case permissionsTooOpen(mode: UInt32)
    /// The disk, the quota or the page limit is full.
    case full
    /// The operating system failed to read or write.
    case inputOutput
    /// The bytes of the file contradict each other.
    case corrupt
    /// The file is not a database.
    case notADatabase
    /// The primary key, a unique key or the rowid is taken.
    case duplicateKey
    /// Another constraint of a table was violated.
    case constraint
    /// Memory ran out.
    case outOfMemory
    /// A value or statement is larger than SQLite takes.
    case tooBig
    /// Write-ahead logging cannot be had here; the journal mode there is instead.
    case walUnavailable(mode: String)
    /// A setting did not take effect; its name.
    case pragmaRefused(name: String)
    /// The database belongs to another application, whose id this is.
    case wrongApplication(found: Int32)
    /// The format is newer than this library knows.
    case formatNewer(found: Int32, known: Int32)
    /// The format has a version that was never released.
    case formatUnknown(found: Int32)
    /// The schema is not the one that the migrations make.
    case schemaAltered
    /// A column holds another type than was asked for.
    case columnType(column: Int, expected: ColumnType, found: ColumnType)
    /// More text follows the one statement that was wanted.
    case trailingText
    /// The connection is closed, or it was used against its rules.
    case misuse
    /// Any other failure: see the code.
    case other
  }
}

extension DatabaseError: CustomStringConvertible {
  /// The failure in one line: names, codes and counts, never a value that was bound or read.
  package var description: String {
    var text = "database \(operation): \(kind), code \(code)"
    if systemErrno != 0 { text += ", errno \(systemErrno)" }
    if let message { text += ", \(message)" }
    if let statement {
      let limit = 200
      text += ", in \"\(statement.prefix(limit))\(statement.count > limit ? "..." : "")\""
    }
    return text
  }
}

/// An error that can carry a failure of the database.
///
/// It lets a transaction throw its body's own error type; see ``Connection/transaction(_:_:)``.
package protocol DatabaseErrorConvertible: Error {
  /// Wraps a failure of the database.
  init(database: DatabaseError)
}

extension DatabaseError: DatabaseErrorConvertible {
  /// The failure itself.
  package init(database: DatabaseError) {
    self = database
  }
}
