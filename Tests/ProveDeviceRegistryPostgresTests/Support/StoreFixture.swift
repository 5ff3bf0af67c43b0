import PostgresTestSupport
import ProveDeviceRegistry
import ProveKeySealing

@testable import ProveDeviceRegistryPostgres

/// A registry in a database of its own.
struct StoreFixture {
  let server: PostgresServer
  let database: String
  let store: PostgresRegistryStore
  let key: RawKey

  /// Makes one on a server, by default the shared one.
  init(
    on server: PostgresServer? = nil, _ options: PostgresStoreOptions = .init()
  ) async throws {
    self.server = try server ?? PostgresServer.shared.get()
    database = try self.server.freshDatabase()
    key = try RawKey.random()
    store = try await PostgresRegistryStore.open(
      self.server.address(database: database), unlock: .rawKey(key), options: options)
  }

  /// Another handle on the same registry.
  func another(
    at address: String? = nil, _ options: PostgresStoreOptions = PostgresStoreOptions()
  ) async throws -> PostgresRegistryStore {
    try await PostgresRegistryStore.openExisting(
      address ?? server.address(database: database), unlock: .rawKey(key), options: options)
  }

  /// A connection beside the store's.
  func connection() throws -> ServerConnection {
    try ServerConnection.connect(
      to: ServerAddress(server.address(database: database)), SessionSettings())
  }

  /// The answer to a query of one value.
  func value(_ sql: String) throws -> String { try server.sql(sql, in: database) }

  /// Waits until a query of one value answers so.
  func wait(until sql: String, is expected: String) async throws {
    for _ in 0..<500 {
      if try value(sql) == expected { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw ShellError(description: "never came true: \(sql)")
  }

  /// Whether the set digests speak of exactly the rows that are there.
  func digestsAgree(through other: PostgresRegistryStore? = nil) async throws -> Bool {
    try await Self.digestsAgree(other ?? store)
  }

  /// Whether a store's set digests speak of exactly the rows that are there.
  static func digestsAgree(_ store: PostgresRegistryStore) async throws -> Bool {
    var sum = SetChanges()
    let ledger = SetLedger(keys: store.keys)
    for state in StoredRegistration.State.allCases {
      var position: PagePosition?
      repeat {
        let rows = try await store.registrations(in: .state(state), after: position, limit: 1000)
        for row in rows { try ledger.add(row, to: &sum) }
        position = rows.last?.position
      } while position != nil
    }
    var position: EventPosition?
    repeat {
      let events = try await store.events(after: position, limit: 1000)
      for event in events { try ledger.add(event, to: &sum) }
      position = events.last?.position
    } while position != nil
    let found = try await store.setDigests()
    let expected = try ledger.rows(of: sum)
    guard found.count == 256 else { return false }
    for (left, right) in zip(found, expected) where try !ledger.agree(left, right) { return false }
    return true
  }
}
