import ProveKeyModel
public import ProveKeySealing

/// Keeps, in 256 buckets, sealed digests of which registrations and events a store holds.
///
/// A row that is altered, swapped or moved does not open; a row that was deleted, or put back as it
/// was earlier, opens very well. The digests show it: each is the keyed sum of its bucket's rows
/// (MSet-Add-Hash; `SetDigest`), with their count, sealed under the root key, and changes in the
/// same transaction as the rows (G10). A bucket holds what begins with one byte of the device
/// locator, so that writers of different registrations seldom meet; they lock buckets in
/// ascending order.
public struct SetLedger: Sendable {
  private let keys: StoreKeys

  /// Makes the ledger of a store.
  public init(keys: StoreKeys) {
    self.keys = keys
  }

  /// The digests of an empty store.
  /// - Throws: ``RegistryError/unlock(_:)``.
  public func empty() throws(RegistryError) -> [StoredDigest] {
    var rows: [StoredDigest] = []
    for bucket in UInt8.min...UInt8.max {
      rows.append(try seal(BucketContent(), bucket, version: 1))
    }
    return rows
  }

  /// What a batch changes.
  /// - Throws: ``RegistryError/damaged(table:)`` when a row of it is no sealed record.
  public func changes(of batch: [RegistryWrite]) throws(RegistryError) -> SetChanges {
    var changes = SetChanges()
    for write in batch {
      switch write {
      case .insert(let row): try add(row, to: &changes)
      case .update(let row, let before):
        try subtract(before, from: &changes)
        try add(row, to: &changes)
      case .remove(let row): try subtract(row, from: &changes)
      case .append(let event): try add(event, to: &changes)
      case .put, .redact, .removeItem: break
      }
    }
    return changes
  }

  /// The digest row after a batch's changes to its bucket.
  /// - Parameter row: the row of one of the changes' buckets, read under its lock.
  /// - Throws: ``RegistryError/damaged(table:)`` when it was altered.
  public func applying(
    _ changes: SetChanges, to row: StoredDigest
  ) throws(RegistryError) -> StoredDigest {
    guard let change = changes.byBucket[row.bucket] else { return row }
    var content = try open(row)
    guard content.registrations.apply(change.registrations), content.events.apply(change.events)
    else { throw .damaged(table: "bucket") }
    return try seal(content, row.bucket, version: row.version + 1)
  }

  // MARK: What a verification sums up anew

  /// Adds a registration to a sum over all rows.
  package func add(_ row: StoredRegistration, to changes: inout SetChanges) throws(RegistryError) {
    let element = try element(row.device, row.version, row.sealed, table: "registration")
    changes.byBucket[row.device.bucket, default: .init()].registrations.add(element)
  }

  /// Adds an event to a sum over all rows.
  package func add(_ event: StoredEvent, to changes: inout SetChanges) throws(RegistryError) {
    let element = try element(event.device, event.sequence, event.sealed, table: "event")
    changes.byBucket[event.device.bucket, default: .init()].events.add(element)
  }

  /// The digests that a store with exactly these rows has, to be compared or to begin with.
  package func rows(of changes: SetChanges) throws(RegistryError) -> [StoredDigest] {
    var rows: [StoredDigest] = []
    for row in try empty() { rows.append(try applying(changes, to: row)) }
    return rows
  }

  /// Whether two digest rows of one bucket speak of the same rows.
  package func agree(_ left: StoredDigest, _ right: StoredDigest) throws(RegistryError) -> Bool {
    try open(left) == open(right)
  }

  private func subtract(
    _ row: StoredRegistration, from changes: inout SetChanges
  ) throws(RegistryError) {
    let element = try element(row.device, row.version, row.sealed, table: "registration")
    changes.byBucket[row.device.bucket, default: .init()].registrations.subtract(element)
  }

