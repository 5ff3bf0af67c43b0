import ProveKeySealing

/// What the vault knows of a row without reading it.
struct TrustedRow: Equatable {
  let namespace: Locator
  let version: UInt64
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
  private(set) var rows: [Locator: TrustedRow] = [:]
  private var namespaceCounts: [Locator: Int] = [:]

  /// Begins with no rows.
  init(state: SetState, sealedState: [UInt8]) {
    self.state = state
    self.sealedState = sealedState
    self.state.count = 0
    self.state.sum = .zero
  }

  /// How many rows a namespace has.
  func count(in namespace: Locator) -> Int { namespaceCounts[namespace] ?? 0 }

  /// Makes `row` the row of `locator`, or takes that row away; returns the one before.
  @discardableResult
  mutating func set(
    _ row: TrustedRow?, at locator: Locator, _ keys: StoreKeys
  ) -> TrustedRow? {
    let before: TrustedRow?
    if let row {
      before = rows.updateValue(row, forKey: locator)
      state.sum.add(keys.element(locator, row))
      state.count += 1
      namespaceCounts[row.namespace, default: 0] += 1
    } else {
      before = rows.removeValue(forKey: locator)
    }
    if let before {
      state.sum.subtract(keys.element(locator, before))
      state.count -= 1
      let left = count(in: before.namespace) - 1
      namespaceCounts[before.namespace] = left == 0 ? nil : left
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

  /// Puts the figures back that ``advance()`` and ``changeKeyCount(by:)`` have moved.
  mutating func restore(generation: UInt64, keyCount: UInt64) {
    state.generation = generation
    state.keyCount = keyCount
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
