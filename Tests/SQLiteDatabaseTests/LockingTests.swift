import Dispatch
import Glibc
import ProveKeyPlatform
import Testing

@testable import SQLiteDatabase

@Suite("Who may use a file at the same time (C2)")
struct LockingTests {
  @Test("an exclusive connection keeps others of its own process out, and they hear it soon")
  func exclusiveInProcess() throws {
    let folder = try TemporaryFolder()
    let first = try Connection(path: folder.file(), options: ConnectionOptions())
    let start = ContinuousClock.now
    for options in [ConnectionOptions(), .shared(busyTimeoutMilliseconds: 50)] {
      let error = try databaseError { _ = try Connection(path: folder.file(), options: options) }
      #expect(error.kind == .inUse)
      #expect(ResultCode.busy ~= error.code)
    }
    #expect(ContinuousClock.now - start < .seconds(4))
    try first.close()
    _ = try Connection(path: folder.file(), options: ConnectionOptions())
  }

  @Test("an exclusive connection keeps other processes out before it has written anything")
  func exclusiveAcrossProcesses() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file()
    let first = try DatabaseFile(path: path).open(ConnectionOptions())
    await #expect(processExitsWith: .exitCode(3)) { [path = path as String] in
      exit(openingStatus(path))
    }
    try first.close()
    await #expect(processExitsWith: .exitCode(4)) { [path = path as String] in
      exit(openingStatus(path))
    }
  }

  @Test("the lock is held from opening on, also in an old file and without a log")
  func heldFromOpening() throws {
    var withoutLog = ConnectionOptions()
    withoutLog.journal = .memory
    for options in [ConnectionOptions(), withoutLog] {
      let folder = try TemporaryFolder()
      let first = try Connection(path: folder.file(), options: options)
      try first.execute(noteTable)
      try first.close()
      let second = try Connection(path: folder.file(), options: options)
      var reading = options
      reading.locking = .normal
      reading.busyTimeoutMilliseconds = 20
      let error = try databaseError {
        _ = try Connection(path: folder.file(), options: reading).noteCount()
      }
      #expect(error.kind == .inUse)
      try second.close()
    }
  }

  @Test("looking at a file that is open does not drop its lock (F3)")
  func preparingKeepsTheLock() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file()
    let first = try DatabaseFile(path: path).open(ConnectionOptions())
    try DatabaseFile(path: path).prepare(access: .readWriteCreate, tighten: true)
    #expect(throws: DatabaseError.self) {
      _ = try DatabaseFile(path: path).open(ConnectionOptions())
    }
    await #expect(processExitsWith: .exitCode(3)) { [path = path as String] in
      exit(openingStatus(path))
    }
    try first.close()
  }

  @Test("an exclusive connection needs no shared memory, a shared one does")
  func sharedMemory() throws {
    let folder = try TemporaryFolder()
    let exclusive = try Connection(path: folder.file("a"), options: ConnectionOptions())
    try exclusive.execute(noteTable)
    try exclusive.addNote(1)
    #expect(folder.exists("a-wal"))
    #expect(!folder.exists("a-shm"))
    let shared = try Connection(path: folder.file("b"), options: .shared())
    try shared.execute(noteTable)
    #expect(folder.exists("b-shm"))
  }

  @Test("an exclusive connection is refused while a shared one is open")
  func sharedFirst() throws {
    let folder = try TemporaryFolder()
    let shared = try Connection(path: folder.file(), options: .shared())
    try shared.execute(noteTable)
    let error = try databaseError {
      _ = try Connection(path: folder.file(), options: ConnectionOptions())
    }
    #expect(error.kind == .inUse)
  }

  @Test("opening a shared file needs no writer's lock and writes nothing")
  func openingWritesNothing() throws {
    let folder = try TemporaryFolder()
    let first = try Connection(path: folder.file(), options: .shared())
    try first.execute(noteTable)
    try first.checkpoint(.truncate)
    try first.begin()
    let second = try Connection(
      path: folder.file(), options: .shared(busyTimeoutMilliseconds: 20))
    #expect(try second.noteCount() == 0)
    #expect(try folder.bytes("test.sqlite-wal") == [])
  }

  @Test("a second writer waits as long as its busy timeout says and no longer")
  func busyTimeout() throws {
    let folder = try TemporaryFolder()
    let first = try Connection(path: folder.file(), options: .shared())
    try first.execute(noteTable)
    let second = try Connection(
      path: folder.file(), options: .shared(busyTimeoutMilliseconds: 60))
    try first.begin()
    let start = ContinuousClock.now
    #expect(try databaseError { try second.addNote(1) }.kind == .inUse)
    let waited = ContinuousClock.now - start
    #expect(waited >= .milliseconds(50))
    #expect(waited < .seconds(3))
    try first.rollback()
    try second.addNote(1)
  }

  @Test("a reader that has fallen behind cannot become a writer, and is told so")
  func staleSnapshot() throws {
    let folder = try TemporaryFolder()
    let first = try Connection(path: folder.file(), options: .shared())
    try first.execute(noteTable)
    let second = try Connection(path: folder.file(), options: .shared())
    try second.begin(.deferred)
    #expect(try second.noteCount() == 0)
    try first.addNote(1)
    #expect(try second.noteCount() == 0)
    let error = try databaseError { try second.addNote(2) }
    #expect(error.kind == .inUse)
    #expect(error.code == .busySnapshot)
  }

  @Test("shared connections see each other's commits and can tell that there were some")
  func dataVersion() throws {
    let folder = try TemporaryFolder()
    let first = try Connection(path: folder.file(), options: .shared())
    try first.execute(noteTable)
    let second = try Connection(path: folder.file(), options: .shared())
    let before = try second.dataVersion()
    #expect(try second.dataVersion() == before)
    try first.addNote(1)
    #expect(try second.dataVersion() != before)
    #expect(try second.noteCount() == 1)
  }

  @Test("many threads that make the same shared file at once all succeed")
  func createdAtOnce() throws {
    for _ in 0..<30 {
      let folder = try TemporaryFolder()
      let failures = Locked<[String]>([])
      DispatchQueue.concurrentPerform(iterations: 16) { index in
        do {
          let connection = try DatabaseFile(path: folder.file()).open(.shared())
          try connection.execute("CREATE TABLE IF NOT EXISTS note (id INTEGER) STRICT")
          try connection.execute("INSERT INTO note VALUES (\(index))")
        } catch {
          failures.withLock { $0.append("\(error)") }
        }
      }
      #expect(failures.withLock { $0 } == [])
      let connection = try Connection(path: folder.file(), options: .shared())
      #expect(try connection.noteCount() == 16)
    }
  }
}

/// 4 when the file could be opened, 3 when it is in use, 5 for anything else.
private func openingStatus(_ path: String) -> Int32 {
  do throws(DatabaseError) {
    _ = try DatabaseFile(path: path).open(ConnectionOptions())
    return 4
  } catch {
    return error.kind == .inUse ? 3 : 5
  }
}
