import ProveDeviceRegistry
import ProveKeySealing

/// Makes the set digests anew from the rows as they are.
///
/// All buckets stay locked meanwhile: a writer that keeps digests waits for its buckets after it has
/// written its rows, which are then not in the sum, and adds them to what it finds.
struct DigestRebuild: Sendable {
  let ledger: SetLedger
  let pool: ConnectionPool
  let retrying: Retrying

  func run() async throws(RegistryError) {
    let result: Result<Void, RegistryError>
    do throws(PostgresError) {
      result = try await retrying.run { () async throws(PostgresError) in
        try await pool.run { connection throws(PostgresError) in try rebuild(connection) }
      }
    } catch { throw RegistryError(error) }
    try result.get()
  }

  /// The statement that inserts a bucket's row.
  static func insertion(_ row: StoredDigest) -> Command {
    var command = Command(PostgresSQL.insertDigest)
    command.add(Int64(row.bucket))
    command.add(Int64(clamping: row.version))
    command.add(row.sealed)
    return command
  }

  private func rebuild(
    _ connection: ServerConnection
  ) throws(PostgresError) -> Result<Void, RegistryError> {
    try connection.transaction { () throws(PostgresError) in
      let locked = try connection.begin(
        .readCommitted, (0...255).map { Self.onBucket($0, PostgresSQL.lockedDigest) })
      var versions: [UInt8: UInt64] = [:]
      for result in locked where result.count == 1 {
        let row = try result.storedDigest(0)
        versions[row.bucket] = row.version
      }
      switch try rows(PostgresReader(connection: connection)) {
      case .success(let rows):
        _ = try connection.commit(after: rows.map { Self.change($0, from: versions[$0.bucket]) })
        return .success(())
      case .failure(let error):
        try connection.run(ServerConnection.rollback)
        return .failure(error)
      }
    }
  }

  /// A row that waiting writers know is changed in its place: they would not find another.
  private static func change(_ row: StoredDigest, from version: UInt64?) -> Command {
    guard let version else { return insertion(row) }
    var command = Command(PostgresSQL.updateDigest)
    command.add(Int64(row.bucket))
    command.add(Int64(clamping: row.version))
    command.add(row.sealed)
    command.add(Int64(clamping: version))
    return command
  }

  private static func onBucket(_ bucket: Int64, _ statement: SQLStatement) -> Command {
    var command = Command(statement)
    command.add(bucket)
    return command
  }

  /// The digests of all rows, which are read in pages.
  private func rows(
    _ reader: PostgresReader
  ) throws(PostgresError) -> Result<[StoredDigest], RegistryError> {
    var changes = SetChanges()
    do {
      for state in StoredRegistration.State.allCases {
        var position: PagePosition?
        repeat {
          let rows = try reader.registrations(
            in: .state(state), after: position, limit: RegistryLimits.pageLimit)
          for row in rows { try ledger.add(row, to: &changes) }
          position = rows.last?.position
        } while position != nil
      }
      var position: EventPosition?
      repeat {
        let events = try reader.events(after: position, limit: RegistryLimits.pageLimit)
        for event in events { try ledger.add(event, to: &changes) }
        position = events.last?.position
      } while position != nil
      return .success(try ledger.rows(of: changes))
    } catch let error as PostgresError {
      throw error
    } catch let error as RegistryError {
      return .failure(error)
    } catch { return .failure(.store(.failed(code: 1))) }
  }
}
