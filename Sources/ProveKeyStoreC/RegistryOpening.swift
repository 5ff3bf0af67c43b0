public import CProveKeyStore
import ProveDeviceRegistry
import ProveDeviceRegistryPostgres
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing

/// Opens or creates a registry.
@c @implementation
public func pks_registry_open(
  _ options: UnsafePointer<pks_registry_options>!, _ registry: UnsafeMutablePointer<pks_registry>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ValuePlace(registry)
    let given = try unsafe argument(options)
    let scope = try RegistryScope(
      tenant: unsafe text(given.tenant), buildConfig: BuildConfig(number: unsafe given.build_config)
    )
    let policy = try unsafe RegistryPolicy(given.policy)
    let unlock = try unsafe UnlockMethod(given.unlock)
    let location = try StoreLocation(unsafe text(given.store))
    try ForkWatch.check()
    let store = try location.open(
      unlock, access: pks_access(unsafe given.access), mode: pks_mode(unsafe given.mode))
    do {
      let opened = try waiting {
        try await DeviceRegistry(store: store, scope: scope, policy: policy)
      }
      place.put(try HandleTable.process.add(.registry(OpenRegistry(opened, on: store))))
    } catch {
      // What could not be given out is closed; the failure that led here is the one to tell.
      try? waiting { try await store.close() }
      throw error
    }
  }
}

/// Where a registry's rows are.
private enum StoreLocation {
  case sqlite(String)
  case postgres(String)

  init(_ url: String) throws {
    let scheme = "sqlite:"
    if url.hasPrefix(scheme) {
      self = .sqlite(String(url.dropFirst(scheme.count)))
    } else if url.hasPrefix("postgresql://") || url.hasPrefix("postgres://") {
      self = .postgres(url)
    } else {
      throw Refusal.badValue("store")
    }
  }

  func open(
    _ unlock: UnlockMethod, access: pks_access, mode: pks_mode
  ) throws -> any RegistryStore {
    switch self {
    case .sqlite(let path): try Self.openSQLite(path, unlock, access, mode)
    case .postgres(let address): try Self.openPostgres(address, unlock, access, mode)
    }
  }

  private static func openSQLite(
    _ path: String, _ unlock: UnlockMethod, _ access: pks_access, _ mode: pks_mode
  ) throws -> any RegistryStore {
    var options = SQLiteStoreOptions()
    switch mode {
    case PKS_SHARED: options.mode = .shared
    case PKS_EXCLUSIVE: options.mode = .exclusive
    default: throw Refusal.badValue("mode")
    }
    switch access {
    case PKS_OPEN_OR_CREATE:
      return try SQLiteRegistryStore(at: path, unlock: unlock, options: options)
    case PKS_CREATE:
      return try SQLiteRegistryStore.create(at: path, unlock: unlock, options: options)
    case PKS_OPEN_EXISTING:
      return try SQLiteRegistryStore.openExisting(at: path, unlock: unlock, options: options)
    default: throw Refusal.badValue("access")
    }
  }

  private static func openPostgres(
    _ address: String, _ unlock: UnlockMethod, _ access: pks_access, _ mode: pks_mode
  ) throws -> any RegistryStore {
    // A server is for many: nobody can have it alone.
    guard mode == PKS_SHARED else { throw Refusal.badValue("mode") }
    return try waiting {
      switch access {
      case PKS_OPEN_OR_CREATE: try await PostgresRegistryStore.open(address, unlock: unlock)
      case PKS_CREATE: try await PostgresRegistryStore.create(address, unlock: unlock)
      case PKS_OPEN_EXISTING:
        try await PostgresRegistryStore.openExisting(address, unlock: unlock)
      default: throw Refusal.badValue("access")
      }
    }
  }
}
