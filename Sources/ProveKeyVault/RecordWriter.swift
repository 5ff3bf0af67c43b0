import ProveKeySealing
import SQLiteDatabase

/// Writes records in the one transaction of `RecordStore.writing`.
final class RecordWriter {
  /// What a write has done to the trusted set, so that it can be undone.
  struct Change {
    let locator: Locator
    let before: TrustedRow?
  }

  /// Reads what is there, the writes of this transaction included.
  let reader: RecordReader
  /// The generation that this transaction makes, and the version of every row it writes (V3).
  let generation: UInt64
  private(set) var changes: [Change] = []
  private var hasNewHeader = false
  private let store: RecordStore

  init(store: RecordStore, generation: UInt64) throws(VaultError) {
    // A version is a positive integer of SQLite.
    guard generation < UInt64(Int64.max) else { throw .damaged(VaultDamage(.state, .malformed)) }
    self.store = store
    self.generation = generation + 1
    reader = RecordReader(store: store)
  }

  /// Writes a record in the place of any other at `locator`.
  func put(_ content: [UInt8], at locator: Locator, in namespace: Locator) throws(VaultError) {
    let place = RecordReader.context(locator, version: generation, namespace: namespace)
    let sealed = try wrapping(.using(.record)) { () throws(SealingError) in
      try store.keys.seal(content.span, as: place)
    }
    try write(sealed, at: locator, in: namespace)
  }

  /// Writes a record whose content is secret.
  func putSecret(
    _ content: borrowing SecretBytes, at locator: Locator, in namespace: Locator
  ) throws(VaultError) {
    let place = RecordReader.context(locator, version: generation, namespace: namespace)
    let sealed: [UInt8]
    do throws(SealingError) {
      sealed = try store.keys.sealSecret(content, as: place)
    } catch {
      throw VaultError(sealing: error, .using(.record))
    }
    try write(sealed, at: locator, in: namespace)
  }

  /// Seals a record anew, as it stands, under the current data key.
  /// - Returns: its sealed bytes' count; nothing when there is no such record.
  func reseal(at locator: Locator) throws(VaultError) -> Int? {
    let made = try reader.withSealed(at: locator) { row, sealed throws(VaultError) in
      let namespace = row.trusted.namespace
      let place = RecordReader.context(locator, version: generation, namespace: namespace)
      return (try resealed(sealed, RecordReader.context(row), place), namespace)
    }
    guard let (sealed, namespace) = made else { return nil }
    try write(sealed, at: locator, in: namespace)
    return sealed.count
  }

  /// Moves a content from one envelope into another; it may be a private key (V11).
  private func resealed(
    _ sealed: Span<UInt8>, _ before: RecordContext, _ after: RecordContext
  ) throws(VaultError) -> [UInt8] {
    do throws(SealingError) {
      if sealed.count <= VaultLimits.guardedRecordByteCount {
        return try store.keys.sealSecret(try store.keys.openSecret(sealed, as: before), as: after)
      }
      // No private key is as long, and locked memory is scarce: zeroed memory will do.
      let result = try store.keys.withOpened(sealed, as: before) { content in
        Result { () throws(SealingError) in try store.keys.seal(content, as: after) }
      }
      return try result.get()
    } catch {
      throw VaultError(sealing: error, .using(.record))
    }
  }

  /// Deletes a record; deleting what is not there changes nothing.
  func delete(at locator: Locator) throws(VaultError) {
    guard reader.contains(locator) else { return }
    let wasThere = try wrapping { () throws(DatabaseError) in
      try store.table.delete(at: locator)
    }
    guard wasThere else { throw .damaged(VaultDamage(.record, .missing)) }
    note(nil, at: locator)
  }

  /// Whether the transaction has changed anything that the state must tell.
  var hasWritten: Bool { hasNewHeader || !changes.isEmpty }

  /// Writes header and sealed data keys anew; the state names them from now on (V5).
  func replace(_ tables: HeaderTables, minimumEpoch: UInt32) throws(VaultError) {
    try wrapping { () throws(DatabaseError) in try tables.write(to: store.connection) }
    store.trusted?.setHeader(hash: tables.hash, minimumEpoch: minimumEpoch)
    hasNewHeader = true
  }

  /// Counts keys that came or went.
  func changeKeyCount(by change: Int) {
    store.trusted?.changeKeyCount(by: change)
  }

  private func write(
    _ sealed: [UInt8], at locator: Locator, in namespace: Locator
  ) throws(VaultError) {
    let isNew = !reader.contains(locator)
    if isNew, let count = store.trusted?.rows.count, count >= VaultLimits.recordsPerVault {
      throw .tooManyKeys
    }
    let row = try wrapping(.using(.record)) { () throws(SealingError) in
      RecordTable.Row(
        locator: locator,
        trusted: TrustedRow(
          namespace: namespace, version: generation,
          epoch: try SealedRecord.epoch(of: sealed.span),
          commitment: try SealedRecord.commitmentValue(of: sealed.span)))
    }
    let isDone = try wrapping { () throws(DatabaseError) in
      try store.table.write(row, sealed, replacing: !isNew)
    }
    guard isDone else { throw .damaged(VaultDamage(.record, .missing)) }
    note(row.trusted, at: locator)
  }

  private func note(_ row: TrustedRow?, at locator: Locator) {
    let before = store.trusted?.set(row, at: locator, store.keys) ?? nil
    changes.append(Change(locator: locator, before: before))
  }
}
