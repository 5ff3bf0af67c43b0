import Testing

@testable import SQLiteDatabase

@Suite("Statements")
struct StatementTests {
  private func values() throws -> Connection {
    let connection = try Connection(path: ":memory:", options: .inMemory)
    try connection.execute("CREATE TABLE v (id INTEGER PRIMARY KEY, value ANY) STRICT")
    return connection
  }

  @Test("what is bound comes back", arguments: [[], [0], [UInt8](0...255)] as [[UInt8]])
  func blobs(bytes: [UInt8]) throws {
    let connection = try values()
    let insert = try connection.prepare("INSERT INTO v (value) VALUES (?1)")
    try insert.bind(bytes, at: 1)
    try insert.run()
    try insert.bind(bytes.span, at: 1)
    try insert.run()
    let select = try connection.prepare("SELECT value FROM v")
    var rows = 0
    try select.forEachRow { (row) throws(DatabaseError) in
      rows += 1
      #expect(!row.isNull(at: 0))
      #expect(try row.bytes(at: 0) == bytes)
      let sum = try row.withBytes(at: 0) { (bytes) throws(DatabaseError) in
        var sum = 0
        for index in bytes.indices { sum += Int(bytes[index]) }
        return sum
      }
      #expect(sum == bytes.reduce(0) { $0 + Int($1) })
    }
    #expect(rows == 2)
  }

  @Test("texts come back to the byte", arguments: ["", "é", "e\u{301}", "a\0b", "🗝️"])
  func texts(text: String) throws {
    let connection = try values()
    let insert = try connection.prepare("INSERT INTO v (value) VALUES (?1)")
    try insert.bind(text, at: 1)
    try insert.run()
    let select = try connection.prepare("SELECT value FROM v")
    let read = try select.firstRow { (row) throws(DatabaseError) in try row.string(at: 0) }
    #expect(read.map { Array($0.utf8) } == Array(text.utf8))
  }

  @Test("integers come back", arguments: [Int64.min, -1, 0, 1, .max])
  func integers(value: Int64) throws {
    let connection = try values()
    let select = try connection.prepare("SELECT ?1")
    try select.bind(value, at: 1)
    #expect(try select.step())
    #expect(try select.int64(at: 0) == value)
  }

  @Test("a statement is compiled once and run many times")
  func reuse() throws {
    let connection = try values()
    let insert = try connection.prepare("INSERT INTO v (id, value) VALUES (?1, ?2)")
    let select = try connection.prepare("SELECT value FROM v WHERE id = ?1")
    for id in 1...100 {
      try insert.bind(Int64(id), at: 1)
      try insert.bind(Int64(id * id), at: 2)
      try insert.run()
      #expect(connection.changes == 1)
      try select.bind(Int64(id), at: 1)
      let value = try select.firstRow { (row) throws(DatabaseError) in try row.int64(at: 0) }
      #expect(value == Int64(id * id))
    }
    #expect(select.recompilations == 0)
    #expect(select.readOnly)
    #expect(!insert.readOnly)
  }

  @Test("a query without rows gives nothing")
  func noRow() throws {
    let connection = try values()
    let select = try connection.prepare("SELECT value FROM v")
    #expect(try select.firstRow { (row) throws(DatabaseError) in try row.int64(at: 0) } == nil)
    #expect(try !select.step())
  }

