import ProveKeyModel
import ProveKeySealing

/// Keys that a custodian holds.
///
/// - V15. A custodian is never called while a transaction is open. Its key is made before the record
///   is written and deleted after the record is: a crash between leaves a key with the custodian that
///   the vault does not list, and never a record whose key was deleted.
extension KeyRing {
  /// The custodian's record of a key.
  func custodianRecord(
    of key: ProveKey, _ reader: RecordReader
  ) throws(VaultError) -> CustodianRecord {
    let found = try reader.content(at: reader.keys.seedLocator(key.publicKey))
    guard let found, case let record = try CustodianRecord.decode(found.bytes),
      record.name == key.custodian
    else { throw .damaged(VaultDamage(.keys, .contradictory)) }
    return record
  }

  /// Writes the record of a key that a custodian has made; one whose public half is known is refused.
  func keep(
    _ made: CustodianKey, of name: String, in scope: KeyScope, _ writer: RecordWriter
  ) throws(VaultError) -> PublicKey {
    let keys = writer.reader.keys
    let locator = keys.seedLocator(made.publicKey)
    guard !writer.reader.contains(locator) else { throw .custodian(name, .unusableKey) }
    try writer.put(
      CustodianRecord(name: name, handle: made.handle).encoded, at: locator,
      in: keys.partsNamespace(scope))
    return made.publicKey
  }

  /// The handles that the vault keeps for one custodian.
  func handles(of name: String, _ reader: RecordReader) throws(VaultError) -> [[UInt8]] {
    var handles: [[UInt8]] = []
    var left = reader.store.trusted?.rows.count ?? 0
    try reader.store.table.forEachRow { row, sealed throws(VaultError) in
      try reader.check(row)
      left -= 1
      let content = try wrapping(.using(.record)) { () throws(SealingError) in
        try reader.keys.withOpened(sealed, as: RecordReader.context(row)) { content in
          content.isEmpty || content[0] != RecordKind.custodianKey.rawValue
            ? nil : content.indices.map { content[$0] }
        }
      }
      guard let content else { return }
      let record = try CustodianRecord.decode(content)
      if record.name == name { handles.append(record.handle) }
    }
    guard left == 0 else { throw .damaged(VaultDamage(.records, .missing)) }
    return handles
  }
}
