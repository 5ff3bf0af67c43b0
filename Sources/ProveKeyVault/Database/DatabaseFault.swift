/// Why the database role refused; nothing was changed by the call that threw it.
///
/// Most cases are IndexedDB's exceptions, and ``name`` is what the web calls them.
@nonexhaustive
public enum DatabaseFault: String, Hashable, Sendable {
  /// A key or index key that must be unique is there already, a key generator is used up, or a
  /// store or index of the name exists: choose another one.
  case constraint = "ConstraintError"
  /// A key or range is not valid, or the key is missing or given twice: correct it.
  case data = "DataError"
  /// The value is nested deeper than 128, or has more than 15 MiB: divide it.
  case dataClone = "DataCloneError"
  /// The transaction is read-only: use `write`.
  case readOnly = "ReadOnlyError"
  /// The database has a higher version than was asked for: ask for that one.
  case version = "VersionError"
  /// There is no store or index of this name in the scope: correct the name, or add it to the scope.
  case notFound = "NotFoundError"
  /// The database was closed, deleted or upgraded by somebody else, the store was deleted, the
  /// cursor is at its end, or a transaction would wait for itself: open or begin anew.
  case invalidState = "InvalidStateError"
  /// The transaction has ended: begin another one.
  case transactionInactive = "TransactionInactiveError"
  /// The transaction was aborted by ``DatabaseTransaction/abort()``.
  case abort = "AbortError"
  /// The call does not go with this store, index, cursor or scope: see there.
  case invalidAccess = "InvalidAccessError"
  /// A key path is not one: correct it.
  case syntax = "SyntaxError"
  /// A limit would be passed, of names, stores, rows, index keys, a transaction or the vault: remove
  /// something, or divide the transaction.
  case quotaExceeded = "QuotaExceededError"
  /// A version, count or limit is out of bounds: correct it.
  case type = "TypeError"
  /// Another process or vault object has written to a store of this transaction: repeat it.
  case conflict = "Conflict"
  /// Other handles of the database are open: close them and repeat.
  case blocked = "Blocked"

  /// What the web calls it; a conflict is an `AbortError` and a blocked call an `InvalidStateError`
  /// there.
  public var name: String {
    switch self {
    case .conflict: DatabaseFault.abort.rawValue
    case .blocked: DatabaseFault.invalidState.rawValue
    default: rawValue
    }
  }
}
