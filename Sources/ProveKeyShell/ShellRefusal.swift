import JSONLines
import ProveKeyModel
import ProveKeyVault

/// What is refused in a request of the vault's shell, beside what is wrong with its line.
package enum ShellFault: String, Sendable, CaseIterable {
  /// The database has not been opened in this shell: `database.open`.
  case notOpen = "NotOpen"
  /// There are too many open databases, or operations in a transaction.
  case tooMany = "TooMany"
  /// The result would be longer than a result may be: give a `limit` or a narrower range.
  case resultTooLarge = "ResultTooLarge"
}

extension LineRefusal {
  init(_ fault: ShellFault, _ message: String) {
    self.init(name: fault.rawValue, message: message)
  }

  /// Says what any failure of an operation means for its answer.
  init(_ error: any Error) {
    switch error {
    case let refusal as LineRefusal: self = refusal
    case let error as VaultError: self.init(error)
    case ModelError.malformed(let field): self = .invalid(field, "well-formed")
    default: self.init(name: "Failed", message: "the operation failed")
    }
  }

  private init(_ error: VaultError) {
    if case .database(let fault) = error {
      self.init(name: fault.rawValue, message: Self.message(of: fault))
      return
    }
    self.init(name: Self.name(of: error), message: Self.message(of: error))
  }

  /// The case's name with a capital.
  private static func name(of error: VaultError) -> String {
    let name = "\(error)".prefix { $0 != "(" }
    return name.prefix(1).uppercased() + name.dropFirst()
  }

  private static func message(of error: VaultError) -> String {
    switch error {
    case .quotaExceeded: "the origin's storage has no room for the item; nothing was changed"
    case .itemTooLarge: "an item has at most 5242880 code units, key and value together"
    case .quotaOutOfBounds: "'quota' must be 0 to 67108864"
    case .invalidOrigin: "'origin' must be 1 to 255 bytes without control characters"
    case .challengeOutOfBounds: "'challenge' must be 16 to 255 bytes"
    case .unknownKey: "the vault has no such key"
    case .deviceIDTaken: "the device id names a key of another scope"
    case .tooManyKeys: "the scope or the vault is at its limit of keys"
    // Without its number, which is what the field carried (H4).
    case .epochInUse(_, let records): "the epoch is in use, by \(records) records; rotate first"
    case .unknownEpoch: "the vault has never had such an epoch"
    case .alreadyExists: "there is a file at the path already; nothing is overwritten"
    case .invalidPath: "the path is empty, too long, or names no regular file"
    case .folderMissing: "the folder of the file does not exist"
    case .diskFull: "the disk is full; nothing was changed"
    case .closed: "the vault has been closed"
    case .damaged(let damage): "the vault is damaged or was altered: \(damage)"
    case .rolledBack: "an older state of the vault was put back"
    case .anchor: "the anchor could not be read or moved; what was written is durable"
    default: "the vault refused: \(error)"
    }
  }

  private static func message(of fault: DatabaseFault) -> String {
    switch fault {
    case .constraint: "a key, index key, store or index of that name is there already"
    case .data: "a key or range is not valid, a key is missing or given twice, or lies not ahead"
    case .dataClone: "the value is nested too deep or too large"
    case .readOnly: "the transaction is read-only: give 'mode' as 'readwrite'"
    case .version: "the database has a higher version"
    case .notFound: "there is no store or index of that name"
    case .invalidState: "the database was closed, deleted or upgraded: open it again"
    case .invalidAccess: "the operation does not go with this store or index"
    case .syntax: "a key path is not one"
    case .quotaExceeded: "a limit of names, stores, rows or bytes would be passed"
    case .type: "a version, count or limit is out of bounds"
    case .conflict: "another process has written to a store of the transaction: repeat it"
    case .blocked: "the database is open: 'database.close' first"
    default: "the database refused"
    }
  }
}
