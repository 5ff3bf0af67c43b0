import Testing

@testable import SQLiteDatabase

@Suite("Errors")
struct ErrorTests {
  private let marker = "MARKER4014"

  /// Everything that printing the error in any way can show.
  private func printed(_ error: DatabaseError) -> String {
    var dumped = ""
    dump(error, to: &dumped)
    return "\(error) \(String(reflecting: error)) \(dumped)"
  }

  @Test("a duplicate key is told, with the column and without the value")
  func duplicateKey() throws {
    let connection = try Connection(path: ":memory:", options: .inMemory)
    try connection.execute("CREATE TABLE t (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID")
    let insert = try connection.prepare("INSERT INTO t (name) VALUES (?1)")
    try insert.bind(marker, at: 1)
    try insert.run()
    let error = try databaseError { try insert.run() }
    #expect(error.kind == .duplicateKey)
    #expect(error.code == .constraintPrimaryKey)
    #expect(ResultCode.constraint ~= error.code)
    #expect(error.message == "UNIQUE constraint failed: t.name")
    #expect(error.statement == "INSERT INTO t (name) VALUES (?1)")
    #expect(!printed(error).contains(marker))
  }

  @Test("a value that SQLite quotes in its message is not repeated")
  func quotedValue() throws {
    let connection = try Connection(path: ":memory:", options: .inMemory)
    let select = try connection.prepare("SELECT json_extract('{}', ?1)")
    try select.bind(marker, at: 1)
    let error = try databaseError { _ = try select.step() }
    #expect(error.operation == "step")
    #expect(!printed(error).contains(marker))
  }

  @Test("a value of the wrong type for a STRICT table is told without the value")
  func wrongType() throws {
    let connection = try Connection.withTable()
    let insert = try connection.prepare("INSERT INTO note (id, body) VALUES (1, ?1)")
    try insert.bind(Array(marker.utf8), at: 1)
    let error = try databaseError { try insert.run() }
    #expect(error.kind == .constraint)
    #expect(error.code == .constraintDataType)
    #expect(!printed(error).contains(marker))
  }

  @Test("wrong SQL says what is wrong with it")
  func wrongSQL() throws {
    let connection = try Connection.withTable()
    let error = try databaseError { _ = try connection.prepare("SELECT id FROM missing") }
    #expect(error.kind == .other)
    #expect(error.message == "no such table: missing")
    #expect(
      "\(error)"
        == "database prepare: other, code 1 (SQL logic error), no such table: missing, "
        + "in \"SELECT id FROM missing\"")
  }

  @Test("a long statement is cut in the description")
  func longStatement() {
    let error = DatabaseError(
      .other, operation: "step", statement: String(repeating: "x", count: 5000))
    #expect("\(error)".count < 300)
  }

  @Test("a full database is told, and nothing of the failed write remains")
  func full() throws {
    let folder = try TemporaryFolder()
    let connection = try Connection(path: folder.file(), options: ConnectionOptions())
    try connection.execute(noteTable)
    try connection.addNote(1)
    try connection.execute("PRAGMA max_page_count = 8")
    let error = try databaseError {
      try connection.transaction { () throws(DatabaseError) in
        for id in 2...200 { try connection.addNote(Int64(id), String(repeating: "x", count: 2000)) }
      }
    }
    #expect(error.kind == .full)
    #expect(!connection.isInTransaction)
    #expect(try connection.noteCount() == 1)
    try connection.addNote(2)
  }

  @Test("a value over SQLite's limit is told")
  func tooBig() throws {
    let connection = try Connection(path: ":memory:", options: .inMemory)
    let error = try databaseError { try connection.execute("SELECT zeroblob(2000000000)") }
    #expect(error.kind == .tooBig)
  }

  @Test("a primary code as a pattern matches its extended codes, and not the reverse")
  func patterns() {
    #expect(ResultCode.busy ~= .busySnapshot)
    #expect(ResultCode.busySnapshot ~= .busySnapshot)
    #expect(!(ResultCode.busySnapshot ~= .busy))
    #expect(!(ResultCode.busy ~= .locked))
    #expect(ResultCode.busySnapshot.primary == .busy)
    #expect(ResultCode.constraintPrimaryKey.rawValue == 1555)
  }

  @Test(
    "the operating system's reasons are told apart",
    arguments: [
      (ResultCode.cannotOpen, Int32(2), DatabaseError.Kind.fileMissing),
      (.cannotOpen, 13, .permissionDenied), (.cannotOpen, 30, .readOnly),
      (.inputOutput, 28, .full), (.inputOutput, 5, .inputOutput), (.full, 0, .full),
    ])
  func systemReasons(code: ResultCode, errno: Int32, kind: DatabaseError.Kind) {
    let error = DatabaseError(
      engine: code, operation: "step", statement: nil, message: nil, systemErrno: errno)
    #expect(error.kind == kind)
  }

  @Test("an errno left over from before is not given as the reason")
  func leftOverErrno() {
    let error = DatabaseError(
      engine: .constraintPrimaryKey, operation: "step", statement: nil, message: nil,
      systemErrno: 2)
    #expect(error.systemErrno == 0)
  }
}
