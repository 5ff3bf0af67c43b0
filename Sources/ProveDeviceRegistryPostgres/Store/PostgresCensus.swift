import ProveDeviceRegistry

/// Counts over whole tables, range by range, so that no statement takes long.
struct PostgresCensus {
  let connection: ServerConnection

  func statistics() throws(PostgresError) -> StoreStatistics {
    var states: [StoredRegistration.State: Int] = [:]
    try forEachRow(PostgresSQL.countRegistrations) { rows, row throws(PostgresError) in
      states[try Self.state(rows, row), default: 0] += Int(try rows.integer(row, 1))
    }
    return StoreStatistics(
      registrations: states, candidates: try count(PostgresSQL.countCandidates),
      events: try count(PostgresSQL.countEvents), items: try count(PostgresSQL.countItems),
      byteCount: try byteCount())
  }

  func census() throws(PostgresError) -> StoreCensus {
    struct Key: Hashable {
      let state: StoredRegistration.State
      let day: Int64
    }
    var cohorts: [Key: Int] = [:]
    try forEachRow(PostgresSQL.cohorts) { rows, row throws(PostgresError) in
      let key = Key(state: try Self.state(rows, row), day: try rows.integer(row, 1))
      cohorts[key, default: 0] += Int(try rows.integer(row, 2))
    }
    var visitors: [Int: Int] = [:]
    try forEachRow(PostgresSQL.visitorsByCandidates) { rows, row throws(PostgresError) in
      visitors[Int(try rows.integer(row, 0)), default: 0] += Int(try rows.integer(row, 1))
    }
    let ordered = cohorts.sorted { left, right in
      (left.key.state.rawValue, left.key.day) < (right.key.state.rawValue, right.key.day)
    }
    return StoreCensus(
      cohorts: ordered.map { key, count in
        StoreCensus.Cohort(state: key.state, lastActiveDay: key.day, count: count)
      }, visitorsByCandidates: visitors)
  }

  /// The sum of a count over all ranges.
  func count(_ statement: SQLStatement) throws(PostgresError) -> Int {
    var sum = 0
    try forEachRow(statement) { rows, row throws(PostgresError) in
      sum += Int(try rows.integer(row, 0))
    }
    return sum
  }

  private func forEachRow(
    _ statement: SQLStatement, _ body: (ResultRows, Int) throws(PostgresError) -> Void
  ) throws(PostgresError) {
    for group in KeyRange.groups {
      for rows in try connection.exchange(group.map { $0.command(statement) }) {
        for row in 0..<rows.count { try body(rows, row) }
      }
    }
  }

  /// Bytes on disk, where the server can tell.
  private func byteCount() throws(PostgresError) -> Int? {
    do throws(PostgresError) {
      return Int(try connection.run(PostgresSQL.size).integer(0, 0))
    } catch {
      // Servers that only speak like PostgreSQL do not have the function.
      guard error.kind == .other else { throw error }
      return nil
    }
  }

  private static func state(
    _ rows: ResultRows, _ row: Int
  ) throws(PostgresError) -> StoredRegistration.State {
    guard let state = StoredRegistration.State(rawValue: try rows.integer(row, 0)) else {
      throw PostgresError(.corrupt, operation: "read a state")
    }
    return state
  }
}
