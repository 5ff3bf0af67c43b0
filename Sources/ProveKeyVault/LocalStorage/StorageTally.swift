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

  /// Notes an item of so many code units.
  mutating func noteItem(codeUnits: UInt64, _ row: RecordTable.Row) {
    var sum = found[row.trusted.namespace] ?? Sum()
    sum.items += 1
    sum.codeUnits += codeUnits
    found[row.trusted.namespace] = sum
  }

  /// Notes the content of a record of what an origin's items add up to.
  mutating func noteUsage(
    _ content: [UInt8], _ row: RecordTable.Row, _ keys: StoreKeys
  ) throws(VaultError) {
    let usage = try StorageUsageRecord.decode(content)
    guard keys.storageUsageLocator(usage.origin) == row.locator,
      keys.storageUsagesNamespace == row.trusted.namespace
    else { throw .damaged(VaultDamage(.storage, .contradictory)) }
    recorded[keys.storageItemsNamespace(usage.origin)] = Sum(
      items: usage.items, codeUnits: usage.codeUnits)
  }

  /// How many origins do not have what is recorded of them.
  var contradictions: Int {
    Set(found.keys).union(recorded.keys).count { found[$0] != recorded[$0] }
  }
}
