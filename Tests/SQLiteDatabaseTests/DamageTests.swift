import Testing

@testable import SQLiteDatabase

@Suite("Damaged files")
struct DamageTests {
  /// A sound file of some pages.
  private func sample() throws -> [UInt8] {
    let folder = try TemporaryFolder()
    let connection = try Connection(path: folder.file(), options: ConnectionOptions())
    try connection.execute(noteTable)
    try connection.execute("CREATE INDEX note_body ON note (body)")
    for id in 1...120 { try connection.addNote(Int64(id), String(repeating: "n", count: 60 + id)) }
    try connection.close()
    return try folder.bytes()
  }

  /// Opens the file and reads all of it; gives the kind of the first error.
  private func read(_ folder: TemporaryFolder) throws -> DatabaseError.Kind? {
    do throws(DatabaseError) {
      let connection = try Connection(path: folder.file(), options: ConnectionOptions())
      let select = try connection.prepare("SELECT id, body FROM note ORDER BY body")
      try select.forEachRow { (row) throws(DatabaseError) in
        _ = try row.int64(at: 0)
        _ = try row.string(at: 1)
      }
      return try connection.integrityCheck().isEmpty ? nil : .corrupt
    } catch {
      return error.kind
    }
  }

  @Test("a sound file has no findings")
  func sound() throws {
    let folder = try TemporaryFolder()
    try folder.write(try sample())
    #expect(try read(folder) == nil)
  }

  @Test("bytes that are no database are told as such", arguments: [600, 4096, 100_000])
  func garbage(count: Int) throws {
    let folder = try TemporaryFolder()
    try folder.write((0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) })
    let error = try databaseError {
      _ = try Connection(path: folder.file(), options: ConnectionOptions())
    }
    #expect(error.kind == .notADatabase)
  }

  @Test("a file cut short anywhere is told, and never a crash")
  func truncated() throws {
    let whole = try sample()
    for count in stride(from: 512, to: whole.count, by: 1024) {
      let folder = try TemporaryFolder()
      try folder.write(Array(whole.prefix(count)))
      let kind = try read(folder)
      #expect(kind == .corrupt || kind == .notADatabase, "cut to \(count) bytes: \(kind as Any)")
    }
  }

  @Test("a file with any byte flipped gives errors or rows, and never a crash")
  func flipped() throws {
    let whole = try sample()
    var told = 0
    let places = Array(0..<112) + Array(stride(from: 112, to: whole.count, by: 211))
    let folder = try TemporaryFolder()
    for place in places {
      var bytes = whole
      bytes[place] ^= 0xFF
      try folder.write(bytes)
      if try read(folder) != nil { told += 1 }
    }
    #expect(told > places.count / 10)
  }

  @Test("a column whose type was changed behind our back is an error")
  func changedType() throws {
    let folder = try TemporaryFolder()
    let connection = try Connection(path: folder.file(), options: ConnectionOptions())
    // A file from elsewhere may hold a table of the same name that is not STRICT.
    try connection.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, body)")
    try connection.execute("INSERT INTO note VALUES (1, x'00')")
    let select = try connection.prepare("SELECT body FROM note")
    #expect(try select.step())
    let error = try databaseError { _ = try select.string(at: 0) }
    #expect(error.kind == .columnType(column: 0, expected: .text, found: .blob))
  }

  @Test("the findings of an integrity check are bounded")
  func boundedFindings() throws {
    let folder = try TemporaryFolder()
    var bytes = try sample()
    for place in stride(from: 4096 * 3 + 8, to: bytes.count, by: 512) { bytes[place] ^= 0xFF }
    try folder.write(bytes)
    let connection = try Connection(path: folder.file(), options: ConnectionOptions())
    let findings = try connection.integrityCheck(limit: 2)
    #expect((1...3).contains(findings.count))
  }
}
