import ProveKeyPlatform

extension StoreKeys {
  /// Seals a record's content under the current epoch, for the place it belongs to.
  ///
  /// - Parameter plaintext: at most 16 MiB.
  /// - Returns: the envelope that ``SealedRecord`` lays out; different in every call.
  /// - Throws: ``SealingError/tooLarge``, ``SealingError/epochRetired(_:)`` when the current epoch
  ///   itself is refused.
  public func seal(
    _ plaintext: Span<UInt8>, as record: RecordContext
  ) throws(SealingError) -> [UInt8] {
    let (epoch, key) = try currentKey()
    return try key.bytes.withBytes { key throws(SealingError) in
      try envelope(epoch, record).seal(plaintext, key: key, entropy: entropy)
    }
  }

  /// Seals a secret as ``seal(_:as:)`` does; it never stands in ordinary memory.
  ///
  /// - Throws: as ``seal(_:as:)``, and ``SealingError/lockedMemoryExhausted``.
  public func sealSecret(
    _ secret: borrowing SecretBytes, as record: RecordContext
  ) throws(SealingError) -> [UInt8] {
    let (epoch, box) = try currentKey()
    let envelope = envelope(epoch, record)
    return try box.bytes.withBytes { key throws(SealingError) in
      try envelope.sealSecret(secret, key: key, entropy: entropy)
    }
  }

  /// Opens a record in the place it is said to belong to.
  ///
  /// - Throws: ``SealingError/unknownFormat(_:)``, ``SealingError/foreignStore``,
  ///   ``SealingError/epochRetired(_:)``, ``SealingError/unknownEpoch(_:)``,
  ///   ``SealingError/tooLarge``, else ``SealingError/damaged(_:)``.
  public func open(
    _ sealed: Span<UInt8>, as record: RecordContext
  ) throws(SealingError) -> [UInt8] {
    let count = try RecordEnvelope.textCount(of: sealed, storeID: storeID, part: .record)
    let (epoch, key) = try key(of: sealed)
    return try key.bytes.withBytes { key throws(SealingError) in
      try envelope(epoch, record).open(sealed, textCount: count, key: key)
    }
  }

  /// Opens a record straight into guarded memory (about 30 microseconds more).
  ///
  /// - Throws: as ``open(_:as:)``, and ``SealingError/lockedMemoryExhausted``.
  public func openSecret(
    _ sealed: Span<UInt8>, as record: RecordContext
  ) throws(SealingError) -> SecretBytes {
    let count = try RecordEnvelope.textCount(of: sealed, storeID: storeID, part: .record)
    let (epoch, key) = try key(of: sealed)
    return try key.bytes.withBytes { key throws(SealingError) in
      try envelope(epoch, record).openSecret(sealed, textCount: count, key: key)
    }
  }

  /// Opens a record into passing memory, lends it to `body`, and zeroes it: the hot path.
  ///
  /// Records up to about 1000 bytes need no allocation. A body that can fail returns a `Result`.
  /// - Throws: as ``open(_:as:)``.
  public func withOpened<R: ~Copyable>(
    _ sealed: Span<UInt8>, as record: RecordContext, _ body: (Span<UInt8>) -> R
  ) throws(SealingError) -> R {
    let count = try RecordEnvelope.textCount(of: sealed, storeID: storeID, part: .record)
    let (epoch, key) = try key(of: sealed)
    let envelope = envelope(epoch, record)
    return try withSecretScratch(count: count) { text throws(SealingError) in
      let length = try key.bytes.withBytes { key throws(SealingError) in
        try envelope.open(sealed, key: key, into: &text)
      }
      return body(text.span.extracting(4..<(4 + length)))
    }
  }

  /// As ``withOpened(_:as:_:)``, of one type: a `body` that returns nothing is called directly.
  ///
  /// - Throws: as ``open(_:as:)``.
  package func lendOpened(
    _ sealed: Span<UInt8>, as record: RecordContext, to body: (Span<UInt8>) -> Void
  ) throws(SealingError) {
    let count = try RecordEnvelope.textCount(of: sealed, storeID: storeID, part: .record)
    let (epoch, key) = try key(of: sealed)
    let envelope = envelope(epoch, record)
    try withSecretScratch(count: count) { text throws(SealingError) in
      let length = try key.bytes.withBytes { key throws(SealingError) in
        try envelope.open(sealed, key: key, into: &text)
      }
      body(text.span.extracting(4..<(4 + length)))
    }
  }

  /// Seals the store's own state: as ``seal(_:as:)``, under the root's state subkey, epoch 0.
  ///
  /// - Throws: ``SealingError/tooLarge``.
  public func sealState(
    _ plaintext: Span<UInt8>, as record: RecordContext
  ) throws(SealingError) -> [UInt8] {
    try hierarchy.withKey(.state) { key throws(SealingError) in
      try stateEnvelope(record).seal(plaintext, key: key, entropy: entropy)
    }
  }

  /// Opens what ``sealState(_:as:)`` sealed.
  ///
  /// - Throws: ``SealingError/unknownFormat(_:)``, ``SealingError/foreignStore``,
  ///   ``SealingError/tooLarge``, else ``SealingError/damaged(_:)`` with ``SealedPart/state``.
  public func openState(
    _ sealed: Span<UInt8>, as record: RecordContext
  ) throws(SealingError) -> [UInt8] {
    let count = try RecordEnvelope.textCount(of: sealed, storeID: storeID, part: .state)
    guard sealed.read(UInt32.self, at: SealedRecord.epochOffset) == 0 else {
      throw .damaged(.state)
    }
    return try hierarchy.withKey(.state) { key throws(SealingError) in
      try stateEnvelope(record).open(sealed, textCount: count, key: key)
    }
  }

  private func currentKey() throws(SealingError) -> (epoch: UInt32, key: SecretBox) {
    try epochs.withLock { table throws(SealingError) in
      (table.current, try table.key(for: table.current))
    }
  }

  private func key(
    of sealed: Span<UInt8>
  ) throws(SealingError) -> (epoch: UInt32, key: SecretBox) {
    let epoch = sealed.read(UInt32.self, at: SealedRecord.epochOffset)
    return (epoch, try epochs.withLock { table throws(SealingError) in try table.key(for: epoch) })
  }

  private func envelope(_ epoch: UInt32, _ record: RecordContext) -> RecordEnvelope {
    RecordEnvelope(storeID: storeID, epoch: epoch, record: record, part: .record)
  }

  private func stateEnvelope(_ record: RecordContext) -> RecordEnvelope {
    RecordEnvelope(storeID: storeID, epoch: 0, record: record, part: .state)
  }
}
