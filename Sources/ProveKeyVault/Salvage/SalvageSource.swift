import ProveKeyPlatform
import ProveKeySealing
import SQLiteDatabase

/// A copy of a damaged vault, opened with whatever of its keys is left.
///
/// The vault's own files are read once and never opened by SQLite: they stay as they were found.
final class SalvageSource {
  /// The unlocked keys.
  let keys: StoreKeys
  /// What the vault last said of itself; nothing when that does not open.
  let state: SetState?
  private let connection: Connection
  private let path: String
  /// What could not be read.
  let losses: SalvageLosses
  /// Whether all rows were walked over: what cannot be read is known then.
  private var hasWalked = false

  private static let suffixes = ["", "-wal", "-shm", "-journal"]

  /// Copies the vault at `path` and unlocks the copy.
  init(copying path: String, _ unlock: UnlockMethod) throws(VaultError) {
    // A name of its own, so that nothing else is ever removed.
    var generator = SecureRandomNumberGenerator()
    let copy = path + ".salvage-" + String(generator.next(), radix: 16)
    self.path = copy
    let losses = SalvageLosses()
    self.losses = losses
    do throws(VaultError) {
      try DatabaseFile(path: path).withoutUsers { () throws(VaultError) in
        // The log first: once the database was read and closed, others may come in.
        for suffix in ["-wal", ""] {
          try filing { () throws(DurableFile.Problem) in
            _ = try DurableFile(path: path + suffix).copy(to: copy + suffix)
          }
        }
      }
      let connection = try wrapping { () throws(DatabaseError) in
        try DatabaseFile(path: copy).open(ConnectionOptions(access: .readWrite))
      }
      let tables = try wrapping { () throws(DatabaseError) -> HeaderTables? in
        _ = try VaultSchema.migrator.check(connection)
        return try HeaderTables(reading: connection)
      }
      guard let tables else { throw .damaged(VaultDamage(.header, .missing)) }
      let epochs = try tables.sealedEpochs()
      let (keys, lostEpochs) = try wrapping(.unlocking) { () throws(SealingError) in
        try StoreKeys.openDamaged(
          header: tables.header, epochs: epochs, kind: .vault, unlock: unlock)
      }
      self.keys = keys
      for _ in 0..<lostEpochs { losses.note(VaultDamage(.epochKey, .notAuthentic)) }
      self.connection = connection
      state = try Self.readState(keys, tables, connection, losses)
    } catch {
      // The failure that led here is the one to tell; the copy holds nothing that was not there.
      try? Self.removeFiles(at: copy)
      throw error
    }
  }

  /// Closes and removes the copy.
  func discard() throws(VaultError) {
    try wrapping { () throws(DatabaseError) in try connection.close() }
    try Self.removeFiles(at: path)
  }

  private static func removeFiles(at path: String) throws(VaultError) {
    for suffix in suffixes {
      try filing { () throws(DurableFile.Problem) in
        try DurableFile(path: path + suffix).remove()
      }
    }
  }

  private static func readState(
    _ keys: StoreKeys, _ tables: HeaderTables, _ connection: Connection,
    _ losses: SalvageLosses
  ) throws(VaultError) -> SetState? {
    var state: SetState?
    try losses.noting { () throws(VaultError) in
      let sealed = try wrapping { () throws(DatabaseError) in
        try connection.prepare(RecordTable.selectStateSQL).firstRow {
          row throws(DatabaseError) in try row.bytes(at: 0)
        }
      }
      guard let sealed else { throw .damaged(VaultDamage(.state, .missing)) }
      let opened = try keys.openSetState(sealed)
      keys.refuse(epochsBelow: opened.minimumEpoch)
      state = opened
      guard tables.hash == opened.headerHash else {
        throw .damaged(VaultDamage(.header, .replaced))
      }
    }
    return state
  }

  // MARK: Rows

