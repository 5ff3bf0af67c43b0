import ProveKeySealing

/// What the vault knows of a row without reading it.
struct TrustedRow: Equatable {
  let namespace: Locator
  let version: UInt64
  /// Whose data key sealed it.
  let epoch: UInt32
  let commitment: SealedRecord.Commitment
}

/// All rows as the sealed state vouched for them, held in memory.
///
/// It answers what is absent, and says which version of a row is the true one (V4).
struct TrustedSet {
  /// The state; its sum and count are always those of ``rows``.
  private(set) var state: SetState
  /// The sealed bytes from which the state was opened, or as which it was written.
  var sealedState: [UInt8]
  private(set) var rows = RowTable()
  private var namespaceCounts: [Locator: Int] = [:]
  private var epochCounts: [UInt32: Int] = [:]

  /// Begins with no rows.
  init(state: SetState, sealedState: [UInt8]) {
    self.state = state
    self.sealedState = sealedState
    self.state.count = 0
    self.state.sum = .zero
    // As many as there should be, unless somebody says there are more than a vault may have.
    rows.reserve(Int(clamping: min(state.count, UInt64(VaultLimits.recordsPerVault))))
  }

  /// How many rows a namespace has.
  func count(in namespace: Locator) -> Int { namespaceCounts[namespace] ?? 0 }

  /// How many rows an epoch's data key has sealed: the proof that is asked for before the key goes.
  func count(ofEpoch epoch: UInt32) -> Int { epochCounts[epoch] ?? 0 }

  /// Makes `row` the row of `locator`, or takes that row away; returns the one before.
  @discardableResult
  mutating func set(
    _ row: TrustedRow?, at locator: Locator, _ keys: StoreKeys
  ) -> TrustedRow? {
    let before: TrustedRow?
    if let row {
      before = rows.set(row, at: locator)
      state.sum.add(keys.element(locator, row))
      state.count += 1
      namespaceCounts[row.namespace, default: 0] += 1
      epochCounts[row.epoch, default: 0] += 1
    } else {
      before = rows.remove(locator)
    }
    if let before {
      state.sum.subtract(keys.element(locator, before))
      state.count -= 1
      let left = count(in: before.namespace) - 1
      namespaceCounts[before.namespace] = left == 0 ? nil : left
      let leftOfEpoch = count(ofEpoch: before.epoch) - 1
      epochCounts[before.epoch] = leftOfEpoch == 0 ? nil : leftOfEpoch
    }
    return before
  }

  /// Counts keys that came or went.
  mutating func changeKeyCount(by change: Int) {
    let count = Int(state.keyCount) + change
    precondition(count >= 0, "more keys were removed than there were")
    state.keyCount = UInt64(count)
  }

  /// Moves on to the generation of a new transaction.
  mutating func advance() { state.generation += 1 }

  /// Begins with the generation of the vault that this one takes the place of.
  mutating func begin(at generation: UInt64) {
    precondition(rows.isEmpty, "only a vault without rows may choose its generation")
    state.generation = max(generation, 1)
  }

  /// Names another header or other data keys (V5).
  mutating func setHeader(hash: [UInt8], minimumEpoch: UInt32) {
    state.headerHash = hash
    state.minimumEpoch = minimumEpoch
  }

  /// Puts the state back as it was, after the rows have been.
  mutating func restore(_ before: SetState) {
    precondition(before.count == UInt64(rows.count), "the rows are not as they were")
    state = before
  }
}

extension StoreKeys {
  /// What a row adds to the set's sum: locator, version, commitment and namespace (V2).
  ///
  /// The namespace is in it because a row that was moved to another one would otherwise be missing
  /// from its own until someone opens it.
  func element(_ locator: Locator, _ row: TrustedRow) -> SetDigest {
    var bytes = InlineArray<48, UInt8>(repeating: 0)
    row.commitment.withBytes { part in
      for index in 0..<32 { bytes[index] = part[index] }
    }
    row.namespace.withBytes { part in
      for index in 0..<16 { bytes[32 + index] = part[index] }
    }
    return setElement(locator: locator, version: row.version, commitment: bytes.span)
  }
}
