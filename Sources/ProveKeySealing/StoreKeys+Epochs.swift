import ProveKeyPlatform

extension StoreKeys {
  /// The epoch under which new records are sealed.
  public var currentEpoch: UInt32 { epochs.withLock { $0.current } }

  /// The sealed data keys of all epochs that are not retired, in the order of their numbers.
  public var sealedEpochs: [SealedEpoch] { epochs.withLock { $0.sealed } }

  /// The lowest epoch that is accepted.
  public var minimumEpoch: UInt32 { epochs.withLock { $0.minimum } }

  /// Makes a random data key that becomes current at once.
  ///
  /// Records sealed from now on need the returned key: make it durable before any of them, or use
  /// ``prepareEpoch()``, make that durable, then ``adopt(_:)``.
  /// - Throws: ``SealingError/lockedMemoryExhausted``, ``SealingError/tooLarge`` after 256 epochs
  ///   that were not retired.
  public func addEpoch() throws(SealingError) -> SealedEpoch {
    let epoch = try prepareEpoch()
    try adopt(epoch)
    return epoch
  }

  /// Makes and seals the data key of the next epoch, which stays unused until it is adopted.
  ///
  /// - Throws: ``SealingError/lockedMemoryExhausted``, ``SealingError/tooLarge``.
  public func prepareEpoch() throws(SealingError) -> SealedEpoch {
    let (number, overflow) = currentEpoch.addingReportingOverflow(1)
    guard !overflow else { throw .tooLarge }
    let key = try SecretBytes(count: KeyHierarchy.keyCount) { span throws(SealingError) in
      entropy.fill(&span)
    }
    let sealed = try hierarchy.withKey(.epochWrapping) { wrapping throws(SealingError) in
      try epochEnvelope(number).sealSecret(key, key: wrapping, entropy: entropy)
    }
    return SealedEpoch(epoch: number, sealed: sealed)
  }

  /// Opens a sealed data key that is kept with the store; the highest epoch becomes current.
  ///
  /// An epoch that is open already is left as it is. This is also how a process learns of an epoch
  /// that another one added.
  /// - Throws: ``SealingError/damaged(_:)``, ``SealingError/foreignStore``,
  ///   ``SealingError/unknownFormat(_:)``, ``SealingError/epochRetired(_:)``,
  ///   ``SealingError/tooLarge``, ``SealingError/lockedMemoryExhausted``.
  public func adopt(_ epoch: SealedEpoch) throws(SealingError) {
    let sealed = epoch.sealed.span
    let count = try RecordEnvelope.textCount(of: sealed, storeID: storeID, part: .epochKey)
    guard sealed.read(UInt32.self, at: SealedRecord.epochOffset) == epoch.epoch else {
      throw .damaged(.epochKey)
    }
    let key = try hierarchy.withKey(.epochWrapping) { wrapping throws(SealingError) in
      try epochEnvelope(epoch.epoch).openSecret(sealed, textCount: count, key: wrapping)
    }
    guard key.count == KeyHierarchy.keyCount else { throw .damaged(.epochKey) }
    let box = SecretBox(
      try key.withBytes { key throws(SealingError) in try SecretBytes.pooled(copying: key) })
    try epochs.withLock { table throws(SealingError) in
      guard !table.holds(epoch.epoch) else { return }
      try table.insert(box, epoch)
    }
  }

  /// Forgets an epoch's data key: what it sealed is refused from now on.
  ///
  /// Only call it when nothing of that epoch is left, then delete the sealed key. Retiring again
  /// changes nothing.
  /// - Throws: ``SealingError/epochIsCurrent(_:)``, ``SealingError/unknownEpoch(_:)``.
  public func retire(epoch: UInt32) throws(SealingError) {
    try epochs.withLock { table throws(SealingError) in try table.retire(epoch) }
  }

  /// Refuses every epoch below `epoch`, even when its key is there; the bound never falls.
  ///
  /// A store calls it with what its own sealed state says, so that neither an old record nor an old
  /// data key that someone put back is accepted.
  public func refuse(epochsBelow epoch: UInt32) {
    epochs.withLock { $0.refuse(below: epoch) }
  }

  private func epochEnvelope(_ number: UInt32) -> RecordEnvelope {
    RecordEnvelope(
      storeID: storeID, epoch: number,
      record: RecordContext(
        table: "prove-key-store epoch key", locator: Locator(Bytes16 { _ in }), version: 1),
      part: .epochKey)
  }
}
