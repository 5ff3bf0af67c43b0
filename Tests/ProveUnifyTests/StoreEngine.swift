import PostgresTestSupport
import ProveDeviceRegistry
import ProveDeviceRegistryPostgres
import ProveKeySealing
import Testing

/// What a stage's registry stands on.
enum StoreEngine: String, CaseIterable, CustomTestStringConvertible {
  case sqlite, postgres

  var testDescription: String { rawValue }

  /// The address of a registry that nobody has used.
  func freshAddress(in folder: String) throws -> String {
    switch self {
    case .sqlite: return folder + "/registry.sqlite"
    case .postgres:
      let server = try PostgresServer.shared.get()
      return server.address(database: try server.freshDatabase())
    }
  }

  /// Makes the registry's store at an address.
  func create(at address: String, _ key: RawKey) async throws -> any RegistryStore {
    switch self {
    case .sqlite: try SQLiteRegistryStore(at: address, unlock: .rawKey(key))
    case .postgres: try await PostgresRegistryStore.open(address, unlock: .rawKey(key))
    }
  }

  /// Opens a registry's store that is there.
  func open(at address: String, _ key: RawKey) async throws -> any RegistryStore {
    switch self {
    case .sqlite: try SQLiteRegistryStore.openExisting(at: address, unlock: .rawKey(key))
    case .postgres: try await PostgresRegistryStore.openExisting(address, unlock: .rawKey(key))
    }
  }
}
