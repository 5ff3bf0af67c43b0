import PostgresTestSupport
import ProveDeviceRegistry
import ProveKeySealing
import Testing

@testable import ProveDeviceRegistryPostgres

@Suite("Migrating a registry in PostgreSQL")
struct MigrationTests {
  private let server: PostgresServer
  private let database: String
  private let address: String

  init() throws {
    server = try PostgresServer.shared.get()
    database = try server.freshDatabase()
    address = server.address(database: database)
  }

  @Test("makes the tables once and finds them done the next time")
  func twice() async throws {
    let current = Int(PostgresSchema.currentVersion)
    #expect(try await PostgresRegistryStore.migrate(address) == (0, current))
    #expect(try await PostgresRegistryStore.migrate(address) == (current, current))
    for table in PostgresSchema.tables {
      #expect(try server.sql("SELECT count(*) >= 0 FROM \(table)", in: database) == "t")
    }
  }

  @Test("by several at once is done once, and all agree")
  func concurrent() async throws {
    let results = try await withThrowingTaskGroup(of: Int.self) { [address] group in
      for _ in 0..<6 {
        group.addTask { try await PostgresRegistryStore.migrate(address).to }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(results == [Int](repeating: Int(PostgresSchema.currentVersion), count: 6))
  }

  @Test("goes from every version to the next, each in one piece (M2)")
  func steps() async throws {
    let later =
      PostgresSchema.migrations + [
        ["CREATE TABLE IF NOT EXISTS later (id BIGINT PRIMARY KEY)"],
        ["CREATE TABLE later_still (id BIGINT)", "SELECT 1/0"],
      ]
    _ = try await PostgresRegistryStore.migrate(address)
    await #expect(throws: RegistryError.store(.refused(state: "22012"))) {
      _ = try await PostgresMigrator(address, .init(), migrations: later).run()
    }
    let reached = PostgresSchema.currentVersion + 1
    #expect(try server.sql("SELECT version FROM prove_schema", in: database) == "\(reached)")
    #expect(try server.sql("SELECT to_regclass('later') IS NULL", in: database) == "f")
    #expect(try server.sql("SELECT to_regclass('later_still') IS NULL", in: database) == "t")
  }

  @Test("leaves tables of a newer version as they are (M1)")
  func newer() async throws {
    _ = try await PostgresRegistryStore.migrate(address)
    try server.sql(
      "UPDATE prove_schema SET version = 99; DROP TABLE prove_item", in: database)
    let known = Int32(PostgresSchema.currentVersion)
    let refusal = RegistryError.store(.formatNewer(found: 99, known: known))
    await #expect(throws: refusal) { _ = try await PostgresRegistryStore.migrate(address) }
    let key = try RawKey.random()
    await #expect(throws: refusal) {
      _ = try await PostgresRegistryStore.open(address, unlock: .rawKey(key))
    }
    await #expect(throws: refusal) {
      _ = try await PostgresRegistryStore.openExisting(address, unlock: .rawKey(key))
    }
    #expect(try server.sql("SELECT to_regclass('prove_item') IS NULL", in: database) == "t")
  }

  @Test("a registry is opened where there is one, and created where there is none")
  func opening() async throws {
    let key = try RawKey.random()
    await #expect(throws: RegistryError.store(.schemaOutdated)) {
      _ = try await PostgresRegistryStore.openExisting(address, unlock: .rawKey(key))
    }
    _ = try await PostgresRegistryStore.migrate(address)
    await #expect(throws: RegistryError.store(.missing)) {
      _ = try await PostgresRegistryStore.openExisting(address, unlock: .rawKey(key))
    }
    let store = try await PostgresRegistryStore.create(address, unlock: .rawKey(key))
    #expect(try await store.write([.insert(row(1))]) == .applied)
    try await store.close()
    await #expect(throws: RegistryError.store(.alreadyExists)) {
      _ = try await PostgresRegistryStore.create(address, unlock: .rawKey(key))
    }
    await #expect(throws: RegistryError.unlock(.wrongKey)) {
      _ = try await PostgresRegistryStore.open(address, unlock: .rawKey(try RawKey.random()))
    }
    let again = try await PostgresRegistryStore.openExisting(address, unlock: .rawKey(key))
    #expect(again.keys.storeID == store.keys.storeID)
    #expect(try await again.registration(at: row(1).device) == row(1))
    try await again.close()
  }

  @Test("several who begin a registry at once share one")
  func beginning() async throws {
    let key = try RawKey.random()
    let stores = try await withThrowingTaskGroup(of: PostgresRegistryStore.self) { group in
      for _ in 0..<4 {
        group.addTask { [address] in
          try await PostgresRegistryStore.open(address, unlock: .rawKey(key))
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(Set(stores.map(\.keys.storeID)).count == 1)
    for store in stores { try await store.close() }
  }

  @Test("set digests that are missing are asked for, made anew and kept from then on (G10)")
  func digests() async throws {
    let fixture = try await StoreFixture()
    let without = try await fixture.another(at: nil, options { $0.setDigests = .off })
    _ = try await without.write([.insert(row(1)), .append(event(row(1).device, 1))])
    #expect(try await fixture.digestsAgree() == false)
    let rebuilt = try await fixture.another(at: nil, options { $0.setDigests = .rebuilt })
    #expect(try await fixture.digestsAgree())
    _ = try await rebuilt.write([.update(next(row(1)), replacing: row(1))])
    #expect(try await fixture.digestsAgree())
    try fixture.server.sql("DELETE FROM prove_bucket", in: fixture.database)
    await #expect(throws: RegistryError.store(.setDigestsMissing)) {
      _ = try await fixture.another()
    }
    await #expect(throws: RegistryError.store(.setDigestsMissing)) {
      _ = try await rebuilt.write([.insert(row(2))])
    }
    #expect(try await rebuilt.registration(at: row(2).device) == nil)
    for store in [fixture.store, without, rebuilt] { try await store.close() }
  }

  @Test("what the tables promise is checked: candidates, schema and the server's settings")
  func structure() async throws {
    let fixture = try await StoreFixture()
    _ = try await fixture.store.write((1...3).map { .insert(row($0)) })
    #expect(try await fixture.store.structureProblems() == [])
    try fixture.server.sql(
      """
      UPDATE prove_candidate SET last_active_day = 7 WHERE device =
        (SELECT device FROM prove_candidate ORDER BY device LIMIT 1)
      """, in: fixture.database)
    #expect(
      try await fixture.store.structureProblems() == [
        "1 candidate rows that agree with no bound registration",
        "1 bound registrations that are not candidates",
      ])
    try await fixture.store.close()
  }

  private func options(
    _ change: (inout PostgresStoreOptions) -> Void
  ) -> PostgresStoreOptions {
    var options = PostgresStoreOptions()
    change(&options)
    return options
  }
}
