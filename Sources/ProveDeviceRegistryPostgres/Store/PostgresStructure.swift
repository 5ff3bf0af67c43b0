import ProveDeviceRegistry
import ProveKeySealing

/// Checks what the tables promise beyond their rows, all as of one moment.
struct PostgresStructure {
  let reader: PostgresReader

  /// Candidates that are compared with their registrations in one round trip.
  private static let pageSize = 500

  func problems() throws(PostgresError) -> [String] {
    let settings = try settingProblems()
    let connection = reader.connection
    return try connection.transaction { () throws(PostgresError) in
      let rows = try connection.begin(.snapshot, [Command(PostgresSQL.version)])
      var problems = settings
      if try rows.first?.integer(0, 0) != PostgresSchema.currentVersion {
        problems.append("the schema is not the one of this format")
      }
      problems += try candidateProblems()
      _ = try connection.commit()
      return problems
    }
  }

  /// Settings under which a commit that returned may be lost in a crash.
  private func settingProblems() throws(PostgresError) -> [String] {
    var problems: [String] = []
    for (statement, name) in [
      (PostgresSQL.showFsync, "fsync"), (PostgresSQL.showFullPageWrites, "full_page_writes"),
    ] {
      do throws(PostgresError) {
        if try reader.connection.run(statement).text(0, 0) == "off" {
          problems.append("the server runs with \(name) off: a crash may damage or lose rows")
        }
      } catch {
        // Servers that only speak like PostgreSQL have no such setting.
        guard error.kind == .other else { throw error }
      }
    }
    return problems
  }

  private func candidateProblems() throws(PostgresError) -> [String] {
    var strays = 0
    var count = 0
    var last: (visitor: [UInt8], device: [UInt8]) = ([], [])
    while true {
      var command = Command(PostgresSQL.allCandidates)
      command.add(last.visitor)
      command.add(last.device)
      command.add(Int64(Self.pageSize))
      let page = try reader.connection.run(command)
      guard page.count > 0 else { break }
      let devices = try page.all { row throws(PostgresError) in try page.locator(row, 1) }
      let rows = try reader.registrations(at: devices)
      for (index, row) in rows.enumerated() where try !agrees(page, index, row) { strays += 1 }
      count += page.count
      last = (try page.bytes(page.count - 1, 0), try page.bytes(page.count - 1, 1))
    }
    let listed = try PostgresCensus(connection: reader.connection).count(PostgresSQL.countListed)
    var problems: [String] = []
    if strays > 0 {
      problems.append("\(strays) candidate rows that agree with no bound registration")
    }
    if listed > count - strays {
      problems.append("\(listed - (count - strays)) bound registrations that are not candidates")
    }
    return problems
  }

  private func agrees(
    _ page: ResultRows, _ index: Int, _ row: StoredRegistration?
  ) throws(PostgresError) -> Bool {
    guard let row, row.isCandidate else { return false }
    let visitor = try page.locator(index, 0)
    let phone = try page.locator(index, 2)
    let prove = try page.optionalLocator(index, 3)
    let day = try page.integer(index, 4)
    return row.visitor == visitor && row.phoneNumber == phone && row.proveID == prove
      && row.lastActiveDay == day
  }
}
