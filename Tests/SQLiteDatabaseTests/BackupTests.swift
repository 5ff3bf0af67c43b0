import Testing

@testable import SQLiteDatabase

@Suite("Backups")
struct BackupTests {
  @Test("a backup holds what the database holds, and is sound", arguments: [-1, 1, 256])
  func copies(pagesPerStep: Int32) throws {
    let folder = try TemporaryFolder()
    let source = try Connection(path: folder.file("a"), options: ConnectionOptions())
    try source.execute(noteTable)
    for id in 1...300 { try source.addNote(Int64(id), String(repeating: "n", count: 100)) }
    let target = try DatabaseFile(path: folder.file("b")).open(ConnectionOptions())
    var steps = 0
    var remaining = -1
    try source.backUp(to: target, pagesPerStep: pagesPerStep) { left, total in
      steps += 1
      remaining = left
      #expect(total > 5)
    }
    #expect(remaining == 0)
    #expect(pagesPerStep == 1 ? steps > 5 : steps <= 2)
    try target.close()
    let copy = try Connection(path: folder.file("b"), options: ConnectionOptions())
    #expect(try copy.noteCount() == 300)
    #expect(try copy.integrityCheck() == [])
  }

  @Test("what this connection commits meanwhile is in the backup")
  func meanwhile() throws {
    let folder = try TemporaryFolder()
    let source = try Connection(path: folder.file("a"), options: ConnectionOptions())
    try source.execute(noteTable)
    for id in 1...300 { try source.addNote(Int64(id), String(repeating: "n", count: 100)) }
    let target = try Connection(path: folder.file("b"), options: ConnectionOptions())
    var added: Int64 = 0
    try source.backUp(to: target, pagesPerStep: 1) { remaining, _ in
      guard added < 5, remaining > 0 else { return }
      added += 1
      #expect(throws: Never.self) { try source.addNote(1000 + added) }
    }
    #expect(added == 5)
    #expect(try target.noteCount() == 305)
    #expect(try target.integrityCheck() == [])
  }

  @Test("a backup that fails leaves the target as it was")
  func failure() throws {
    let folder = try TemporaryFolder()
    let source = try Connection(path: folder.file("a"), options: ConnectionOptions())
    try source.execute(noteTable)
    for id in 1...300 { try source.addNote(Int64(id), String(repeating: "n", count: 100)) }
    let target = try Connection(path: folder.file("b"), options: ConnectionOptions())
    try target.execute(noteTable)
    try target.addNote(7)
    try target.execute("PRAGMA max_page_count = 4")
    #expect(try databaseError { try source.backUp(to: target) }.kind == .full)
    #expect(try target.noteCount() == 1)
  }

  @Test("a backup to itself or to or from a closed connection is an error")
  func misuse() throws {
    let source = try Connection.withTable()
    #expect(try databaseError { try source.backUp(to: source) }.kind == .misuse)
    let target = try Connection.withTable()
    try target.close()
    #expect(try databaseError { try source.backUp(to: target) }.kind == .misuse)
    #expect(try databaseError { try target.backUp(to: source) }.kind == .misuse)
  }
}
