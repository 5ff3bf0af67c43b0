import ProveKeyVault

/// The databases that a session has open, by origin and name.
struct OpenDatabases {
  private struct Name: Hashable {
    /// In bytes: two spellings of an origin are two origins.
    let origin: [UInt8]
    let name: [UInt16]

    init(_ fields: ShellFields) throws(ShellRefusal) {
      origin = Array(try fields.text("origin").utf8)
      name = try fields.units("database")
    }
  }

  private var databases: [Name: Database] = [:]

  /// The database that a request names.
  func find(_ fields: ShellFields) throws(ShellRefusal) -> Database {
    guard let database = databases[try Name(fields)] else {
      throw ShellRefusal(.notOpen, "the database is not open here: 'database.open' first")
    }
    return database
  }

  /// Refuses when one more would be too many.
  func requireRoom(for fields: ShellFields) throws(ShellRefusal) {
    let name = try Name(fields)
    guard databases.count < ShellLimits.openDatabases || databases[name] != nil else {
      throw ShellRefusal(
        .tooMany, "at most \(ShellLimits.openDatabases) databases are open at once")
    }
  }

  /// Keeps a database in the place of any other handle of it.
  mutating func keep(_ database: Database, _ fields: ShellFields) throws(ShellRefusal) {
    databases.updateValue(database, forKey: try Name(fields))?.close()
  }

  /// Closes the database that a request names.
  mutating func close(_ fields: ShellFields) throws(ShellRefusal) {
    try find(fields).close()
    databases[try Name(fields)] = nil
  }
}
