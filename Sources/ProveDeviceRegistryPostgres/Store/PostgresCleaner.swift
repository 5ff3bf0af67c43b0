import ProveDeviceRegistry
import ProveKeySealing

/// Removes rows whose time is over: found first, then deleted one by one under their keys.
struct PostgresCleaner {
  let connection: ServerConnection
  /// The present day, in days since 1970-01-01.
  let today: Int64

  /// Ids of writes are kept so many days when the process that wrote them is gone.
  private static let writeDays: Int64 = 3

  func removeItems(expiredBefore day: Int64, limit: Int) throws(PostgresError) -> Int {
    let most = min(max(limit, 0), RegistryLimits.batchLimit)
    let removed = try remove(
      PostgresSQL.expiredItems, before: day, limit: most,
      deleting: { locator in
        var command = Command(PostgresSQL.deleteExpiredItem)
        command.add(locator)
        command.add(day)
        return command
      })
    _ = try remove(
      PostgresSQL.oldWrites, before: today - Self.writeDays, limit: RegistryLimits.batchLimit,
      deleting: { id in
        var command = Command(PostgresSQL.deleteWrite)
        command.add(id)
        return command
      })
    return removed
  }

  private func remove(
    _ list: SQLStatement, before day: Int64, limit: Int, deleting: ([UInt8]) -> Command
  ) throws(PostgresError) -> Int {
    var command = Command(list)
    command.add(day)
    command.add(Int64(limit))
    let rows = try connection.run(command)
    guard rows.count > 0 else { return 0 }
    let keys = try rows.all { row throws(PostgresError) in try rows.bytes(row, 0) }
    // In the order of their keys, so that two who clean up do not wait in a circle.
    let commands = keys.sorted { $0.lexicographicallyPrecedes($1) }.map(deleting)
    let results = try connection.transaction { () throws(PostgresError) in
      let results = try connection.begin(.readCommitted, commands)
      _ = try connection.commit()
      return results
    }
    return results.reduce(0) { $0 + $1.changed }
  }
}
