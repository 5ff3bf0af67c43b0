import Glibc

extension DatabaseError {
  /// Describes a failure that SQLite reported.
  ///
  /// - Parameters:
  ///   - message: SQLite's text of the moment; kept only where it can hold names alone.
  ///   - systemErrno: the last `errno` SQLite saw; kept only where it belongs to this failure.
  init(
    engine code: ResultCode, operation: String, statement: String?, message: String?,
    systemErrno: Int32
  ) {
    let errno = Self.belongsToSystem(code) ? systemErrno : 0
    self.init(
      Kind(code: code, systemErrno: errno), code: code, operation: operation,
      statement: statement,
      message: Self.holdsNamesOnly(code, operation) ? message : nil, systemErrno: errno)
  }

  /// SQLite notes an `errno` for failures of the operating system only, and forgets none.
  private static func belongsToSystem(_ code: ResultCode) -> Bool {
    switch code {
    case .cannotOpen, .inputOutput, .full: true
    default: false
    }
  }

  /// Messages made while compiling quote the SQL text, and those of constraints name columns;
  /// any other message made while running might quote a value.
  private static func holdsNamesOnly(_ code: ResultCode, _ operation: String) -> Bool {
    switch code {
    case .constraintPrimaryKey, .constraintUnique, .constraintNotNull, .constraintRowID,
      .constraintDataType:
      true
    default: operation == "prepare"
    }
  }
}

extension DatabaseError.Kind {
  /// What SQLite's code means to a caller.
  init(code: ResultCode, systemErrno: Int32) {
    switch code {
    case .busy, .locked: self = .inUse
    case .readOnly: self = .readOnly
    case .full: self = .full
    case .corrupt: self = .corrupt
    case .notADatabase: self = .notADatabase
    case .constraintPrimaryKey, .constraintUnique, .constraintRowID: self = .duplicateKey
    case .constraint: self = .constraint
    case .outOfMemory: self = .outOfMemory
    case .tooBig: self = .tooBig
    case .misuse, .range: self = .misuse
    case .cannotOpenSymbolicLink: self = .notARegularFile
    case .cannotOpen: self = Self(systemErrno: systemErrno) ?? .other
    case .inputOutput: self = systemErrno == ENOSPC || systemErrno == EDQUOT ? .full : .inputOutput
    default: self = .other
    }
  }

  /// What an `errno` of opening, creating or reaching a file means, if it is one of those known.
  init?(systemErrno: Int32) {
    switch systemErrno {
    case ENOENT: self = .fileMissing
    case ENOTDIR: self = .folderMissing
    case EISDIR, ELOOP: self = .notARegularFile
    case EACCES, EPERM: self = .permissionDenied
    case EROFS: self = .readOnly
    case ENOSPC, EDQUOT: self = .full
    case EIO: self = .inputOutput
    case ENOMEM: self = .outOfMemory
    default: return nil
    }
  }

  /// The code of SQLite that comes nearest.
  var usualCode: ResultCode {
    switch self {
    case .inUse: .busy
    case .readOnly: .readOnly
    case .folderMissing, .fileMissing, .notARegularFile, .invalidPath, .permissionDenied,
      .permissionsTooOpen:
      .cannotOpen
    case .full: .full
    case .inputOutput: .inputOutput
    case .corrupt, .schemaAltered: .corrupt
    case .notADatabase, .wrongApplication, .formatNewer, .formatUnknown: .notADatabase
    case .duplicateKey, .constraint: .constraint
    case .outOfMemory: .outOfMemory
    case .tooBig: .tooBig
    case .columnType: .mismatch
    case .misuse, .trailingText: .misuse
    case .walUnavailable, .pragmaRefused, .other: .error
    }
  }
}
