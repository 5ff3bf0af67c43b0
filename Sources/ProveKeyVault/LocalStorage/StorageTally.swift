import ProveKeySealing

/// What a walk over all records finds of the localStorage role: items added up anew, to be held
/// against what is recorded (L2).
struct StorageTally {
  private struct Sum: Equatable {
    var items: UInt64 = 0
    var codeUnits: UInt64 = 0
  }

  private var found: [Locator: Sum] = [:]
  private var recorded: [Locator: Sum] = [:]

  /// Notes the content of one record of the role.
  mutating func note(
    _ content: [UInt8], _ kind: RecordKind, _ row: RecordTable.Row, _ keys: StoreKeys
  ) throws(VaultError) {
    let contradiction = VaultError.damaged(VaultDamage(.storage, .contradictory))
    if kind == .storageItem {
      let item = try StorageItemRecord.decode(content)
      found[row.trusted.namespace, default: Sum()].items += 1
      found[row.trusted.namespace, default: Sum()].codeUnits += item.codeUnits
    } else {
      let usage = try StorageUsageRecord.decode(content)
      guard keys.storageUsageLocator(usage.origin) == row.locator,
        keys.storageUsagesNamespace == row.trusted.namespace
      else { throw contradiction }
      recorded[keys.storageItemsNamespace(usage.origin)] = Sum(
        items: usage.items, codeUnits: usage.codeUnits)
    }
  }

  /// How many origins do not have what is recorded of them.
  var contradictions: Int {
    Set(found.keys).union(recorded.keys).count { found[$0] != recorded[$0] }
  }
}
