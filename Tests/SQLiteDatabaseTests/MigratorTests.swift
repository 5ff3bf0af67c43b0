import Dispatch
import Glibc
import ProveKeyPlatform
import Testing

@testable import SQLiteDatabase

@Suite("Migrations")
struct MigratorTests {
  private static let all = [
    Migration(version: 1, statements: [noteTable]),
    Migration(
      version: 2,
      statements: [
        "ALTER TABLE note ADD COLUMN size INTEGER NOT NULL DEFAULT 0",
        "UPDATE note SET size = length(body)",
      ]),
    Migration(version: 3, statements: ["CREATE INDEX note_size ON note (size)"]),
  ]

  private func migrator(_ version: Int, id: Int32 = 77) -> Migrator {
    Migrator(applicationID: id, migrations: Array(Self.all.prefix(version)))
  }

  private func memory() throws(DatabaseError) -> Connection {
    try Connection(path: ":memory:", options: .inMemory)
  }

  @Test("an empty file gets every table, the id and the version")
  func creates() throws {
    let connection = try memory()
    #expect(try migrator(3).check(connection) == .empty)
    let outcome = try migrator(3).migrate(connection)
    #expect(outcome == Migrator.Outcome(created: true, from: 0, to: 3))
    #expect(try connection.applicationID() == 77)
    #expect(try connection.userVersion() == 3)
    #expect(try migrator(3).check(connection) == .current)
    let again = try migrator(3).migrate(connection)
    #expect(again == Migrator.Outcome(created: false, from: 3, to: 3))
  }

  @Test("a file of every older version is brought up to date with its rows", arguments: [1, 2])
  func upgrades(version: Int) throws {
    let connection = try memory()
    try migrator(version).migrate(connection)
    try connection.addNote(1, "four")
    #expect(try migrator(3).check(connection) == .older(version: Int32(version)))
    let outcome = try migrator(3).migrate(connection)
    #expect(outcome == Migrator.Outcome(created: false, from: Int32(version), to: 3))
    #expect(try connection.int64("SELECT size FROM note") == (version == 1 ? 4 : 0))
    try migrator(3).checkSchema(connection)
  }

  @Test("a newer format is refused and left alone (M1)")
  func newer() throws {
    let connection = try memory()
    try migrator(3).migrate(connection)
    let error = try databaseError { try migrator(2).migrate(connection) }
    #expect(error.kind == .formatNewer(found: 3, known: 2))
    #expect(try connection.userVersion() == 3)
  }

  @Test("a file of another application is refused and left alone (M1)")
  func foreign() throws {
    let connection = try memory()
    try migrator(1, id: 78).migrate(connection)
    let error = try databaseError { try migrator(3).migrate(connection) }
    #expect(error.kind == .wrongApplication(found: 78))
    #expect(try connection.userVersion() == 1)
  }

  @Test("a file with tables that no application claims is refused (M1)")
  func unclaimed() throws {
    let connection = try Connection.withTable()
    let error = try databaseError { try migrator(3).migrate(connection) }
    #expect(error.kind == .wrongApplication(found: 0))
  }

  @Test("a version that never was is refused (M1)", arguments: [0, -1, Int32.min])
  func unknown(version: Int32) throws {
    let connection = try memory()
    try migrator(1).migrate(connection)
    try connection.setUserVersion(version)
    let error = try databaseError { try migrator(3).migrate(connection) }
    #expect(error.kind == .formatUnknown(found: version))
  }

  @Test("a migration that fails leaves the version before it, whole (M2)")
  func failure() throws {
    let connection = try memory()
    let broken = Migrator(
      applicationID: 77,
      migrations: [
        Self.all[0],
        Migration(version: 2, statements: ["CREATE TABLE extra (id INTEGER)", "nonsense"]),
      ])
    #expect(throws: DatabaseError.self) { try broken.migrate(connection) }
    #expect(try connection.userVersion() == 1)
    #expect(try connection.strings("SELECT name FROM sqlite_schema") == ["note"])
    try migrator(3).migrate(connection)
    try migrator(3).checkSchema(connection)
  }

  @Test("a file whose creation failed is empty, of no application (M2)")
  func failedCreation() throws {
    let connection = try memory()
    let broken = Migrator(
      applicationID: 77,
      migrations: [Migration(version: 1, statements: [noteTable, "nonsense"])])
    #expect(throws: DatabaseError.self) { try broken.migrate(connection) }
    #expect(try connection.applicationID() == 0)
    #expect(try migrator(3).check(connection) == .empty)
  }

  @Test("a process that dies in a migration leaves the version before it (M2)")
  func crash() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file()
    try migrator(1).migrate(try Connection(path: path, options: ConnectionOptions()))
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      let connection = try Connection(path: path, options: ConnectionOptions())
      try connection.begin()
      for statement in MigratorTests.all[1].statements { try connection.execute(statement) }
      try connection.setUserVersion(2)
      kill(getpid(), SIGKILL)
    }
    let connection = try Connection(path: path, options: ConnectionOptions())
    #expect(try migrator(3).check(connection) == .older(version: 1))
    try migrator(3).migrate(connection)
    try migrator(3).checkSchema(connection)
  }

  @Test("connections that migrate one file at once do each step once")
  func atOnce() throws {
    let folder = try TemporaryFolder()
    let failures = Locked<[String]>([])
    let created = Locked(0)
    DispatchQueue.concurrentPerform(iterations: 6) { _ in
      do {
        let connection = try DatabaseFile(path: folder.file()).open(.shared())
        try migrator(3).migrate(connection)
        created.withLock { $0 += 1 }
      } catch {
        failures.withLock { $0.append("\(error)") }
      }
    }
    #expect(failures.withLock { $0 } == [])
    #expect(created.withLock { $0 } == 6)
    try migrator(3).checkSchema(try Connection(path: folder.file(), options: .shared()))
  }

  @Test(
    "a schema that somebody changed is told",
    arguments: [
      "CREATE TABLE extra (id INTEGER)",
      "CREATE TRIGGER t AFTER INSERT ON note BEGIN DELETE FROM note; END",
      "CREATE VIEW v AS SELECT 1", "DROP INDEX note_size",
      "ALTER TABLE note RENAME COLUMN body TO text",
    ])
  func alteredSchema(change: String) throws {
    let connection = try memory()
    try migrator(3).migrate(connection)
    try migrator(3).checkSchema(connection)
    try connection.execute(change)
    let error = try databaseError { try migrator(3).checkSchema(connection) }
    #expect(error.kind == .schemaAltered)
  }

  @Test("a list of migrations with a gap is a mistake of ours and traps")
  func gap() async {
    await #expect(processExitsWith: .failure) {
      _ = Migrator(applicationID: 1, migrations: [Migration(version: 2, statements: [])])
    }
    await #expect(processExitsWith: .failure) {
      _ = Migrator(applicationID: 0, migrations: [Migration(version: 1, statements: [])])
    }
  }
}
