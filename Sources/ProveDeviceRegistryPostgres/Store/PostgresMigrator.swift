import ProveDeviceRegistry

/// Creates the tables and brings older ones up to date.
///
/// - M1: tables of a newer version are not touched.
/// - M2: a migration runs while its version's row is locked, so that of several who migrate at once
///   one does the work and the others find it done. Every statement may be run again, for servers
///   whose changes of schema are no part of a transaction.
struct PostgresMigrator: Sendable {
  private let pool: ConnectionPool
  private let retrying: Retrying
  private let migrations: [[String]]

  /// How long one statement of a migration may take, in milliseconds: an index over many rows.
  private static let statementTimeoutMilliseconds = 3_600_000

  init(
    _ address: String, _ options: PostgresStoreOptions,
    migrations: [[String]] = PostgresSchema.migrations
  ) throws(RegistryError) {
    var settings = options.session
    settings.statementTimeoutMilliseconds = Self.statementTimeoutMilliseconds
    settings.lockTimeoutMilliseconds = Self.statementTimeoutMilliseconds
    settings.idleInTransactionTimeoutMilliseconds = Self.statementTimeoutMilliseconds
    var limits = options.pool
    limits.connections = 1
    do throws(PostgresError) {
      let server = try ServerAddress(address)
      pool = ConnectionPool(limits) { [settings] () throws(PostgresError) in
        try ServerConnection.connect(to: server, settings)
      }
    } catch { throw RegistryError(error) }
    retrying = options.retrying
    self.migrations = migrations
  }

  /// Migrates; see ``PostgresRegistryStore/migrate(_:options:)``.
  func run() async throws(RegistryError) -> (from: Int, to: Int) {
    let result = await steps()
    _ = await pool.close()
    let (from, to) = try result.get()
    return (Int(from), Int(to))
  }

  private func steps() async -> Result<(from: Int64, to: Int64), RegistryError> {
    do throws(RegistryError) {
      let before = try await migrating { [migrations] connection throws(PostgresError) in
        try Self.makeVersionTable(connection)
        return try Self.version(connection, known: migrations.count)
      }
      try Self.refuseNewer(before, known: migrations.count)
      var version = before
      while version < migrations.count {
        version = try await migrating { [migrations] connection throws(PostgresError) in
          try Self.step(connection, migrations)
        }
        try Self.refuseNewer(version, known: migrations.count)
      }
      return .success((before, version))
    } catch { return .failure(error) }
  }

  /// Throws unless the version is one that this library knows (M1).
  static func refuseNewer(_ version: Int64, known: Int) throws(RegistryError) {
    guard version > known else { return }
    throw .store(.formatNewer(found: Int32(clamping: version), known: Int32(clamping: known)))
  }

  /// Runs a part again where another migrator was in its way.
  private func migrating<Value: Sendable>(
    _ body: @escaping @Sendable (ServerConnection) throws(PostgresError) -> Value
  ) async throws(RegistryError) -> Value {
    var attempts = retrying.begin()
    while true {
      do throws(PostgresError) { return try await pool.run(body) } catch {
        let kind = error.kind
        // Two who create one table at once meet in the server's catalogue.
        let isRace = kind == .duplicate || kind == .serialization || error.state?.code == "XX000"
        guard kind.isOfConnection || isRace, await attempts.next() else {
          throw RegistryError(error)
        }
      }
    }
  }

  private static func makeVersionTable(_ connection: ServerConnection) throws(PostgresError) {
    // Asked first, so that a user without the right to create tables may find them up to date.
    do throws(PostgresError) {
      if try connection.run(PostgresSQL.version).count == 1 { return }
    } catch {
      guard error.kind == .schemaMissing else { throw error }
    }
    for text in PostgresSchema.versionTable {
      try connection.run(SQLStatement(once: "create the version's table", text))
    }
  }

  private static func version(
    _ connection: ServerConnection, known: Int
  ) throws(PostgresError) -> Int64 {
    try connection.run(PostgresSQL.version).integer(0, 0)
  }

  /// One migration, unless another has done it meanwhile (M2).
  /// - Returns: the version there is now.
  private static func step(
    _ connection: ServerConnection, _ migrations: [[String]]
  ) throws(PostgresError) -> Int64 {
    try connection.transaction { () throws(PostgresError) in
      let locked = try connection.begin(.readCommitted, [Command(PostgresSQL.lockedVersion)])
      guard let version = try locked.first?.integer(0, 0) else {
        throw PostgresError(.schemaMissing, operation: "read the version")
      }
      guard version < migrations.count else {
        _ = try connection.commit()
        return version
      }
      for text in migrations[Int(version)] {
        try connection.run(SQLStatement(once: "migration \(version + 1)", text))
      }
      var update = Command(PostgresSQL.updateVersion)
      update.add(version)
      update.add(version + 1)
      _ = try connection.commit(after: [update])
      return version + 1
    }
  }
}
