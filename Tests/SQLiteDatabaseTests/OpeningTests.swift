import ProveKeyPlatform
import Testing

@testable import SQLiteDatabase

@Suite("Opening a database")
struct OpeningTests {
  @Test("what was written is there after reopening")
  func reopening() throws {
    let folder = try TemporaryFolder()
    let first = try Connection(path: folder.file(), options: ConnectionOptions())
    try first.execute(noteTable)
    try first.addNote(1)
    try first.close()
    let second = try Connection(path: folder.file(), options: ConnectionOptions())
    #expect(try second.noteCount() == 1)
  }

  @Test(
    "every setting reads back as asked for",
    arguments: [ConnectionOptions.Locking.exclusive, .normal])
  func settings(locking: ConnectionOptions.Locking) throws {
    let folder = try TemporaryFolder()
    var options = ConnectionOptions(access: .readWriteCreate, locking: locking)
    options.cache = .kibibytes(512)
    let connection = try Connection(path: folder.file(), options: options)
    #expect(try connection.strings("PRAGMA journal_mode") == ["wal"])
    let mode = locking == .exclusive ? "exclusive" : "normal"
    #expect(try connection.strings("PRAGMA locking_mode") == [mode])
    #expect(try connection.int64("PRAGMA synchronous") == 2)
    #expect(try connection.int64("PRAGMA secure_delete") == 1)
    #expect(try connection.int64("PRAGMA auto_vacuum") == 2)
    #expect(try connection.int64("PRAGMA foreign_keys") == 0)
    #expect(try connection.int64("PRAGMA cell_size_check") == 1)
    #expect(try connection.int64("PRAGMA mmap_size") == 0)
    #expect(try connection.int64("PRAGMA temp_store") == 2)
    #expect(try connection.int64("PRAGMA trusted_schema") == 0)
    #expect(try connection.int64("PRAGMA cache_size") == -512)
    #expect(try connection.int64("PRAGMA busy_timeout") == 5000)
  }

  @Test("the other choices read back too")
  func otherSettings() throws {
    let folder = try TemporaryFolder()
    var options = ConnectionOptions()
    options.durability = .normal
    options.autoVacuum = .none
    options.secureDelete = false
    options.cache = .pages(77)
    let connection = try Connection(path: folder.file(), options: options)
    #expect(try connection.int64("PRAGMA synchronous") == 1)
    #expect(try connection.int64("PRAGMA auto_vacuum") == 0)
    #expect(try connection.int64("PRAGMA secure_delete") == 0)
    #expect(try connection.int64("PRAGMA cache_size") == 77)
  }

  @Test("a database without a write-ahead log is refused, and the mode is told")
  func noWriteAheadLog() throws {
    let error = try databaseError {
      _ = try Connection(path: ":memory:", options: ConnectionOptions())
    }
    #expect(error.kind == .walUnavailable(mode: "memory"))
  }

  @Test("a vacuum mode that the file no longer takes is refused")
  func vacuumModeRefused() throws {
    let folder = try TemporaryFolder()
    var options = ConnectionOptions()
    options.autoVacuum = .none
    try Connection(path: folder.file(), options: options).execute(noteTable)
    let error = try databaseError {
      _ = try Connection(path: folder.file(), options: ConnectionOptions())
    }
    #expect(error.kind == .pragmaRefused(name: "auto_vacuum"))
  }

  @Test("a missing folder, a missing file, a folder and a link are told apart")
  func unreachable() throws {
    let folder = try TemporaryFolder()
    let present = ConnectionOptions(access: .readWrite)
    func kind(_ path: String) throws -> DatabaseError.Kind {
      try databaseError { _ = try Connection(path: path, options: present) }.kind
    }
    #expect(try kind(folder.file("none/test.sqlite")) == .folderMissing)
    #expect(try kind(folder.file("none.sqlite")) == .fileMissing)
    #expect(try kind(folder.path + "/.") == .notARegularFile)
    #expect(try kind("") == .invalidPath)
    #expect(try kind(folder.file("a\0b")) == .invalidPath)
    try folder.write([], to: "target.sqlite")
    try makeLink(at: folder.file("link.sqlite"), to: folder.file("target.sqlite"))
    #expect(try kind(folder.file("link.sqlite")) == .notARegularFile)
  }

  @Test("a link among the folders is followed")
  func linkedFolder() throws {
    let folder = try TemporaryFolder()
    try makeLink(at: folder.file("link"), to: folder.path)
    _ = try Connection(path: folder.file("link/test.sqlite"), options: ConnectionOptions())
    #expect(folder.exists("test.sqlite"))
  }

  @Test("a path is never taken for a URI")
  func notAURI() throws {
    let location = try DatabaseLocation("file:test.sqlite?nolock=1", vfs: nil)
    #expect(location.path.hasPrefix("/"))
    #expect(location.path.hasSuffix("/file:test.sqlite?nolock=1"))
  }

  @Test("a read-only connection reads what is there and writes nothing")
  func readOnly() throws {
    let folder = try TemporaryFolder()
    let writer = try Connection(path: folder.file(), options: .shared())
    try writer.execute(noteTable)
    try writer.addNote(1)
    let reader = try Connection(
      path: folder.file(), options: ConnectionOptions(access: .readOnly))
    #expect(try reader.noteCount() == 1)
    #expect(try databaseError { try reader.addNote(2) }.kind == .readOnly)
    #expect(try writer.noteCount() == 1)
  }

  @Test("a read-only connection makes no file")
  func readOnlyMakesNothing() throws {
    let folder = try TemporaryFolder()
    let error = try databaseError {
      _ = try Connection(path: folder.file(), options: ConnectionOptions(access: .readOnly))
    }
    #expect(error.kind == .fileMissing)
    #expect(!folder.exists("test.sqlite"))
  }

  @Test("after closing, every use is an error and none a crash")
  func closed() throws {
    let connection = try Connection.withTable()
    let statement = try connection.prepare("SELECT id FROM note")
    try connection.close()
    try connection.close()
    #expect(try databaseError { _ = try statement.step() }.kind == .misuse)
    #expect(try databaseError { try statement.bind(1, at: 1) }.kind == .misuse)
    #expect(try databaseError { _ = try statement.int64(at: 0) }.kind == .misuse)
    #expect(try databaseError { try connection.execute("SELECT 1") }.kind == .misuse)
    #expect(try databaseError { _ = try connection.prepare("SELECT 1") }.kind == .misuse)
    #expect(try databaseError { try connection.begin() }.kind == .misuse)
    #expect(connection.changes == 0)
    #expect(!connection.isInTransaction)
    #expect(statement.isNull(at: 0))
    statement.reset()
  }

  @Test("a connection and its statements live under one lock, used by many threads")
  func underALock() async throws {
    struct Owner {
      let connection: Connection
      let insert: Statement
    }
    let connection = try Connection.withTable()
    let insert = try connection.prepare("INSERT INTO note (id, body) VALUES (?1, 'x')")
    let owner = Locked(Owner(connection: connection, insert: insert))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for index in 0..<50 {
            try owner.withLock { (owner) throws(DatabaseError) in
              try owner.insert.bind(Int64(task * 50 + index), at: 1)
              try owner.insert.run()
            }
          }
        }
      }
      try await group.waitForAll()
    }
    let count = try owner.withLock { (owner) throws(DatabaseError) in
      try owner.connection.noteCount()
    }
    #expect(count == 400)
  }
}
