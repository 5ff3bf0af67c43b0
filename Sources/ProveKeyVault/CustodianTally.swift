import ProveKeySealing

/// What a walk over all records finds of the keys that custodians hold: who shall hold each key, to
/// be held against the handles.
struct CustodianTally {
  private var expected: [Locator: String] = [:]
  private var found: [Locator: String] = [:]

  /// Notes that a key's facts name a custodian whose handle stands at `locator`.
  mutating func expect(_ custodian: String, at locator: Locator) {
    expected[locator] = custodian
  }

  /// Notes the record of a handle.
  mutating func note(_ content: [UInt8], _ row: RecordTable.Row) throws(VaultError) {
    found[row.locator] = try CustodianRecord.decode(content).name
  }

  /// How many keys do not have the handle that their facts speak of.
  var contradictions: Int {
    expected.count { found[$0.key] != $0.value }
  }
}
