import ProveKeyModel
public import ProveKeyVault

/// Takes from a vault what a browser takes when it evicts an origin's storage: all of it, or nothing.
///
/// To test what an app does then: the server still has the registrations, the device has nothing.
/// Other origins keep theirs.
public enum EvictionSimulator: Sendable {
  /// What was taken.
  public struct Eviction: Hashable, Sendable {
    /// Keys, placed and pending, of all build configs.
    public let keys: Int
    /// Items of localStorage.
    public let items: Int
    /// Databases.
    public let databases: Int
  }

  /// Removes all keys of an origin, everything in its localStorage, and its databases.
  ///
  /// - Throws: what the vault throws, such as ``DatabaseFault/blocked`` while a database of the origin
  ///   is open; part of it may be removed then, as it may not in a browser.
  @discardableResult
  public static func evict(
    _ origin: String, from vault: KeyVault
  ) throws(VaultError) -> Eviction {
    let databases = try vault.databases(for: origin)
    // First, since one that is open is refused: nothing is gone then.
    for database in databases { try vault.deleteDatabase(database.name, for: origin) }
    var count = 0
    for config in BuildConfig.allCases {
      for key in try vault.keys(in: try scope(config, origin)) {
        count += 1
        try vault.removeKey(key.deviceID)
      }
    }
    let storage = try vault.localStorage(for: origin)
    let items = try storage.count
    try storage.clear()
    return Eviction(keys: count, items: items, databases: databases.count)
  }

  private static func scope(
    _ config: BuildConfig, _ origin: String
  ) throws(VaultError) -> KeyScope {
    do throws(ModelError) {
      return try KeyScope(buildConfig: config, origin: origin)
    } catch {
      throw .invalidOrigin
    }
  }
}
