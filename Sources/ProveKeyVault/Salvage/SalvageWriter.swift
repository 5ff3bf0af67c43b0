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

  /// The old vault's generation when all of it is here; else one that the old one cannot have come
  /// to (V16).
  private var firstGeneration: UInt64 {
    guard !harvest.isWhole else { return harvest.generation }
    let (room, overflow) = harvest.generation.addingReportingOverflow(
      VaultLimits.salvagedGenerations)
    return overflow ? UInt64.max : room
  }

  // MARK: Keys

  private func writeKeys() throws(VaultError) {
    // Those that came first are written first: their order is what "last" is told by.
    let inOrder = Array(harvest.keys.reversed())
    for start in stride(from: 0, to: inOrder.count, by: Self.batchCount) {
      let end = min(start + Self.batchCount, inOrder.count)
      try store.writing { writer throws(VaultError) in
        for record in inOrder[start..<end] { try write(record, writer) }
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

  private func write(_ record: KeyRecord, _ writer: RecordWriter) throws(VaultError) {
    let keys = writer.reader.keys
    let key = record.key
    let saved = KeyRecord(
      key: key.with(
        sequence: record.sequence, isSalvaged: record.isSalvaged || !harvest.isWhole))
    try writer.put(
      saved.encoded, at: keys.factsLocator(key.state, key.deviceID),
      in: keys.factsNamespace(key.scope))
    let seedLocator = keys.seedLocator(key.publicKey)
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
  /// vault had generations, times a block: this holds also when the counter's record is lost or old,
  /// and of a vault that was salvaged before.
  private func reservedCounter(of key: PublicKey) -> UInt64? {
    let recorded = harvest.counters[key]
    if harvest.isWhole { return recorded }
    let (bound, overflow) = firstGeneration.multipliedReportingOverflow(
      by: VaultLimits.counterBlock)
    return max(recorded ?? 0, overflow ? UInt64.max / 2 : bound)
  }

  // MARK: Storage and databases

  /// Walks over the rows once more and writes those of both roles as they come.
  private func writeRows() throws(VaultError) {
    var fitting = try SalvageFitting(harvest, to: store.keys)
    var batch: [SalvagedRecord] = []
    var byteCount = 0
    try source.forEachRow { row, sealed throws(VaultError) in
      var saved: SalvagedRecord?
      do throws(VaultError) {
        saved = try fitting.record(of: row, sealed)
      } catch .damaged {
        return  // the harvest has told it
      }
      guard let saved else { return }
      byteCount += saved.content.count
      batch.append(saved)
      guard batch.count >= Self.batchCount || byteCount >= Self.batchByteCount else { return }
      try write(batch)
      (batch, byteCount) = ([], 0)
    }
    try write(batch)
    for usage in fitting.usages.values {
      batch = [
        SalvagedRecord(
          content: usage.encoded, locator: store.keys.storageUsageLocator(usage.origin),
          namespace: store.keys.storageUsagesNamespace)
      ]
      try write(batch)
    }
    let generation = (store.trusted?.state.generation ?? 0) + 1
    try write(try fitting.stores.summaries(generation: generation))
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