  /// Lends every row that can still be reached: forwards, backwards from the end, and one by one
  /// as the index names them, so that a torn page hides no more than what stands on it.
  ///
  /// What cannot be read is noted the first time that all rows are walked over. What `body` throws ends
  /// the walk and is thrown on, whatever it is.
  func forEachRow(
    _ body: (RecordTable.Row, Span<UInt8>) throws(VaultError) -> Void
  ) throws(VaultError) {
    var failure: VaultError?
    do throws(VaultError) {
      try reach { row, sealed throws(VaultError) in
        do throws(VaultError) {
          try body(row, sealed)
        } catch {
          failure = error
          throw .closed  // a damage would be taken for one of the row
        }
      }
    } catch {
      throw failure ?? error
    }
    hasWalked = true
  }

  private func reach(
    _ body: (RecordTable.Row, Span<UInt8>) throws(VaultError) -> Void
  ) throws(VaultError) {
    let columns = "SELECT locator, namespace, epoch, version, sealed FROM record"
    var seen: Set<Locator> = []
    for order in ["ASC", "DESC"] {
      let isWhole = try walk("\(columns) NOT INDEXED ORDER BY locator \(order)", &seen, body)
      if isWhole { return }
    }
    var named: [Locator] = []
    _ = try reading { () throws(VaultError) in
      let index = try wrapping { () throws(DatabaseError) in
        try connection.prepare(RecordTable.walkIndexSQL)
      }
      try index.forEachRow { row throws(VaultError) in
        let locator = try row.withBytes(at: 1) { bytes throws(VaultError) in Locator(bytes) }
        if let locator, !seen.contains(locator) { named.append(locator) }
      }
    }
    let select = try wrapping { () throws(DatabaseError) in
      try connection.prepare("\(columns) WHERE locator = ?1")
    }
    for locator in named {
      _ = try reading { () throws(VaultError) in
        try wrapping { () throws(DatabaseError) in
          try locator.withBytes { bytes throws(DatabaseError) in try select.bind(bytes, at: 1) }
        }
        _ = try select.firstRow { row throws(VaultError) in
          try RecordTable.lend(row) { row, sealed throws(VaultError) in
            guard seen.insert(row.locator).inserted else { return }
            try body(row, sealed)
          }
        }
      }
    }
  }

  /// Lends the rows that a statement gives until one of its pages cannot be read.
  /// - Returns: whether it came to the end.
  private func walk(
    _ sql: String, _ seen: inout Set<Locator>,
    _ body: (RecordTable.Row, Span<UInt8>) throws(VaultError) -> Void
  ) throws(VaultError) -> Bool {
    var new = seen
    defer { seen = new }
    return try reading { () throws(VaultError) in
      let statement = try wrapping { () throws(DatabaseError) in try connection.prepare(sql) }
      try statement.forEachRow { row throws(VaultError) in
        // A row whose columns are not a record's is lost by itself.
        _ = try reading { () throws(VaultError) in
          try RecordTable.lend(row) { row, sealed throws(VaultError) in
            guard new.insert(row.locator).inserted else { return }
            try body(row, sealed)
          }
        }
      }
    }
  }

  /// The content of a row that ``forEachRow(_:)`` has shown, unless it is a secret.
  func content(at locator: Locator) throws(VaultError) -> [UInt8] {
    try withRow(at: locator) { row, sealed throws(VaultError) in
      try keys.content(of: row, sealed)?.bytes ?? []
    }
  }

  /// Lends one row that ``forEachRow(_:)`` has shown.
  func withRow<R>(
    at locator: Locator, _ body: (RecordTable.Row, Span<UInt8>) throws(VaultError) -> R
  ) throws(VaultError) -> R {
    let select = try wrapping { () throws(DatabaseError) in
      try connection.prepare(RecordTable.selectSQL)
    }
    try wrapping { () throws(DatabaseError) in
      try locator.withBytes { bytes throws(DatabaseError) in try select.bind(bytes, at: 1) }
    }
    let result = try select.firstRow { row throws(VaultError) in try RecordTable.lend(row, body) }
    guard let result else { throw .damaged(VaultDamage(.record, .missing)) }
    return result
  }

  /// Runs `body` and notes what could not be read; any other failure is thrown.
  private func reading(_ body: () throws(VaultError) -> Void) throws(VaultError) -> Bool {
    do throws(VaultError) {
      try body()
      return true
    } catch .damaged(let damage) {
      if !hasWalked { losses.note(damage) }
      return false
    }
  }
}
