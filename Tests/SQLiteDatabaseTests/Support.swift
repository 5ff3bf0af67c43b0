import Foundation
import Testing

@testable import SQLiteDatabase

/// A folder of its own for one test, removed with the last reference.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("sqlite-database-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    path = url.path
  }

  deinit {
    // A folder left behind by a test that failed harms nobody.
    try? FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
    try? FileManager.default.removeItem(atPath: path)
  }

  func file(_ name: String = "test.sqlite") -> String { path + "/" + name }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: file(name)) }

  func bytes(_ name: String = "test.sqlite") throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: file(name))))
  }

  func write(_ bytes: [UInt8], to name: String = "test.sqlite", mode: Int = 0o600) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    try setMode(mode, of: name)
  }

  func setMode(_ mode: Int, of name: String) throws {
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file(name))
  }

  func mode(of name: String = "test.sqlite") throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: file(name))
    return try #require(attributes[.posixPermissions] as? Int)
  }
}

extension ConnectionOptions {
  /// A database in memory.
  static var inMemory: ConnectionOptions {
    var options = ConnectionOptions()
    options.journal = .memory
    return options
  }

  /// A file that several connections share.
  static func shared(busyTimeoutMilliseconds: Int32 = 5000) -> ConnectionOptions {
    var options = ConnectionOptions(access: .readWriteCreate, locking: .normal)
    options.busyTimeoutMilliseconds = busyTimeoutMilliseconds
    return options
  }
}

extension Connection {
  /// A database in memory with the table that most tests use.
  static func withTable() throws(DatabaseError) -> Connection {
    let connection = try Connection(path: ":memory:", options: .inMemory)
    try connection.execute(noteTable)
    return connection
  }

  func noteCount() throws(DatabaseError) -> Int64 { try int64("SELECT count(*) FROM note") }

  func addNote(_ id: Int64, _ body: String = "x") throws(DatabaseError) {
    let statement = try prepare("INSERT INTO note (id, body) VALUES (?1, ?2)")
    try statement.bind(id, at: 1)
    try statement.bind(body, at: 2)
    try statement.run()
  }
}

let noteTable = "CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT"

/// Runs `body` and gives the database error it throws.
func databaseError(
  _ body: () throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
) throws -> DatabaseError {
  try #require(
    #expect(throws: DatabaseError.self, sourceLocation: sourceLocation, performing: body),
    sourceLocation: sourceLocation)
}
