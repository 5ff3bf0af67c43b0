import SQLiteDatabase
import Testing

@Suite("The SQLite library of a process")
struct LibraryTests {
  /// The bytes that SQLite has counted, once a connection has taken some.
  private static func countedBytes() throws -> Int {
    var options = ConnectionOptions()
    options.journal = .memory
    let connection = try Connection(path: ":memory:", options: options)
    try connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY) STRICT")
    return SQLiteLibrary.countedBytes
  }

  @Test("stops counting its memory where it is told to before anything uses it")
  func early() async {
    await #expect(processExitsWith: .success) {
      #expect(SQLiteLibrary.stopCountingMemory())
      try #require(try Self.countedBytes() == 0)
    }
  }

  @Test("says so where it comes too late, and goes on counting")
  func late() async {
    await #expect(processExitsWith: .success) {
      try #require(try Self.countedBytes() > 0)
      #expect(!SQLiteLibrary.stopCountingMemory())
      try #require(try Self.countedBytes() > 0)
    }
  }
}
