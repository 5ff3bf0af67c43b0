import JSONLines
import ProveKeyVault

/// The databases that a session has open, by origin and name.
struct OpenDatabases {
  private struct Name: Hashable {
    /// In bytes: two spellings of an origin are two origins.
    let origin: [UInt8]
    let name: [UInt16]

    init(_ fields: LineFields) throws(LineRefusal) {
      origin = Array(try fields.text("origin").utf8)
      name = try fields.units("database")
    }
  }

  private var databases: [Name: Database] = [:]

  /// The database that a request names.
  func find(_ fields: LineFields) throws(LineRefusal) -> Database {
    guard let database = databases[try Name(fields)] else {
      throw LineRefusal(.notOpen, "the database is not open here: 'database.open' first")
    }
    return database
  }

  /// Refuses when one more would be too many.
  func requireRoom(for fields: LineFields) throws(LineRefusal) {
    let name = try Name(fields)
    guard databases.count < ShellLimits.openDatabases || databases[name] != nil else {
      throw LineRefusal(
        .tooMany, "at most \(ShellLimits.openDatabases) databases are open at once")
    }
  }

  /// Keeps a database in the place of any other handle of it.
  mutating func keep(_ database: Database, _ fields: LineFields) throws(LineRefusal) {
    databases.updateValue(database, forKey: try Name(fields))?.close()
  }

  /// Closes the database that a request names.
  mutating func close(_ fields: LineFields) throws(LineRefusal) {
    try find(fields).close()
    databases[try Name(fields)] = nil
  }
}
