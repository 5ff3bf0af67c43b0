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
  }

  /// Removes all keys of an origin and everything in its localStorage.
  ///
  /// - Throws: what the vault throws; part of it may be removed then, as it may not in a browser.
  @discardableResult
  public static func evict(
    _ origin: String, from vault: KeyVault
  ) throws(VaultError) -> Eviction {
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
    return Eviction(keys: count, items: items)
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
