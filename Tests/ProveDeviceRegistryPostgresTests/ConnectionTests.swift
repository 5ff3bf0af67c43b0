import PostgresTestSupport
import ProveDeviceRegistry
import ProveKeySealing
import Testing

@testable import ProveDeviceRegistryPostgres

@Suite("A connection")
struct ConnectionTests {
  private func connect(_ address: String) throws -> ServerConnection {
    var settings = SessionSettings()
    settings.connectTimeoutMilliseconds = 2000
    return try ServerConnection.connect(to: ServerAddress(address), settings)
  }

  private func problem(_ address: String) -> PostgresError? {
    #expect(throws: PostgresError.self) { try connect(address) }
  }

  @Test("that is refused says why")
  func refused() throws {
    let server = try PostgresServer.shared.get()
    #expect(problem(server.address(database: "nowhere"))?.kind == .databaseMissing)
    let nobody = problem("host=\(server.folder) port=\(server.port) user=nobody dbname=postgres")
    #expect(nobody?.kind == .permissionDenied)
    #expect(problem("host=127.0.0.1 port=1 dbname=x")?.kind == .cannotConnect)
    #expect(problem("host=\(server.folder)/no port=1 dbname=x")?.kind == .cannotConnect)
  }

  @Test("passes over hosts that do not answer")
  func hosts() throws {
    let server = try PostgresServer.shared.get()
    let connection = try connect(
      "host=127.0.0.1,127.0.0.1 port=1,\(server.port) user=postgres dbname=postgres")
    #expect(try connection.run(SQLStatement(once: "one", "SELECT 1::int8")).integer(0, 0) == 1)
  }

  @Test("carries bytes of every value, numbers from end to end and NULL")
  func values() throws {
    let connection = try connect(PostgresServer.shared.get().address(database: "postgres"))
    let echo = SQLStatement(
      "echo", "SELECT $1::bytea, $2::int8, $3::bytea", [.bytes, .integer, .bytes])
    let samples: [[UInt8]] = [[], [0], Array(0...255), [UInt8](repeating: 0x5C, count: 100_000)]
    for bytes in samples {
      for number in [Int64.min, -1, 0, 1, .max] {
        var command = Command(echo)
        command.add(bytes)
        command.add(number)
        command.addNull()
        let rows = try connection.run(command)
        #expect(try rows.bytes(0, 0) == bytes)
        #expect(try rows.integer(0, 1) == number)
        #expect(rows.isNull(0, 2))
        #expect(throws: PostgresError.self) { try rows.integer(0, 2) }
        #expect(throws: PostgresError.self) { try rows.integer(1, 0) }
      }
    }
  }

  @Test("goes on after a statement that failed, and what followed it was not run (L2)")
  func failure() throws {
    let connection = try connect(PostgresServer.shared.get().address(database: "postgres"))
    let fine = Command(SQLStatement(once: "fine", "SELECT 1::int8"))
    let broken = Command(SQLStatement(once: "broken", "SELECT 1/0"))
    let error = #expect(throws: PostgresError.self) {
      try connection.exchange([fine, broken, fine])
    }
    #expect(error?.state?.code == "22012")
    #expect(error?.operation == "broken")
    #expect(try connection.exchange([fine, fine]).count == 2)
    #expect(!connection.isBroken)
  }

  @Test("no error repeats what was sent (L3)")
  func secrecy() async throws {
    let fixture = try await StoreFixture()
    let connection = try fixture.connection()
    let secret = Array("a very private phone number".utf8)
    var command = Command(PostgresSQL.insertWrite)
    command.add(secret)
    command.add(1)
    let error = #expect(throws: PostgresError.self) { try connection.run(command) }
    let text = error.map { "\($0) \(String(reflecting: $0))" } ?? ""
    #expect(!text.contains("private") && !text.contains("6120766572"))
    #expect(error?.state?.code == "23514")
    try await fixture.store.close()
  }

  @Test("has the time limits it was told, and commits to disk")
  func settings() throws {
    let server = try PostgresServer.shared.get()
    let database = try server.freshDatabase()
    try server.sql("ALTER DATABASE \(database) SET synchronous_commit = off")
    let connection = try connect(server.address(database: database))
    func show(_ name: String) throws -> String {
      try connection.run(SQLStatement(once: "show", "SHOW \(name)")).text(0, 0)
    }
    #expect(try show("statement_timeout") == "5s")
    #expect(try show("lock_timeout") == "2s")
    #expect(try show("idle_in_transaction_session_timeout") == "10s")
    #expect(try show("application_name") == "prove-device-registry")
    #expect(try show("synchronous_commit") == "on")
  }

  @Test("a statement that takes too long is ended by the server")
  func slow() async throws {
    var options = PostgresStoreOptions()
    options.lockTimeoutMilliseconds = 200
    let fixture = try await StoreFixture(on: nil, options)
    _ = try await fixture.store.write([.insert(row(1))])
    let other = try fixture.connection()
    _ = try other.begin(.readCommitted, [])
    var lock = Command(PostgresSQL.deleteRegistration)
    lock.add(row(1).device)
    lock.add(1)
    _ = try other.run(lock)
    await #expect(throws: RegistryError.store(.timedOut)) {
      _ = try await fixture.store.write([.update(next(row(1)), replacing: row(1))])
    }
    try other.run(ServerConnection.rollback)
    #expect(try await fixture.store.write([.update(next(row(1)), replacing: row(1))]) == .applied)
    try await fixture.store.close()
  }

  @Test("a deadlock is told as a conflict with nothing changed, for all to be read again")
  func deadlock() async throws {
    var options = PostgresStoreOptions()
    options.lockTimeoutMilliseconds = 20_000
    options.statementTimeoutMilliseconds = 20_000
    let fixture = try await StoreFixture(on: nil, options)
    let (first, second) = (row(1), row(2))
    _ = try await fixture.store.write([.insert(first), .insert(second)])
    let other = try fixture.connection()
    func lock(_ row: StoredRegistration) -> Command {
      var command = Command(PostgresSQL.deleteRegistration)
      command.add(row.device)
      command.add(1)
      return command
    }
    _ = try other.begin(.readCommitted, [lock(second)])
    // It takes the first row and waits for the second, which the other has.
    let writing = Task {
      try await fixture.store.write([
        .update(next(first), replacing: first), .update(next(second), replacing: second),
      ])
    }
    try await fixture.wait(
      until: """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event = 'transactionid'
        """, is: "1")
    do throws(PostgresError) {
      _ = try other.run(lock(first))
      try other.run(ServerConnection.rollback)
      await #expect(throws: RegistryError.store(.conflicted)) { _ = try await writing.value }
    } catch {
      // The server chose the other one.
      #expect(error.kind == .serialization)
      _ = try await writing.value
    }
    try await fixture.store.close()
  }
}
