import SQLiteDatabase

/// A row of the table `record`, as someone with access to the file sees it.
struct StoredRow: Equatable {
  var locator: [UInt8]
  var namespace: [UInt8]
  var epoch: Int64
  var version: Int64
  var sealed: [UInt8]
}

extension Connection {
  /// All rows in the order of their versions.
  func storedRows() throws -> [StoredRow] {
    let select = try prepare(
      "SELECT locator, namespace, epoch, version, sealed FROM record ORDER BY version, locator")
    var rows: [StoredRow] = []
    try select.forEachRow { row throws(DatabaseError) in
      rows.append(
        StoredRow(
          locator: try row.bytes(at: 0), namespace: try row.bytes(at: 1),
          epoch: try row.int64(at: 2), version: try row.int64(at: 3),
          sealed: try row.bytes(at: 4)))
    }
    return rows
  }

  /// Writes a row in the place of any other with its locator.
  func putBack(_ row: StoredRow) throws {
    let insert = try prepare(
      """
      INSERT OR REPLACE INTO record (locator, namespace, epoch, version, sealed)
      VALUES (?, ?, ?, ?, ?)
      """)
    try insert.bind(row.locator, at: 1)
    try insert.bind(row.namespace, at: 2)
    try insert.bind(row.epoch, at: 3)
    try insert.bind(row.version, at: 4)
    try insert.bind(row.sealed, at: 5)
    try insert.run()
  }

  /// Deletes a row.
  func delete(_ row: StoredRow) throws {
    let delete = try prepare("DELETE FROM record WHERE locator = ?")
    try delete.bind(row.locator, at: 1)
    try delete.run()
  }

  /// The bytes that a statement without parameters gives.
  func blob(_ sql: String) throws -> [UInt8] {
    try prepare(sql).firstRow { row throws(DatabaseError) in try row.bytes(at: 0) } ?? []
  }

  /// Runs a statement with one blob.
  func run(_ sql: String, _ blob: [UInt8]) throws {
    let statement = try prepare(sql)
    try statement.bind(blob, at: 1)
    try statement.run()
  }
}
