import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import SQLiteDatabase

/// Writes what was saved of a damaged vault into a new one.
struct SalvageWriter {
  private let harvest: SalvageHarvest
  private let source: SalvageSource
  private let store: RecordStore

  /// Records that are written in one transaction.
  private static let batchCount = 256
  private static let batchByteCount = 4 << 20

  /// Makes the new vault at `target`, verifies it, and leaves nothing there when that fails.
  static func write(
    _ harvest: SalvageHarvest, of source: SalvageSource, to target: String, _ unlock: UnlockMethod
  ) throws(VaultError) {
    let store = try RecordStore.open(at: target, unlock, .exclusive, .create)
    do throws(VaultError) {
      let writer = SalvageWriter(harvest: harvest, source: source, store: store)
      store.trusted?.begin(at: writer.firstGeneration)
      try writer.writeKeys()
      try writer.writeRows()
      let report = try store.reading { reader throws(VaultError) in
        try VaultVerification.run(reader)
      }
      if let problem = report.problems.first { throw .damaged(problem) }
      try store.close()
    } catch {
      // The failure that led here is the one to tell; a part that stays was never said to be whole.
      try? store.close()
      for suffix in ["", "-wal", "-shm", "-journal"] {
        try? DurableFile(path: target + suffix).remove()
      }
      throw error
    }
  }

  /// The old vault's generation when all of it is here; else one that every server has seen long
  /// since, yet no lower than the sequence of any key.
  private var firstGeneration: UInt64 {
    harvest.isWhole ? harvest.generation : UInt64(harvest.keys.count)
  }

  // MARK: Keys

  private func writeKeys() throws(VaultError) {
    // Those that came first are written first: their order is what "last" is told by.
    let inOrder = Array(harvest.keys.reversed())
    for start in stride(from: 0, to: inOrder.count, by: Self.batchCount) {
      let end = min(start + Self.batchCount, inOrder.count)
      try store.writing { writer throws(VaultError) in
        for index in start..<end {
          try write(inOrder[index], number: UInt64(index + 1), writer)
        }
      }
    }
    var directories: [KeyScope: ScopeDirectory] = [:]
    for record in inOrder {
      switch record.key.state {
      case .placed: directories[record.key.scope, default: .init()].current = record.key.deviceID
      case .pending: directories[record.key.scope, default: .init()].pending = record.key.deviceID
      }
    }
    guard !directories.isEmpty else { return }
    try store.writing { writer throws(VaultError) in
      let keys = writer.reader.keys
      for (scope, directory) in directories {
        try writer.put(
          directory.encoded, at: keys.directoryLocator(scope), in: keys.partsNamespace(scope))
      }
    }
  }

  private func write(
    _ record: KeyRecord, number: UInt64, _ writer: RecordWriter
  ) throws(VaultError) {
    let keys = writer.reader.keys
    let key = record.key
    let sequence = harvest.isWhole ? record.sequence : number
    try writer.put(
      KeyRecord(key: key, sequence: sequence).encoded,
      at: keys.factsLocator(key.state, key.deviceID), in: keys.factsNamespace(key.scope))
    let seedLocator = keys.seedLocator(key.publicKey)
    // A placed and a pending key of one id are two; only their facts can share a seed.
    guard !writer.reader.contains(seedLocator) else { return }
    let parts = keys.partsNamespace(key.scope)
    if key.custodian != nil {
      let handle = try source.content(at: source.keys.seedLocator(key.publicKey))
      try writer.put(handle, at: seedLocator, in: parts)
    } else {
      try writer.putSecret(try seed(of: key).bytes, at: seedLocator, in: parts)
    }
    if let reserved = reservedCounter(of: key.publicKey) {
      try writer.put(
        CounterRecord(reserved: reserved).encoded, at: keys.counterLocator(key.publicKey),
        in: keys.partsNamespace(key.scope))
    }
    writer.changeKeyCount(by: 1)
  }

  private func seed(of key: ProveKey) throws(VaultError) -> SecretBox {
    try source.withRow(at: source.keys.seedLocator(key.publicKey)) {
      row, sealed throws(VaultError) in
      try wrapping(.using(.record)) { () throws(SealingError) in
        SecretBox(try source.keys.openSecret(sealed, as: RecordReader.context(row)))
      }
    }
  }

  /// The value above which a key's counter goes on (V10).
  ///
  /// Each transaction reserves at most one block, so that no key can have had more values than the
  /// vault had generations, times a block: this holds also when the counter's record is lost or old.
  private func reservedCounter(of key: PublicKey) -> UInt64? {
    let recorded = harvest.counters[key]
    if harvest.isWhole { return recorded }
    let (bound, overflow) = harvest.generation.multipliedReportingOverflow(
      by: VaultLimits.counterBlock)
    return max(recorded ?? 0, overflow ? UInt64.max / 2 : bound)
  }

  // MARK: Storage and databases

  /// Walks over the rows a second time and writes those of both roles as they come.
  private func writeRows() throws(VaultError) {
    var usages: [String: StorageUsageRecord] = [:]
    var stores = try SalvageStores(harvest, from: source.keys, to: store.keys)
    var batch: [SalvagedRecord] = []
    var byteCount = 0
    source.losses.isRepeated = true
    try source.forEachRow { row, sealed throws(VaultError) in
      var saved: SalvagedRecord?
      do throws(VaultError) {
        switch try source.keys.content(of: row, sealed) {
        case (.storageItem, let content)?: saved = try item(row, content, &usages)
        case (.databaseRow, let content)?: saved = try stores.record(of: row, content)
        default: return
        }
      } catch .damaged(let damage) where damage.finding == .contradictory {
        return source.losses.note(damage, isNew: true)
      } catch .damaged {
        return  // it did not open the first time either
      }
      guard let saved else { return }
      byteCount += saved.content.count
      batch.append(saved)
      guard batch.count >= Self.batchCount || byteCount >= Self.batchByteCount else { return }
      try write(batch)
      (batch, byteCount) = ([], 0)
    }
    try write(batch)
    for usage in usages.values {
      batch = [
        SalvagedRecord(
          content: usage.encoded, locator: store.keys.storageUsageLocator(usage.origin),
          namespace: store.keys.storageUsagesNamespace)
      ]
      try write(batch)
    }
    try write(try stores.summaries(generation: (store.trusted?.state.generation ?? 0) + 1))
  }

  /// An item as it shall stand in the new vault, added to its origin's usage (L1, L2).
  private func item(
    _ row: RecordTable.Row, _ content: [UInt8], _ usages: inout [String: StorageUsageRecord]
  ) throws(VaultError) -> SalvagedRecord? {
    guard let origin = harvest.storage[row.trusted.namespace]?.origin else { return nil }
    let item = try StorageItemRecord.decode(content)
    guard source.keys.storageItemLocator(origin, item.key) == row.locator else {
      throw .damaged(VaultDamage(.storage, .contradictory))
    }
    usages[origin, default: StorageUsageRecord(origin: origin)].items += 1
    usages[origin, default: StorageUsageRecord(origin: origin)].codeUnits += item.codeUnits
    return SalvagedRecord(
      content: content, locator: store.keys.storageItemLocator(origin, item.key),
      namespace: store.keys.storageItemsNamespace(origin))
  }

  private func write(_ batch: [SalvagedRecord]) throws(VaultError) {
    guard !batch.isEmpty else { return }
    try store.writing { writer throws(VaultError) in
      for record in batch {
        try writer.put(record.content, at: record.locator, in: record.namespace)
      }
    }
  }
}
