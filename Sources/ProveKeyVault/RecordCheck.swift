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

  /// Whether it is time to check the batch.
  var isFull: Bool { rows.count >= Self.rowCount || bytes.count >= Self.byteCount }

  /// Copies one more row.
  mutating func append(_ row: RecordTable.Row, _ sealed: Span<UInt8>) {
    rows.append(row)
    bytes.append(copying: sealed)
    ends.append(bytes.count)
  }

  /// Forgets the rows and keeps their memory for the next.
  mutating func removeAll() {
    rows.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
    bytes.removeAll(keepingCapacity: true)
  }

  /// The sealed bytes of a row.
  func sealed(_ index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }

  /// Checks every row, on as many cores as there are; the findings stand in the order of the rows.
  func checked(by check: RecordCheck) throws(VaultError) -> [RecordCheck.Finding] {
    let sliceCount = 64
    let slices = (rows.count + sliceCount - 1) / sliceCount
    let done = Locked<[Result<[RecordCheck.Finding], VaultError>?]>(
      [Result<[RecordCheck.Finding], VaultError>?](repeating: nil, count: slices))
    DispatchQueue.concurrentPerform(iterations: slices) { slice in
      let range = (slice * sliceCount)..<min((slice + 1) * sliceCount, rows.count)
      let result = Result { () throws(VaultError) in
        var findings: [RecordCheck.Finding] = []
        findings.reserveCapacity(range.count)
        for index in range {
          findings.append(try check.finding(rows[index], bytes.span.extracting(sealed(index))))
        }
        return findings
      }
      done.withLock { $0[slice] = result }
    }
    var findings: [RecordCheck.Finding] = []
    findings.reserveCapacity(rows.count)
    for slice in done.withLock({ $0 }) {
      if let slice { findings += try slice.get() }
    }
    precondition(findings.count == rows.count, "a row was not checked")
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
      // A content of a later kind is sound as far as this library can tell.
      guard let (kind, content) = try keys.content(of: row, sealed) else { return .sound }
      switch kind {
      case .key: return try checkKey(content, row)
      case .storageItem, .storageUsage, .custodianKey, .database, .databaseState, .databaseRow:
        return .content(kind, content)
      case .seed, .counter, .directory: return .sound
      }
    } catch .damaged(let damage) {
      return .damage(damage)
    }
  }

  /// Holds a key's facts against where they stand and what the key needs.
  private func checkKey(
    _ content: [UInt8], _ row: RecordTable.Row
  ) throws(VaultError) -> Finding {
    let key = try KeyRecord.decode(content).key
    let seed = keys.seedLocator(key.publicKey)
    guard keys.factsLocator(key.state, key.deviceID) == row.locator,
      keys.factsNamespace(key.scope) == row.trusted.namespace,
      trusted.contains(seed),
      trusted.contains(keys.directoryLocator(key.scope))
    else { return .damage(VaultDamage(.keys, .contradictory)) }
    return .key(custodian: key.custodian, handle: seed)
  }
}
