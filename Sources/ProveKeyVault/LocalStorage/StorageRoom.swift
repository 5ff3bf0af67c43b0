import ProveKeyModel
import ProveKeySealing

/// One origin's storage: how its records are found, and what it may hold.
struct StorageRoom: Sendable {
  /// Whose it is.
  let origin: String
  /// Code units of all keys and values together.
  let quota: Int
  /// Items at most.
  let itemLimit: Int
  /// The namespace of its items: one row, one item.
  let items: Locator
  /// The record of what its items add up to.
  let usage: Locator

  /// Checks origin and quota, and makes the locators that every call needs.
  init(
    _ origin: String, quota: Int, itemLimit: Int = VaultLimits.storageItemsPerOrigin,
    _ keys: StoreKeys
  ) throws(VaultError) {
    guard isIdentifierText(origin) else { throw .invalidOrigin }
    guard VaultLimits.storageQuotaCodeUnits.contains(quota) else { throw .quotaOutOfBounds }
    self.origin = origin
    self.quota = quota
    self.itemLimit = itemLimit
    items = keys.storageItemsNamespace(origin)
    usage = keys.storageUsageLocator(origin)
  }
}

/// Where the records of the localStorage role are found: no name stands in the clear.
extension StoreKeys {
  /// An item, by the code units of its key.
  func storageItemLocator(_ origin: String, _ key: [UInt16]) -> Locator {
    locator("vault.storage.item", Array(origin.utf8), UTF16Bytes.bytes(of: key))
  }

  /// The namespace of an origin's items.
  func storageItemsNamespace(_ origin: String) -> Locator {
    locator("vault.storage.items", origin)
  }

  /// What an origin's items add up to.
  func storageUsageLocator(_ origin: String) -> Locator {
    locator("vault.storage.usage", origin)
  }

  /// The one namespace of the usage of all origins.
  var storageUsagesNamespace: Locator { locator("vault.storage.usages") }
}
