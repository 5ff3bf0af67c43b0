import CSQLite

extension Connection {
  /// Refuses a file of another application before SQLite has read it (invariant C5).
  ///
  /// Source: the SQLite file format, sections 1.3 and 1.6. What the file's first page says may be
  /// older than what its log says: a database that is just being made shows an empty schema there and
  /// no id. So only a page is refused that no file of the application can ever have had.
  func refuseUnlessOf(_ applicationID: Int32) throws(DatabaseError) {
    var before: [UInt8]?
    while let page = try firstBytes() {
      let found = Int32(bitPattern: Self.number(page, 68))
      let isEmpty = found == 0 && Self.number(page, 60) == 0 && Self.hasEmptySchema(page)
      if found == applicationID || isEmpty { return }
      // Read while a checkpoint writes it, a page may begin as the old one and end as the new one:
      // only what reads the same twice counts.
      guard page != before else {
        throw DatabaseError(.wrongApplication(found: found), operation: "check format")
      }
      before = page
    }
  }

  /// The header of the file and of its first page; nothing when it is shorter or none of SQLite's,
  /// which SQLite itself refuses.
  private func firstBytes() throws(DatabaseError) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 108)
    let status = try unsafe handle.withPointer("read header") { database in
      unsafe bytes.withUnsafeMutableBytes { bytes in
        unsafe pks_read_start(database, bytes.baseAddress, Int32(bytes.count))
      }
    }
    guard status == SQLITE_OK, bytes.starts(with: Array("SQLite format 3\0".utf8)) else {
      return nil
    }
    return bytes
  }

  /// Whether the first page is a leaf without cells: the table of tables has no row.
  private static func hasEmptySchema(_ page: [UInt8]) -> Bool {
    page[100] == 0x0D && page[103] == 0 && page[104] == 0
  }

  private static func number(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
    bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }
}
