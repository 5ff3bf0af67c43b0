import Testing

@testable import SQLiteDatabase

@Suite("A reading transaction that is kept open (C6)")
struct ReadingTests {
  private let folder: TemporaryFolder
  private let connection: Connection

  init() throws {
    folder = try TemporaryFolder()
    connection = try Connection(path: folder.file(), options: ConnectionOptions())
    try connection.execute(noteTable)
    try connection.addNote(1)
    try connection.keepReading()
    #expect(connection.isReading)
  }

  @Test("what is written meanwhile, in a transaction or without one, is read and durable")
  func writes() throws {
    try connection.transaction { () throws(DatabaseError) in
      #expect(!connection.isReading)
      // In a transaction there is none to keep: it would outlast the commit.
      try connection.keepReading()
      #expect(!connection.isReading)
      try connection.addNote(2)
    }
    try connection.keepReading()
    try connection.addNote(3)
    #expect(try connection.noteCount() == 3)
    try connection.close()
    let other = try Connection(path: folder.file(), options: ConnectionOptions())
    #expect(try other.noteCount() == 3)
    #expect(try other.integrityCheck() == [])
  }

  @Test("it stands in no checkpoint's way")
  func checkpoints() throws {
    #expect(try folder.bytes("test.sqlite-wal").count > 0)
    try connection.checkpoint(.truncate)
    #expect(!connection.isReading)
    #expect(try folder.bytes("test.sqlite-wal").count == 0)
  }

  @Test("the log does not grow without end under writes between reads")
  func automaticCheckpoints() throws {
    let text = String(repeating: "n", count: 3000)
    for id in 2...3_000 {
      try connection.keepReading()
      try connection.transaction { () throws(DatabaseError) in
        try connection.addNote(Int64(id), text)
      }
    }
    // SQLite checkpoints by itself at 1,000 pages of 4,096 bytes, then begins the log anew.
    #expect(try folder.bytes("test.sqlite-wal").count < 3_000 * 4_096)
  }

  @Test("it stands in the way neither of a vacuum nor of a copy")
  func vacuumAndCopy() throws {
    try connection.execute("VACUUM")
    #expect(!connection.isReading)
    try connection.keepReading()
    let target = try Connection(path: folder.file("copy"), options: ConnectionOptions())
    try target.keepReading()
    try connection.backUp(to: target)
    #expect(try target.noteCount() == 1)
  }

  @Test("a connection that shares its file keeps none, so that it sees what others commit")
  func shared() throws {
    try connection.close()
    let one = try Connection(path: folder.file(), options: .shared())
    let two = try Connection(path: folder.file(), options: .shared())
    try one.keepReading()
    #expect(!one.isReading)
    #expect(try one.noteCount() == 1)
    try two.addNote(2)
    #expect(try one.noteCount() == 2)
    try two.checkpoint(.truncate)
  }

  @Test("closing ends it, and a closed connection keeps none")
  func closing() throws {
    try connection.close()
    #expect(!connection.isReading)
    #expect(try databaseError { try connection.keepReading() }.kind == .misuse)
  }
}
