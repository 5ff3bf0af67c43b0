import Dispatch
import ProveKeyPlatform
import ProveKeySealing

/// Rows that were copied out of the file, to be checked away from it.
struct RowBatch: Sendable {
  private(set) var rows: [RecordTable.Row] = []
  private var ends: [Int] = []
  private var bytes: [UInt8] = []

  /// Rows after which a batch is checked.
  static let rowCount = 8_192
  /// Sealed bytes after which a batch is checked.
  static let byteCount = 4 << 20
  /// Batches that may wait for their checks while more rows are read.
  static let waitingCount = 4

  /// Whether it is time to check the batch.
  var isFull: Bool { rows.count >= Self.rowCount || bytes.count >= Self.byteCount }

  /// Copies one more row.
  mutating func append(_ row: RecordTable.Row, _ sealed: Span<UInt8>) {
    rows.append(row)
    bytes.append(copying: sealed)
    ends.append(bytes.count)
  }

  /// Checks the rows of a range; the findings stand in their order.
  func checked(
    _ range: Range<Int>, by check: RecordCheck
  ) throws(VaultError) -> [RecordCheck.Finding] {
    var findings: [RecordCheck.Finding] = []
    findings.reserveCapacity(range.count)
    let bytes = bytes.span
    for index in range {
      let sealed = bytes.extracting((index == 0 ? 0 : ends[index - 1])..<ends[index])
      findings.append(try check.finding(rows[index], sealed))
    }
    return findings
  }
}

extension StoreKeys {
  /// The kind of a row and its content, which of a secret is left out; nothing for a kind that this
  /// library does not know.
  func content(
    of row: RecordTable.Row, _ sealed: Span<UInt8>
  ) throws(VaultError) -> (kind: RecordKind, bytes: [UInt8])? {
    try wrapping(.using(.record)) { () throws(SealingError) in
      // A private key is looked at no further: it stands in memory that is zeroed.
      try withOpened(sealed, as: RecordReader.context(row)) { content in
        RecordKind(ofContent: content).map { ($0, $0.isSecret ? [] : content.copied) }
      }
    }
  }
}

/// Checks a batch on as many cores as there are, while its maker goes on to the next.
final class BatchCheck: Sendable {
  let batch: RowBatch
  private let group = DispatchGroup()
  private let slices: Locked<[Result<[RecordCheck.Finding], VaultError>?]>

  /// Rows that one core takes at a time.
  private static let sliceCount = 128
  private static let queue = DispatchQueue(
    label: "prove-key-store.verification", attributes: .concurrent)

  /// Begins to check the rows of a batch.
  init(_ batch: RowBatch, _ check: RecordCheck) {
    self.batch = batch
    let starts = Array(stride(from: 0, to: batch.rows.count, by: Self.sliceCount))
    slices = Locked(
      [Result<[RecordCheck.Finding], VaultError>?](repeating: nil, count: starts.count))
    for (slice, start) in starts.enumerated() {
      Self.queue.async(group: group) { [slices] in
        let range = start..<min(start + Self.sliceCount, batch.rows.count)
        let result = Result { () throws(VaultError) in try batch.checked(range, by: check) }
        slices.withLock { $0[slice] = result }
      }
    }
  }

  /// Waits for the findings, which stand in the order of the rows.
  func findings() throws(VaultError) -> [RecordCheck.Finding] {
    group.wait()
    var findings: [RecordCheck.Finding] = []
    findings.reserveCapacity(batch.rows.count)
    for slice in slices.withLock({ $0 }) {
      if let slice { findings += try slice.get() }
    }
    precondition(findings.count == batch.rows.count, "a row was not checked")
    return findings
  }
}

/// Opens rows and checks what each says by itself: the part of a walk that cores share.
struct RecordCheck: Sendable {
  let keys: StoreKeys
  let trusted: RowTable

  /// What was found of one row.
  enum Finding: Sendable {
    /// It is as it was written, and says nothing that other rows must agree with.
    case sound
    /// It is a key's facts, and agrees with the rows that the key needs; a custodian is to hold
    /// its private half, by the record at the locator.
    case key(custodian: String?, handle: Locator)
    /// It is an item of localStorage of so many code units.
    case storageItem(codeUnits: UInt64)
    /// It opened; what it says is to be held against other rows of its role.
    case content(RecordKind, [UInt8])
    /// It is not what the vault wrote.
    case damage(VaultDamage)
  }

  /// Opens a row in passing memory and checks it.
  ///
  /// - Throws: what is no finding about the row, such as a lack of memory.
  func finding(
    _ row: RecordTable.Row, _ sealed: Span<UInt8>
  ) throws(VaultError) -> Finding {
    do throws(VaultError) {
      guard let known = trusted[row.locator] else {
        return .damage(VaultDamage(.record, .unexpected))
      }
      guard row.trusted == known else { return .damage(VaultDamage(.record, .replaced)) }
      return try checkContent(row, sealed)
    } catch .damaged(let damage) {
      return .damage(damage)
    }
  }

  private func checkContent(
    _ row: RecordTable.Row, _ sealed: Span<UInt8>
  ) throws(VaultError) -> Finding {
    var result: Result<Finding, VaultError> = .success(.sound)
    try wrapping(.using(.record)) { () throws(SealingError) in
      try keys.lendOpened(sealed, as: RecordReader.context(row)) { content in
        do throws(VaultError) {
          result = .success(try checkContent(content, row))
        } catch {
          result = .failure(error)
        }
      }
    }
    return try result.get()
  }

  private func checkContent(
    _ content: Span<UInt8>, _ row: RecordTable.Row
  ) throws(VaultError) -> Finding {
    switch RecordKind(ofContent: content) {
    case .key: return try checkKey(content, row)
    case .storageItem:
      return .storageItem(codeUnits: try StorageItemRecord.codeUnits(of: content))
    case .storageUsage: return .content(.storageUsage, content.copied)
    case .custodianKey: return .content(.custodianKey, content.copied)
    case .database: return .content(.database, content.copied)
    case .databaseState: return .content(.databaseState, content.copied)
    case .databaseRow: return .content(.databaseRow, content.copied)
    // A private key is looked at no further: it stands in memory that is zeroed. A content of a
    // later kind is sound as far as this library can tell.
    case .seed, .counter, .directory, nil: return .sound
    }
  }

  /// Holds a key's facts against where they stand and what the key needs.
  private func checkKey(
    _ content: Span<UInt8>, _ row: RecordTable.Row
  ) throws(VaultError) -> Finding {
    let key = try KeyRecord.decode(content, expecting: nil, nil).record.key
    let seed = keys.seedLocator(key.publicKey)
    guard keys.factsLocator(key.state, key.deviceID) == row.locator,
      keys.factsNamespace(key.scope) == row.trusted.namespace,
      trusted.contains(seed),
      trusted.contains(keys.directoryLocator(key.scope))
    else { return .damage(VaultDamage(.keys, .contradictory)) }
    return .key(custodian: key.custodian, handle: seed)
  }
}
