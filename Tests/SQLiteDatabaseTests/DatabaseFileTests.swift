import Glibc
import Testing

@testable import SQLiteDatabase

@Suite("The file of a database")
struct DatabaseFileTests {
  @Test("a new file and its log are for the owner alone, whatever the umask (F1)")
  func createdPrivate() async {
    await #expect(processExitsWith: .success) {
      for mask: mode_t in [0, 0o777] {
        umask(mask)
        let folder = try TemporaryFolder()
        // The folder too was made under the umask.
        try #require(unsafe chmod(folder.path, 0o700) == 0)
        let connection = try DatabaseFile(path: folder.file()).open(.shared())
        try connection.execute(noteTable)
        for name in ["test.sqlite", "test.sqlite-wal", "test.sqlite-shm"] {
          try #require(try folder.mode(of: name) == 0o600)
        }
      }
    }
  }

  @Test("preparing says whether the file was made")
  func saysCreated() throws {
    let folder = try TemporaryFolder()
    let file = DatabaseFile(path: folder.file())
    #expect(try file.prepare(access: .readWriteCreate))
    #expect(try !file.prepare(access: .readWriteCreate))
    #expect(try !file.prepare(access: .readOnly))
  }

  @Test(
    "a file that others may use is refused, or tightened on request (F2)",
    arguments: [0o644, 0o640, 0o604, 0o620, 0o666, 0o601])
  func tooOpen(mode: Int) throws {
    let folder = try TemporaryFolder()
    let file = DatabaseFile(path: folder.file())
    try file.prepare(access: .readWriteCreate)
    try folder.setMode(mode, of: "test.sqlite")
    let error = try databaseError { _ = try file.open(ConnectionOptions()) }
    #expect(error.kind == .permissionsTooOpen(mode: UInt32(mode)))
    #expect(try folder.mode() == mode)
    _ = try file.open(ConnectionOptions(), tighten: true)
    #expect(try folder.mode() == 0o600)
  }

  @Test("a log that others may use is refused, or tightened on request (F2)")
  func logTooOpen() throws {
    let folder = try TemporaryFolder()
    let file = DatabaseFile(path: folder.file())
    try file.prepare(access: .readWriteCreate)
    try folder.write([], to: "test.sqlite-wal", mode: 0o644)
    let error = try databaseError { _ = try file.prepare(access: .readWriteCreate) }
    #expect(error.kind == .permissionsTooOpen(mode: 0o644))
    try file.prepare(access: .readWriteCreate, tighten: true)
    #expect(try folder.mode(of: "test.sqlite-wal") == 0o600)
  }

  @Test("missing folder, missing file, folder, link and pipe are told apart")
  func kinds() throws {
    let folder = try TemporaryFolder()
    func kind(_ name: String, _ access: ConnectionOptions.Access = .readWrite) throws
      -> DatabaseError.Kind
    {
      try databaseError { try DatabaseFile(path: folder.file(name)).prepare(access: access) }.kind
    }
    #expect(try kind("none/test.sqlite", .readWriteCreate) == .folderMissing)
    #expect(try kind("none.sqlite") == .fileMissing)
    #expect(try kind("none.sqlite", .readOnly) == .fileMissing)
    try #require(unsafe mkdir(folder.file("folder"), 0o700) == 0)
    #expect(try kind("folder", .readWriteCreate) == .notARegularFile)
    try folder.write([], to: "target")
    #expect(try kind("target/test.sqlite", .readWriteCreate) == .folderMissing)
    try makeLink(at: folder.file("link"), to: folder.file("target"))
    #expect(try kind("link", .readWriteCreate) == .notARegularFile)
    try makeLink(at: folder.file("dangling"), to: folder.file("nowhere"))
    #expect(try kind("dangling", .readWriteCreate) == .notARegularFile)
    #expect(!folder.exists("nowhere"))
    try #require(unsafe mkfifo(folder.file("pipe"), 0o600) == 0)
    #expect(try kind("pipe", .readWriteCreate) == .notARegularFile)
    #expect(
      try databaseError { try DatabaseFile(path: ":memory:").prepare(access: .readWrite) }.kind
        == .invalidPath)
  }

  @Test("a file without write permission is read-only, also for the superuser")
  func readOnly() throws {
    let folder = try TemporaryFolder()
    let file = DatabaseFile(path: folder.file())
    let writer = try file.open(.shared())
    try writer.execute(noteTable)
    try writer.checkpoint(.truncate)
    try writer.close()
    try folder.setMode(0o400, of: "test.sqlite")
    #expect(try databaseError { _ = try file.open(ConnectionOptions()) }.kind == .readOnly)
    let reader = try file.open(ConnectionOptions(access: .readOnly))
    #expect(try reader.noteCount() == 0)
  }

  @Test("a file that SQLite would silently open for reading only is read-only")
  func silentlyReadOnly() async throws {
    let folder = try TemporaryFolder()
    try folder.write([], mode: 0o400)
    let path = folder.file()
    let ordinaryUser: uid_t = geteuid() == 0 ? 65534 : geteuid()
    for name in ["", "test.sqlite"] {
      try #require(unsafe chown(folder.file(name), ordinaryUser, gid_t.max) == 0)
    }
    await #expect(processExitsWith: .exitCode(7)) {
      [path = path as String, ordinaryUser = ordinaryUser as uid_t] in
      if geteuid() == 0, seteuid(ordinaryUser) != 0 { exit(9) }
      do throws(DatabaseError) {
        _ = try Connection(path: path, options: ConnectionOptions())
        exit(0)
      } catch {
        exit(error.kind == .readOnly && error.operation == "open" ? 7 : 5)
      }
    }
  }

  @Test(
    "a folder that lets nobody in is told as permission denied, one that takes no log as read-only")
  func permissionDenied() async throws {
    let folder = try TemporaryFolder()
    for name in ["shut", "fixed"] {
      try #require(unsafe mkdir(folder.file(name), 0o700) == 0)
    }
    try DatabaseFile(path: folder.file("fixed/there.sqlite")).prepare(access: .readWriteCreate)
    let ordinaryUser: uid_t = geteuid() == 0 ? 65534 : geteuid()
    for name in ["", "shut", "fixed", "fixed/there.sqlite"] {
      try #require(unsafe chown(folder.file(name), ordinaryUser, gid_t.max) == 0)
    }
    try #require(unsafe chmod(folder.file("shut"), 0o000) == 0)
    try #require(unsafe chmod(folder.file("fixed"), 0o500) == 0)
    defer {
      // So that the folder can be removed.
      unsafe chmod(folder.file("shut"), 0o700)
      unsafe chmod(folder.file("fixed"), 0o700)
    }
    let expected: [(String, CInt)] = [
      ("shut/a.sqlite", 6), ("fixed/a.sqlite", 6), ("fixed/there.sqlite", 7),
    ]
    for (name, status) in expected {
      let path = folder.file(name)
      await #expect(processExitsWith: .exitCode(status)) {
        [path = path as String, ordinaryUser = ordinaryUser as uid_t] in
        if geteuid() == 0, seteuid(ordinaryUser) != 0 { exit(9) }
        do throws(DatabaseError) {
          _ = try DatabaseFile(path: path).open(ConnectionOptions())
          exit(0)
        } catch {
          exit(error.kind == .permissionDenied ? 6 : error.kind == .readOnly ? 7 : 5)
        }
      }
    }
  }
}

/// Makes a symbolic link.
func makeLink(at path: String, to target: String) throws {
  try #require(unsafe symlink(target, path) == 0)
}
