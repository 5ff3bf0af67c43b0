import ProveKeyModel
import ProveKeySealing

/// The keys role of a vault over its records; kept under the vault's lock.
///
/// Invariants, cited by number elsewhere:
/// - V8. A scope has at most one pending key, and a device id names keys of one scope only: at most
///   one placed and one pending.
/// - V9. A placed key is replaced or removed together with its secret and counter, in one
///   transaction: no secret is left without a key and no key without its secret.
/// - V10. No counter value is given out twice for a key: values are reserved in a durable record
///   before the first of them is used, and what was reserved is never used after reopening.
/// - V11. A private key is in guarded memory or sealed, never elsewhere.
/// - V12. What is kept in memory is used only as long as the set it came from is the trusted one.
final class KeyRing {
  let store: RecordStore
  /// The localStorage role over the same records.
  let shelf: StorageShelf
  /// The database role over the same records.
  let databases: DatabaseShelf
  private var placed = RecencyCache<ProveKey.Facts>(capacity: VaultLimits.cachedKeys)
  private var pending = RecencyCache<ProveKey.Facts>(capacity: VaultLimits.cachedKeys / 4)
  private var directories = RecencyCache<CachedPair<KeyScope, ScopeDirectory>>(
    capacity: VaultLimits.cachedScopes)
  /// Scopes by the namespace of their facts.
  private var scopes = RecencyCache<CachedPair<Locator, KeyScope>>(
    capacity: VaultLimits.cachedScopes)
  var signers = RecencyCache<CachedPair<PublicKey, Signer>>(capacity: VaultLimits.cachedSigners)
  var assertionState: (generation: UInt64, state: KeyAssertion.VaultState)?
  /// What is to be done for the keys that were deleted, when that is durable.
  private var aftermath = Aftermath()
  private var verifications: UInt64 = 0

  init(_ store: RecordStore) {
    self.store = store
    shelf = StorageShelf(store)
    databases = DatabaseShelf(store)
  }

  // MARK: Transactions

  /// Runs `body` on the trusted set.
  func reading<R>(
    _ body: (RecordReader) throws(VaultError) -> R
  ) throws(VaultError) -> R {
    try store.reading { reader throws(VaultError) in
      forgetUnlessTrusted()
      return try body(reader)
    }
  }

  /// Runs `body` in one transaction; when nothing of it is durable, nothing that was kept is kept any
  /// longer.
  func committing<R>(
    _ body: (RecordWriter) throws(VaultError) -> R
  ) throws(VaultError) -> Commit<R> {
    do throws(VaultError) {
      return try store.committing { writer throws(VaultError) in
        forgetUnlessTrusted()
        return try body(writer)
      }
    } catch {
      forgetAll()
      aftermath = Aftermath()
      throw error
    }
  }

  /// As ``committing(_:)``; the anchor's error is thrown.
  func writing<R>(
    _ body: (RecordWriter) throws(VaultError) -> R
  ) throws(VaultError) -> R {
    try committing(body).get()
  }

  /// What deleted keys leave to be done.
  struct Aftermath {
    /// Whether a secret was deleted, so that the log is to be emptied of it (V9).
    var hasDeletedSecrets = false
    /// The records of keys that custodians are to delete (V15).
    var released: [CustodianRecord] = []
  }

  /// What is to be done since this was asked last.
  func takeAftermath() -> Aftermath {
    defer { aftermath = Aftermath() }
    return aftermath
  }

  /// Forgets what was kept from a set that another one has replaced (V12).
  private func forgetUnlessTrusted() {
    guard verifications != store.verifications else { return }
    forgetAll()
    verifications = store.verifications
  }

  private func forgetAll() {
    placed.removeAll()
    pending.removeAll()
    directories.removeAll()
    signers.removeAll()
    assertionState = nil
  }

  // MARK: Records

  /// The placed key of an id, else the pending one.
  func key(_ id: DeviceID) throws(VaultError) -> ProveKey? {
    // The hot path: nothing has to be asked of the file, and nothing is allocated.
    let isSettled = store.isSettled && verifications == store.verifications
    if isSettled, let kept = placed.entry(for: id) { return ProveKey(kept) }
    return try reading { reader throws(VaultError) in
      // What was not kept just now need not be searched again.
      let placed =
        try isSettled ? keepingRecord(.placed, id, reader) : record(.placed, id, reader)
      if let placed { return placed.key }
      return try record(.pending, id, reader)?.key
    }
  }

  /// The key with this id in this state.
  func record(
    _ state: ProveKey.State, _ id: DeviceID, _ reader: RecordReader
  ) throws(VaultError) -> KeyRecord? {
    let kept = state == .placed ? placed.entry(for: id) : pending.entry(for: id)
    if let kept { return KeyRecord(key: ProveKey(kept)) }
    return try keepingRecord(state, id, reader)
  }

