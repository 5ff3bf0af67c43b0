import ProveKeySealing

/// Which rows of storage and databases fit where they stand, and how each stands in the new vault.
///
/// A walk over all rows is given to it once: to count what fits, and with a new one to write it.
struct SalvageFitting {
  /// What the items that fit add up to, by origin (L2).
  private(set) var usages: [String: StorageUsageRecord] = [:]
  /// The stores of the databases.
  let stores: SalvageStores
  private let origins: [Locator: String]
  private let sourceKeys: StoreKeys
  private let keys: StoreKeys

  /// Begins with no rows.
  /// - Parameter keys: those of the new vault.
  init(_ harvest: SalvageHarvest, to keys: StoreKeys) throws(VaultError) {
    stores = try SalvageStores(harvest, from: harvest.source.keys, to: keys)
    origins = harvest.storage.mapValues(\.origin)
    sourceKeys = harvest.source.keys
    self.keys = keys
  }

  /// A row as it shall stand in the new vault; nothing when it is of another role, or of no place
  /// that was saved.
  /// - Throws: ``VaultError/damaged(_:)`` of the role for a row that does not fit, of the record for one
  ///   that does not open.
  mutating func record(
    of row: RecordTable.Row, _ sealed: Span<UInt8>
  ) throws(VaultError) -> SalvagedRecord? {
    switch try sourceKeys.content(of: row, sealed) {
    case (.storageItem, let content)?: return try item(row, content)
    case (.databaseRow, let content)?:
      do throws(VaultError) {
        return try stores.record(of: row, content)
      } catch .database {
        // Its indexes cannot take it: it was written under another description of its store.
        throw .damaged(VaultDamage(.database, .contradictory))
      }
    default: return nil
    }
  }

  /// An item, added to its origin's usage (L1, L2).
  private mutating func item(
    _ row: RecordTable.Row, _ content: [UInt8]
  ) throws(VaultError) -> SalvagedRecord? {
    guard let origin = origins[row.trusted.namespace] else { return nil }
    let item = try StorageItemRecord.decode(content)
    guard sourceKeys.storageItemLocator(origin, item.key) == row.locator else {
      throw .damaged(VaultDamage(.storage, .contradictory))
    }
    usages[origin, default: StorageUsageRecord(origin: origin)].items += 1
    usages[origin, default: StorageUsageRecord(origin: origin)].codeUnits += item.codeUnits
    return SalvagedRecord(
      content: content, locator: keys.storageItemLocator(origin, item.key),
      namespace: keys.storageItemsNamespace(origin))
  }
}

/// One record as it shall stand in the new vault.
struct SalvagedRecord {
  let content: [UInt8]
  let locator: Locator
  let namespace: Locator
}
