import ProveKeyPlatform

/// One step in the life of a format: the statements that lead from the version before to `version`.
package struct Migration: Sendable {
  /// The version reached: 1, 2, 3 ...
  package let version: Int32
  /// The statements, without parameters.
  package let statements: [String]

  /// Describes the step to `version`.
  package init(version: Int32, statements: [String]) {
    self.version = version
    self.statements = statements
  }
}

/// Creates a database and brings an older one up to date, by an append-only list of migrations.
///
/// - M1: a file of another application is not touched, nor one of a newer or unknown version.
/// - M2: each migration is one transaction together with its version: a crash repeats or skips none.
package struct Migrator: Sendable {
  /// What a file is, seen with the eyes of this migrator.
  package enum State: Equatable, Sendable {
    /// Nothing is in it yet.
    case empty
    /// It has an older version.
    case older(version: Int32)
    /// It has the version that this library writes.
    case current
  }

  /// What a migration did.
  package struct Outcome: Equatable, Sendable {
    /// Whether the file was empty before.
    package let created: Bool
    /// The version before; 0 for an empty file.
    package let from: Int32
    /// The version now.
    package let to: Int32
  }

  /// The id that marks a file as of this application.
  package let applicationID: Int32
  /// All migrations, oldest first.
  package let migrations: [Migration]

  /// Makes a migrator; traps unless the versions count up from 1 and the id is not 0.
  package init(applicationID: Int32, migrations: [Migration]) {
    precondition(applicationID != 0, "an application id of 0 marks nothing")
    precondition(!migrations.isEmpty, "a format has at least one version")
    for (index, migration) in migrations.enumerated() {
      precondition(migration.version == Int32(index + 1), "versions are 1, 2, 3 and so on")
    }
    self.applicationID = applicationID
    self.migrations = migrations
  }

  /// The version that this library writes.
  package var currentVersion: Int32 { Int32(migrations.count) }

  /// Says what the file is, without changing it (invariant M1).
  ///
  /// - Throws: ``DatabaseError`` with `.wrongApplication`, `.formatNewer` or `.formatUnknown`.
  package func check(_ connection: Connection) throws(DatabaseError) -> State {
    let application = try connection.applicationID()
    let version = try connection.userVersion()
    if application == 0, version == 0,
      try connection.int64("SELECT count(*) FROM sqlite_schema") == 0
    {
      return .empty
    }
    guard application == applicationID else {
      throw DatabaseError(.wrongApplication(found: application), operation: "check format")
    }
    guard version <= currentVersion else {
      throw DatabaseError(
        .formatNewer(found: version, known: currentVersion), operation: "check format")
    }
    guard version > 0 else {
      throw DatabaseError(.formatUnknown(found: version), operation: "check format")
    }
    return version == currentVersion ? .current : .older(version: version)
  }

  /// Creates the tables of an empty file, or brings an older one up to date.
  @discardableResult
  package func migrate(_ connection: Connection) throws(DatabaseError) -> Outcome {
    let before = try check(connection)
    while try check(connection) != .current {
      try connection.transaction { () throws(DatabaseError) in try migrateOnce(connection) }
    }
    return Outcome(created: before == .empty, from: version(of: before), to: currentVersion)
  }

  /// Throws unless the schema is, to the letter, the one that the migrations make.
  ///
  /// It is what shows a table, index or trigger that somebody added or changed.
  package func checkSchema(_ connection: Connection) throws(DatabaseError) {
    guard try schema(of: connection) == modelSchema() else {
      throw DatabaseError(.schemaAltered, operation: "check schema")
    }
  }

  /// The schemas that migrations make, by their statements: made once in a process, since making
  /// one takes longer than all else that opening a small file takes.
  private static let modelSchemas = Locked<[[String]: [String]]>([:])

  private func modelSchema() throws(DatabaseError) -> [String] {
    let statements = migrations.flatMap(\.statements)
    if let made = Self.modelSchemas.withLock({ $0[statements] }) { return made }
    var options = ConnectionOptions()
    options.journal = .memory
    let model = try Connection(path: ":memory:", options: options)
    try migrate(model)
    let made = try schema(of: model)
    Self.modelSchemas.withLock { $0[statements] = made }
    return made
  }

  /// One migration and its version, in the caller's transaction (invariant M2).
  private func migrateOnce(_ connection: Connection) throws(DatabaseError) {
    // Asked again under the lock: another process may have been quicker.
    let state = try check(connection)
    guard state != .current else { return }
    let migration = migrations[Int(version(of: state))]
    if state == .empty { try connection.setApplicationID(applicationID) }
    for statement in migration.statements {
      try connection.execute(statement)
    }
    try connection.setUserVersion(migration.version)
  }

  private func version(of state: State) -> Int32 {
    switch state {
    case .empty: 0
    case .older(let version): version
    case .current: currentVersion
    }
  }

  private func schema(of connection: Connection) throws(DatabaseError) -> [String] {
    // An index made by a constraint has no SQL of its own.
    try connection.strings(
      """
      SELECT type || ' ' || name || ' ' || tbl_name || ' ' || ifnull(sql, '')
      FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%' ORDER BY 1
      """)
  }
}