  /// The key with this id in this state, as the file has it; it is kept.
  private func keepingRecord(
    _ state: ProveKey.State, _ id: DeviceID, _ reader: RecordReader
  ) throws(VaultError) -> KeyRecord? {
    guard let record = try readRecord(state, id, reader) else { return nil }
    keep(record)
    return record
  }

  /// The key with this id in this state, as the file has it.
  func readRecord(
    _ state: ProveKey.State, _ id: DeviceID, _ reader: RecordReader
  ) throws(VaultError) -> KeyRecord? {
    let locator = reader.keys.factsLocator(state, id)
    return try reader.withContent(at: locator) { content, namespace throws(VaultError) in
      let (record, isOfID, isOfScope) = try KeyRecord.decode(
        content, expecting: id, scopes.value(for: namespace))
      // What the record says of itself must be what it was found by.
      guard isOfID, record.key.state == state,
        isOfScope || hasFacts(record.key.scope, in: namespace)
      else { throw .damaged(VaultDamage(.keys, .contradictory)) }
      return record
    }
  }

  /// Whether the namespace is the one of the scope's facts; it is remembered then.
  private func hasFacts(_ scope: KeyScope, in namespace: Locator) -> Bool {
    guard store.keys.factsNamespace(scope) == namespace else { return false }
    scopes.insert(scope, for: namespace)
    return true
  }

  /// The placed key of an id, else the pending one.
  func record(_ id: DeviceID, _ reader: RecordReader) throws(VaultError) -> KeyRecord? {
    if let placed = try record(.placed, id, reader) { return placed }
    return try record(.pending, id, reader)
  }

  /// The directory of a scope.
  func directory(
    _ scope: KeyScope, _ reader: RecordReader
  ) throws(VaultError) -> ScopeDirectory {
    if let kept = directories.value(for: scope) { return kept }
    let found = try reader.content(at: reader.keys.directoryLocator(scope))
    guard let (bytes, _) = found else { return ScopeDirectory() }
    let directory = try ScopeDirectory.decode(bytes)
    directories.insert(directory, for: scope)
    return directory
  }

  /// All keys of a scope, those placed or confirmed last first.
  func records(
    in scope: KeyScope, _ reader: RecordReader
  ) throws(VaultError) -> [KeyRecord] {
    var records: [KeyRecord] = []
    try reader.forEachContent(in: reader.keys.factsNamespace(scope)) { bytes throws(VaultError) in
      records.append(try KeyRecord.decode(bytes))
    }
    return records.sorted { $0.sequence > $1.sequence }
  }

  /// Writes a key's facts.
  func put(_ record: KeyRecord, _ writer: RecordWriter) throws(VaultError) {
    let keys = writer.reader.keys
    try writer.put(
      record.encoded, at: keys.factsLocator(record.key.state, record.key.deviceID),
      in: keys.factsNamespace(record.key.scope))
    keep(record)
  }

  /// Writes a scope's directory; an empty one is none.
  func put(
    _ directory: ScopeDirectory, of scope: KeyScope, _ writer: RecordWriter
  ) throws(VaultError) {
    let keys = writer.reader.keys
    if directory.isEmpty {
      try writer.delete(at: keys.directoryLocator(scope))
      directories.remove(scope)
    } else {
      try writer.put(
        directory.encoded, at: keys.directoryLocator(scope), in: keys.partsNamespace(scope))
      directories.insert(directory, for: scope)
    }
  }

  /// Deletes a key's facts and, unless another state of the same key goes on, its secret (V9).
  func delete(
    _ record: KeyRecord, keepingSecret: Bool = false, _ writer: RecordWriter
  ) throws(VaultError) {
    let keys = writer.reader.keys
    let key = record.key
    try writer.delete(at: keys.factsLocator(key.state, key.deviceID))
    switch key.state {
    case .placed: placed.remove(key.deviceID)
    case .pending: pending.remove(key.deviceID)
    }
    guard !keepingSecret else { return }
    if key.custodian != nil {
      aftermath.released.append(try custodianRecord(of: key, writer.reader))
    }
    aftermath.hasDeletedSecrets = true
    try writer.delete(at: keys.seedLocator(key.publicKey))
    try writer.delete(at: keys.counterLocator(key.publicKey))
    signers.remove(key.publicKey)
    writer.changeKeyCount(by: -1)
  }

  private func keep(_ record: KeyRecord) {
    switch record.key.state {
    case .placed: placed.insert(record.key.facts)
    case .pending: pending.insert(record.key.facts)
    }
  }
}
