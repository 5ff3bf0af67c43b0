import ProveKeySealing
import SQLiteDatabase

extension RecordStore {
  /// What opening does about a vault that is or is not there.
  enum Admission {
    /// Opens it; creates it when it is not there.
    case openOrCreate
    /// Creates it; refuses one that is there.
    case create
    /// Opens it; refuses to create it.
    case openExisting
  }

  /// Opens or creates the vault at `path` and verifies it whole.
  static func open(
    at path: String, _ unlock: UnlockMethod, _ mode: VaultMode, _ admission: Admission,
    _ anchor: (any RollbackAnchor)? = nil
  ) throws(VaultError) -> sending RecordStore {
    guard path.utf8.count <= VaultLimits.pathByteCount else { throw .invalidPath }
    // Before the file is looked at: the anchor only ever follows it.
    var mark: AnchorMark?
    if let anchor { mark = try wrapping { () throws(AnchorError) in try anchor.last() } }
    do throws(VaultError) {
      // A vault that was seen cannot be one that is to be made.
      guard mark == nil || admission != .create else { throw .rolledBack }
      let store = try openAnyway(at: path, unlock, mode, mark == nil ? admission : .openExisting)
      if let anchor { try store.hold(against: mark, of: anchor) }
      return store
    } catch .missing where mark != nil && admission == .openOrCreate {
      throw .rolledBack
    }
  }

  private static func openAnyway(
    at path: String, _ unlock: UnlockMethod, _ mode: VaultMode, _ admission: Admission
  ) throws(VaultError) -> sending RecordStore {
    var options = ConnectionOptions(
      access: admission == .openExisting ? .readWrite : .readWriteCreate,
      locking: mode == .exclusive ? .exclusive : .normal)
    options.applicationID = VaultSchema.applicationID
    if mode == .shared { options.openingTimeoutMilliseconds = VaultLimits.openingMilliseconds }
    let connection = try wrapping { () throws(DatabaseError) in
      try DatabaseFile(path: path).open(options)
    }
    let keys = try unlockOrCreate(connection, unlock, admission)
    let store = RecordStore(connection, keys, mode: mode)
    try store.reading { _ throws(VaultError) in }
    return store
  }

  private static func unlockOrCreate(
    _ connection: Connection, _ unlock: UnlockMethod, _ admission: Admission
  ) throws(VaultError) -> StoreKeys {
    if let tables = try headerTables(connection) {
      guard admission != .create else { throw .alreadyExists }
      return try open(tables, unlock)
    }
    guard admission != .openExisting else { throw .missing }
    let made = try wrapping(.creating) { () throws(SealingError) in
      try StoreKeys.create(kind: .vault, unlock: unlock)
    }
    try wrapping { () throws(DatabaseError) in _ = try VaultSchema.migrator.migrate(connection) }
    let tables = HeaderTables(
      header: made.header, epochs: made.keys.sealedEpochs.map { (Int64($0.epoch), $0.sealed) })
    let other = try connection.transaction { () throws(VaultError) -> HeaderTables? in
      // Asked again under the lock: in shared mode another process may have been quicker.
      if let other = try headerTables(connection) { return other }
      let sealed = try made.keys.seal(.first(headerHash: tables.hash))
      try wrapping { () throws(DatabaseError) in
        try tables.write(to: connection)
        try RecordTable(connection).insertState(sealed)
      }
      return nil
    }
    guard let other else { return made.keys }
    guard admission != .create else { throw .alreadyExists }
    return try open(other, unlock)
  }

  /// The header tables; nothing when the file is empty or its creation was cut short, in which case
  /// no row can be in it.
  private static func headerTables(_ connection: Connection) throws(VaultError) -> HeaderTables? {
    let (tables, rows) = try wrapping { () throws(DatabaseError) -> (HeaderTables?, Int64) in
      switch try VaultSchema.migrator.check(connection) {
      case .empty: return (nil, 0)
      case .older: try VaultSchema.migrator.migrate(connection)
      case .current: break
      }
      try VaultSchema.migrator.checkSchema(connection)
      let rows = try connection.int64(
        "SELECT (SELECT count(*) FROM state) + EXISTS (SELECT 1 FROM record)")
      return (try HeaderTables(reading: connection), rows)
    }
    guard tables != nil || rows == 0 else { throw .damaged(VaultDamage(.header, .missing)) }
    return tables
  }

  private static func open(
    _ tables: HeaderTables, _ unlock: UnlockMethod
  ) throws(VaultError) -> StoreKeys {
    let epochs = try tables.sealedEpochs()
    return try wrapping(.unlocking) { () throws(SealingError) in
      try StoreKeys.open(header: tables.header, epochs: epochs, kind: .vault, unlock: unlock)
    }
  }
}
