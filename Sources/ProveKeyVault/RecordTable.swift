import ProveKeySealing
import SQLiteDatabase

/// All SQL on the tables `record` and `state`.
struct RecordTable {
  /// A row without its sealed bytes.
  struct Row {
    let locator: Locator
    let trusted: TrustedRow

    /// Whose data key sealed it.
    var epoch: UInt32 { trusted.epoch }
  }

  private let selectState: LazyStatement
  private let insertState: LazyStatement
  private let updateState: LazyStatement
  private let read: LazyStatement
  private let list: LazyStatement
  private let walk: LazyStatement
  private let page: LazyStatement
  private let walkIndex: LazyStatement
  private let insert: LazyStatement
  private let update: LazyStatement
  private let delete: LazyStatement
  private let connection: Connection

  /// Names the statements; each is compiled when it is first run.
  init(_ connection: Connection) {
    self.connection = connection
    selectState = LazyStatement(Self.selectStateSQL, connection)
    insertState = LazyStatement(Self.insertStateSQL, connection)
    updateState = LazyStatement(Self.updateStateSQL, connection)
    read = LazyStatement(Self.readSQL, connection)
    list = LazyStatement(Self.listSQL, connection)
    walk = LazyStatement(Self.walkSQL, connection)
    page = LazyStatement(Self.pageSQL, connection)
    walkIndex = LazyStatement(Self.walkIndexSQL, connection)
    insert = LazyStatement(Self.insertSQL, connection)
    update = LazyStatement(Self.updateSQL, connection)
    delete = LazyStatement(Self.deleteSQL, connection)
  }

  static let selectStateSQL = "SELECT sealed FROM state WHERE id = 1"
  static let insertStateSQL = "INSERT INTO state (id, sealed) VALUES (1, ?1)"
  static let updateStateSQL = "UPDATE state SET sealed = ?1 WHERE id = 1"
  /// The hot path's: without the locator, which it gives.
  static let readSQL = "SELECT namespace, epoch, version, sealed FROM record WHERE locator = ?1"
  static let selectSQL =
    "SELECT locator, namespace, epoch, version, sealed FROM record WHERE locator = ?1"
  static let listSQL =
    "SELECT locator, namespace, epoch, version, sealed FROM record WHERE namespace = ?1"
  static let walkSQL =
    "SELECT locator, namespace, epoch, version, sealed FROM record ORDER BY locator"
  static let walkIndexSQL = """
    SELECT namespace, locator FROM record INDEXED BY record_by_namespace
    ORDER BY namespace, locator
    """
  static let pageSQL = "SELECT locator FROM record WHERE locator > ?1 ORDER BY locator LIMIT ?2"
  static let insertSQL = """
    INSERT INTO record (locator, namespace, epoch, version, sealed) VALUES (?1, ?2, ?3, ?4, ?5)
    """
  static let updateSQL = """
    UPDATE record SET namespace = ?2, epoch = ?3, version = ?4, sealed = ?5 WHERE locator = ?1
    """
  static let deleteSQL = "DELETE FROM record WHERE locator = ?1"

  /// The work that walks over all rows have done, for tests that bound it.
  var walkedSteps: Int { walk.steps + page.steps }

  // MARK: State

  /// The sealed state; nothing when there is no row.
  func state() throws(DatabaseError) -> [UInt8]? {
    try selectState.statement.firstRow { row throws(DatabaseError) in try row.bytes(at: 0) }
  }

  /// Writes the first state of a new vault.
  func insertState(_ sealed: [UInt8]) throws(DatabaseError) {
    let insertState = try self.insertState.statement
    try insertState.bind(sealed, at: 1)
    try insertState.run()
  }

  /// Writes the state in the place of the one before.
  /// - Returns: whether there was one.
  func updateState(_ sealed: [UInt8]) throws(DatabaseError) -> Bool {
    let updateState = try self.updateState.statement
    try updateState.bind(sealed, at: 1)
    try updateState.run()
    return connection.changes == 1
  }

  // MARK: Rows

  /// Lends the row at `locator`; nothing when there is none.
  func withRow<R>(
    at locator: Locator, _ body: (Row, Span<UInt8>) throws(VaultError) -> R
  ) throws(VaultError) -> R? {
    let (select, isThere) = try wrapping { () throws(DatabaseError) -> (Statement, Bool) in
      try connection.keepReading()
      let select = try self.read.statement
      try select.bindFirst(locator.high, locator.low)
      return (select, try select.step())
    }
    defer { select.reset() }
    return isThere ? try Self.lend(locator, select, from: 0, body) : nil
  }

  /// Lends every row of a namespace.
  func forEachRow(
    in namespace: Locator, _ body: (Row, Span<UInt8>) throws(VaultError) -> Void
  ) throws(VaultError) {
    let list = try wrapping { () throws(DatabaseError) -> Statement in
      let list = try self.list.statement
      try bind(namespace, to: list)
      return list
    }
    try list.forEachRow { row throws(VaultError) in try Self.lend(row, body) }
  }

  /// Lends every row.
  func forEachRow(
    _ body: (Row, Span<UInt8>) throws(VaultError) -> Void
  ) throws(VaultError) {
    let walk = try wrapping { () throws(DatabaseError) in try self.walk.statement }
    try walk.forEachRow { row throws(VaultError) in try Self.lend(row, body) }
  }

