import Testing

@testable import SQLiteDatabase

@Suite("What a file's schema cannot do (C3)")
struct HardeningTests {
  @Test("a trigger does not run")
  func triggers() throws {
    let connection = try Connection.withTable()
    try connection.execute(
      "CREATE TRIGGER t AFTER INSERT ON note BEGIN DELETE FROM note; END")
    try connection.addNote(1)
    #expect(try connection.noteCount() == 1)
  }

  @Test("a view cannot stand in for a table")
  func views() throws {
    let connection = try Connection.withTable()
    try connection.execute("CREATE VIEW v AS SELECT 1 AS id")
    #expect(throws: DatabaseError.self) { _ = try connection.prepare("SELECT id FROM v") }
  }

  @Test("a double-quoted word is a name and never a text")
  func doubleQuotes() throws {
    let connection = try Connection.withTable()
    #expect(throws: DatabaseError.self) { _ = try connection.prepare("SELECT \"nothing\"") }
    #expect(throws: DatabaseError.self) {
      try connection.execute("CREATE INDEX i ON note (\"nothing\")")
    }
  }

  @Test("no extension is loaded")
  func extensions() throws {
    let connection = try Connection.withTable()
    let statement = try connection.prepare("SELECT load_extension('nothing')")
    let error = try databaseError { _ = try statement.step() }
    #expect(error.code == .error)
    // What SQLite says, which an error of a step does not repeat.
    #expect(connection.handle.failure(1, "prepare", nil).message == "not authorized")
  }

  @Test("the schema cannot be written by hand")
  func writableSchema() throws {
    let connection = try Connection.withTable()
    try connection.execute("PRAGMA writable_schema = ON")
    #expect(throws: DatabaseError.self) {
      try connection.execute("UPDATE sqlite_schema SET sql = '' WHERE name = 'note'")
    }
  }

  @Test("deleted content is overwritten, in the file and in its log", arguments: [true, false])
  func secureDelete(isOn: Bool) throws {
    let folder = try TemporaryFolder()
    var options = ConnectionOptions()
    options.secureDelete = isOn
    let marker = "MARKER-OF-DELETED-CONTENT"
    let connection = try Connection(path: folder.file(), options: options)
    try connection.execute(noteTable)
    for id in 1...20 { try connection.addNote(Int64(id), marker + "\(id)") }
    try connection.checkpoint(.truncate)
    #expect(try folder.contains(marker))
    try connection.execute("DELETE FROM note WHERE id > 3")
    try connection.execute("DELETE FROM note")
    try connection.checkpoint(.truncate)
    // Without the setting the content stays, which shows that this test can see it.
    #expect(try folder.contains(marker) == !isOn)
  }
}

extension TemporaryFolder {
  /// Whether the text is anywhere in the database or its log.
  fileprivate func contains(_ text: String) throws -> Bool {
    for name in ["test.sqlite", "test.sqlite-wal"] where exists(name) {
      if String(decoding: try bytes(name), as: UTF8.self).contains(text) { return true }
    }
    return false
  }
}
