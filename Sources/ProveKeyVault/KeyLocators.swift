import ProveKeyModel
import ProveKeySealing

/// Where the records of the keys role are found: no name stands in the clear.
extension StoreKeys {
  /// The facts of a placed or a pending key; both may have the same id while a key is replaced.
  func factsLocator(_ state: ProveKey.State, _ id: DeviceID) -> Locator {
    switch state {
    case .pending: locator("vault.key.pending", id.rawValue)
    case .placed: locator("vault.key.placed", id.rawValue)
    }
  }

  /// The private half of a key.
  func seedLocator(_ key: PublicKey) -> Locator { locator("vault.key.seed", key.bytes) }

  /// The signature counter of a key: a new key has a new one, whatever its id.
  func counterLocator(_ key: PublicKey) -> Locator { locator("vault.key.counter", key.bytes) }

  /// The directory of a scope.
  func directoryLocator(_ scope: KeyScope) -> Locator {
    locator("vault.keys.directory", scope.buildConfig.rawValue, scope.origin)
  }

  /// The namespace of a scope's facts: one row is one key.
  func factsNamespace(_ scope: KeyScope) -> Locator {
    locator("vault.keys.facts", scope.buildConfig.rawValue, scope.origin)
  }

  /// The namespace of everything else that a scope's keys need.
  func partsNamespace(_ scope: KeyScope) -> Locator {
    locator("vault.keys.parts", scope.buildConfig.rawValue, scope.origin)
  }
}