  /// Lends every entry of the index by namespace, in its order: namespace and locator.
  func forEachIndexEntry(
    _ body: (Locator, Locator) throws(VaultError) -> Void
  ) throws(VaultError) {
    let walkIndex = try wrapping { () throws(DatabaseError) in try self.walkIndex.statement }
    try walkIndex.forEachRow { row throws(VaultError) in
      let (namespace, locator) = try wrapping { () throws(DatabaseError) in
        (try Self.locator(row, 0), try Self.locator(row, 1))
      }
      guard let namespace, let locator else {
        throw .damaged(VaultDamage(.record, .malformed))
      }
      try body(namespace, locator)
    }
  }

  /// The first locators after `last`, in their order; at most `limit`.
  func locators(after last: Locator?, limit: Int) throws(VaultError) -> [Locator] {
    let page = try wrapping { () throws(DatabaseError) -> Statement in
      let page = try self.page.statement
      if let last { try bind(last, to: page) } else { try page.bind([], at: 1) }
      try page.bind(Int64(limit), at: 2)
      return page
    }
    var locators: [Locator] = []
    try page.forEachRow { row throws(VaultError) in
      let locator = try row.withBytes(at: 0) { bytes throws(VaultError) in Locator(bytes) }
      guard let locator else { throw .damaged(VaultDamage(.record, .malformed)) }
      locators.append(locator)
    }
    return locators
  }

  /// Writes a row where there is none, or in the place of the one that is there.
  /// - Returns: whether exactly one row was written.
  func write(_ row: Row, _ sealed: [UInt8], replacing: Bool) throws(DatabaseError) -> Bool {
    let statement = try (replacing ? update : insert).statement
    try bind(row.locator, to: statement)
    try row.trusted.namespace.withBytes { bytes throws(DatabaseError) in
      try statement.bind(bytes, at: 2)
    }
    try statement.bind(Int64(row.epoch), at: 3)
    try statement.bind(Int64(bitPattern: row.trusted.version), at: 4)
    try statement.bind(sealed, at: 5)
    try statement.run()
    return connection.changes == 1
  }

  /// Deletes the row at `locator`.
  /// - Returns: whether there was one.
  func delete(at locator: Locator) throws(DatabaseError) -> Bool {
    let delete = try self.delete.statement
    try bind(locator, to: delete)
    try delete.run()
    return connection.changes == 1
  }

  // MARK: Helpers

  private func bind(_ locator: Locator, to statement: Statement) throws(DatabaseError) {
    try locator.withBytes { bytes throws(DatabaseError) in try statement.bind(bytes, at: 1) }
  }

  private static func locator(_ row: Statement, _ column: Int) throws(DatabaseError) -> Locator? {
    try row.words(at: column).map { Locator(high: $0.high, low: $0.low) }
  }

  /// Reads the columns of a whole row, refusing what no vault writes.
  static func lend<R>(
    _ row: Statement, _ body: (Row, Span<UInt8>) throws(VaultError) -> R
  ) throws(VaultError) -> R {
    let locator = try wrapping { () throws(DatabaseError) in try Self.locator(row, 0) }
    guard let locator else { throw .damaged(VaultDamage(.record, .malformed)) }
    return try lend(locator, row, from: 1, body)
  }

  /// Reads the columns after the locator.
  private static func lend<R>(
    _ locator: Locator, _ row: Statement, from first: Int,
    _ body: (Row, Span<UInt8>) throws(VaultError) -> R
  ) throws(VaultError) -> R {
    let (namespace, epoch, version) = try wrapping { () throws(DatabaseError) in
      (try Self.locator(row, first), try row.int64(at: first + 1), try row.int64(at: first + 2))
    }
    guard let namespace, let epoch = UInt32(exactly: epoch),
      let version = UInt64(exactly: version), version > 0
    else { throw .damaged(VaultDamage(.record, .malformed)) }
    var result: Result<R, VaultError>?
    try wrapping { () throws(DatabaseError) in
      try row.lendBytes(at: first + 3) { sealed in
        do throws(VaultError) {
          let row = try Self.row(locator, namespace, epoch, version, sealed)
          result = .success(try body(row, sealed))
        } catch {
          result = .failure(error)
        }
      }
    }
    guard let result else { throw .damaged(VaultDamage(.record, .malformed)) }
    return try result.get()
  }

  private static func row(
    _ locator: Locator, _ namespace: Locator, _ epoch: UInt32, _ version: UInt64,
    _ sealed: Span<UInt8>
  ) throws(VaultError) -> Row {
    let commitment = try wrapping(.using(.record)) { () throws(SealingError) in
      try SealedRecord.commitment(of: sealed, epoch: epoch)
    }
    guard let commitment else { throw .damaged(VaultDamage(.record, .malformed)) }
    return Row(
      locator: locator,
      trusted: TrustedRow(
        namespace: namespace, version: version, epoch: epoch, commitment: commitment))
  }
}

/// A statement that is compiled when it is first wanted.
private final class LazyStatement {
  private let sql: String
  private let connection: Connection
  private var compiled: Statement?

  init(_ sql: String, _ connection: Connection) {
    self.sql = sql
    self.connection = connection
  }

  var statement: Statement {
    get throws(DatabaseError) {
      if let compiled { return compiled }
      let made = try connection.prepare(sql)
      compiled = made
      return made
    }
  }

  /// Operations of SQLite's virtual machine since it was compiled.
  var steps: Int { compiled?.steps ?? 0 }
}
