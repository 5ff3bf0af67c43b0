import ProveDeviceRegistry

/// A registry behind a handle, with the store that only some calls ask for.
///
/// A class, as all that handles stand for: looking one up then costs a single reference.
final class OpenRegistry: Sendable {
  let registry: DeviceRegistry
  private let store: any RegistryStore

  init(_ registry: DeviceRegistry, on store: any RegistryStore) {
    self.registry = registry
    self.store = store
  }

  /// The store, when it is a file of SQLite.
  var file: SQLiteRegistryStore? { store as? SQLiteRegistryStore }
}
