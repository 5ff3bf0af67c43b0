/// The two small tables that every store begins with: its header, and the sealed key of each epoch.
///
/// They are bytes here; what they mean is for the sealing module to say.
package struct HeaderTables: Sendable {
  /// The statements that make the tables, for a store's first migration.
  package static let statements = [
    """
    CREATE TABLE header (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      bytes BLOB NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE epoch (
      epoch INTEGER PRIMARY KEY,
      sealed BLOB NOT NULL
    ) STRICT
    """,
  ]

  /// The header as stored.
  package var header: [UInt8]
  /// The sealed keys by epoch.
  package var epochs: [(epoch: Int64, sealed: [UInt8])]

  /// Puts the content of the tables together.
  package init(header: [UInt8], epochs: [(epoch: Int64, sealed: [UInt8])]) {
    self.header = header
    self.epochs = epochs
  }

  /// Reads the tables; nothing when the header has not been written.
  package init?(reading connection: Connection) throws(DatabaseError) {
    let select = try connection.prepare("SELECT bytes FROM header WHERE id = 1")
    guard
      let header = try select.firstRow({ row throws(DatabaseError) in try row.bytes(at: 0) })
    else { return nil }
    var epochs: [(epoch: Int64, sealed: [UInt8])] = []
    let list = try connection.prepare("SELECT epoch, sealed FROM epoch ORDER BY epoch LIMIT 1000")
    try list.forEachRow { row throws(DatabaseError) in
      epochs.append((try row.int64(at: 0), try row.bytes(at: 1)))
    }
    self.init(header: header, epochs: epochs)
  }

  /// Writes the tables anew, in the caller's transaction.
  package func write(to connection: Connection) throws(DatabaseError) {
    let setHeader = try connection.prepare(
      "INSERT OR REPLACE INTO header (id, bytes) VALUES (1, ?)")
    try setHeader.bind(header, at: 1)
    try setHeader.run()
    try connection.execute("DELETE FROM epoch")
    let insert = try connection.prepare("INSERT INTO epoch (epoch, sealed) VALUES (?, ?)")
    for (epoch, sealed) in epochs {
      try insert.bind(epoch, at: 1)
      try insert.bind(sealed, at: 2)
      try insert.run()
    }
  }
}