  private func element(
    _ device: Locator, _ version: UInt64, _ sealed: [UInt8], table: String
  ) throws(RegistryError) -> SetDigest {
    do {
      let commitment = try SealedRecord.commitmentValue(of: sealed.span)
      return commitment.withBytes { bytes in
        keys.setElement(locator: device, version: version, commitment: bytes)
      }
    } catch { throw RegistryError(error, table: table) }
  }

  // MARK: The sealed row

  private func seal(
    _ content: BucketContent, _ bucket: UInt8, version: UInt64
  ) throws(RegistryError) -> StoredDigest {
    do {
      let sealed = try keys.sealState(content.encoded.span, as: context(bucket, version))
      return StoredDigest(bucket: bucket, version: version, sealed: sealed)
    } catch { throw RegistryError(error, table: "bucket") }
  }

  private func open(_ row: StoredDigest) throws(RegistryError) -> BucketContent {
    let bytes: [UInt8]
    do { bytes = try keys.openState(row.sealed.span, as: context(row.bucket, row.version)) } catch {
      throw RegistryError(error, table: "bucket")
    }
    guard let content = BucketContent(decoding: bytes) else { throw .damaged(table: "bucket") }
    return content
  }

  private func context(_ bucket: UInt8, _ version: UInt64) -> RecordContext {
    RecordContext(
      table: "bucket", locator: keys.locator("bucket", String(bucket)), version: version)
  }
}

/// What a batch, or several, change in the set digests.
public struct SetChanges: Sendable {
  fileprivate struct Bucket {
    var registrations = SetSum()
    var events = SetSum()
  }

  fileprivate var byBucket: [UInt8: Bucket] = [:]

  /// No change.
  public init() {}

  /// The buckets that change, ascending: the order in which they are to be locked.
  public var buckets: [UInt8] { byBucket.keys.sorted() }

  /// Adds the changes of another batch of the same transaction.
  public mutating func merge(_ other: SetChanges) {
    for (bucket, change) in other.byBucket {
      byBucket[bucket, default: .init()].registrations.merge(change.registrations)
      byBucket[bucket, default: .init()].events.merge(change.events)
    }
  }
}

/// A sum of elements and how many there are; as a change, the count may be negative.
private struct SetSum: Equatable {
  var count: Int64 = 0
  var sum = SetDigest.zero

  mutating func add(_ element: SetDigest) {
    count += 1
    sum.add(element)
  }

  mutating func subtract(_ element: SetDigest) {
    count -= 1
    sum.subtract(element)
  }

  mutating func merge(_ other: SetSum) {
    count += other.count
    sum.add(other.sum)
  }

  /// Applies a change; false when fewer than no rows would be left.
  mutating func apply(_ change: SetSum) -> Bool {
    merge(change)
    return count >= 0
  }
}

/// What a bucket's row holds: layout 1, then of registrations and of events a count 8 and a sum 32.
private struct BucketContent: Equatable {
  var registrations = SetSum()
  var events = SetSum()

  init() {}

  var encoded: [UInt8] {
    var writer = ByteWriter(reservingCapacity: 96)
    writer.write(UInt8(1))
    for sum in [registrations, events] {
      writer.write(sum.count)
      writer.writeFixed(sum.sum.bytes)
    }
    return writer.bytes
  }

  init?(decoding bytes: [UInt8]) {
    var reader = ByteReader(bytes)
    do {
      guard try reader.read(UInt8.self, "layout") == 1 else { return nil }
      for path in [\BucketContent.registrations, \BucketContent.events] {
        let count = try reader.read(Int64.self, "count")
        guard count >= 0, let sum = SetDigest(try reader.readFixed(32, "sum")) else { return nil }
        self[keyPath: path] = SetSum(count: count, sum: sum)
      }
      try reader.finish()
    } catch { return nil }  // the caller reports damage of the row
  }
}

extension Locator {
  /// The bucket of the set digests that a device's rows belong to.
  var bucket: UInt8 { UInt8(high >> 56) }
}