  @Test("a value of another type is an error, never a conversion")
  func columnTypes() throws {
    let connection = try values()
    let select = try connection.prepare("SELECT 1, 1.5, 'text', x'0102', NULL")
    #expect(try select.step())
    func kind(_ body: () throws -> Void) throws -> DatabaseError.Kind {
      try databaseError(body).kind
    }
    #expect(
      try kind { _ = try select.bytes(at: 0) }
        == .columnType(column: 0, expected: .blob, found: .integer))
    #expect(
      try kind { _ = try select.int64(at: 1) }
        == .columnType(column: 1, expected: .integer, found: .real))
    #expect(
      try kind { _ = try select.int64(at: 2) }
        == .columnType(column: 2, expected: .integer, found: .text))
    #expect(
      try kind { _ = try select.string(at: 3) }
        == .columnType(column: 3, expected: .text, found: .blob))
    #expect(
      try kind { try select.withBytes(at: 4) { (_) throws(DatabaseError) in } }
        == .columnType(column: 4, expected: .blob, found: .null))
    #expect(
      try kind { _ = try select.int64(at: 5) }
        == .columnType(column: 5, expected: .integer, found: .null))
    #expect(
      try kind { _ = try select.int64(at: -1) }
        == .columnType(column: -1, expected: .integer, found: .null))
    #expect(try select.int64(at: 0) == 1)
  }

  @Test("a column read before a step or after the last row is an error")
  func noCurrentRow() throws {
    let connection = try values()
    let select = try connection.prepare("SELECT 1")
    #expect(throws: DatabaseError.self) { _ = try select.int64(at: 0) }
    while try select.step() {}
    #expect(throws: DatabaseError.self) { _ = try select.int64(at: 0) }
  }

  @Test("text that is not UTF-8 is reported as damage")
  func invalidText() throws {
    let connection = try values()
    let select = try connection.prepare("SELECT CAST(x'C328' AS TEXT)")
    #expect(try select.step())
    #expect(try databaseError { _ = try select.string(at: 0) }.kind == .corrupt)
  }

  @Test("a parameter that does not exist, or one bound between step and reset, is an error")
  func bindingErrors() throws {
    let connection = try values()
    let select = try connection.prepare("SELECT ?1")
    #expect(try databaseError { try select.bind(1, at: 2) }.kind == .misuse)
    #expect(try databaseError { try select.bind(1, at: 0) }.kind == .misuse)
    try select.bind(1, at: 1)
    #expect(try select.step())
    #expect(try databaseError { try select.bind(2, at: 1) }.kind == .misuse)
    select.reset()
    try select.bindNull(at: 1)
    #expect(try select.step())
    #expect(select.isNull(at: 0))
  }

  @Test("cleared bindings are NULL again")
  func clearing() throws {
    let connection = try values()
    let select = try connection.prepare("SELECT ?1")
    try select.bind("x", at: 1)
    select.clearBindings()
    #expect(try select.step())
    #expect(select.isNull(at: 0))
  }

  @Test(
    "text after the statement is refused",
    arguments: ["SELECT 1; SELECT 2", "SELECT 1; -- more", "SELECT 1;\0SELECT 2"])
  func trailingText(sql: String) throws {
    let connection = try values()
    #expect(try databaseError { _ = try connection.prepare(sql) }.kind == .trailingText)
  }

  @Test("no statement at all is refused", arguments: ["", "  ", "-- comment"])
  func noStatement(sql: String) throws {
    let connection = try values()
    #expect(try databaseError { _ = try connection.prepare(sql) }.kind == .misuse)
    _ = try connection.prepare("SELECT 1 ; \n")
  }

  @Test("a look-up by key does the same work in a small table and in a large one")
  func boundedWork() throws {
    func steps(rows: Int) throws -> Int {
      let connection = try values()
      try connection.execute(
        """
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(rows))
        INSERT INTO v SELECT i, i FROM n
        """)
      let select = try connection.prepare("SELECT value FROM v WHERE id = ?1")
      try select.bind(Int64(rows), at: 1)
      try select.run()
      #expect(select.fullscanSteps == 0)
      #expect(select.sorts == 0)
      return select.steps
    }
    let small = try steps(rows: 10)
    #expect(small > 0)
    #expect(try steps(rows: 20_000) == small)
  }

  @Test("the counters see a scan and a sort")
  func countersHaveTeeth() throws {
    let connection = try values()
    try connection.execute("INSERT INTO v (value) VALUES (3), (1), (2)")
    let select = try connection.prepare("SELECT value FROM v ORDER BY value")
    try select.run()
    #expect(select.fullscanSteps == 2)
    #expect(select.sorts == 1)
  }

  @Test("a query plan can be pinned")
  func queryPlans() throws {
    let connection = try values()
    #expect(
      try connection.queryPlan("SELECT value FROM v WHERE id = ?1")
        == ["SEARCH v USING INTEGER PRIMARY KEY (rowid=?)"])
    #expect(try connection.queryPlan("SELECT value FROM v WHERE value = ?1") == ["SCAN v"])
  }
}
