import ProveKeyPlatform

/// The unlocked keys of one store: what seals and opens its records and hides its names.
///
/// ```
/// unlock method -> key-encryption key -> root key (random, wrapped in the header)
///   root -> subkeys: locators, set integrity, header MAC, epoch wrapping, state
///   epoch wrapping -> data keys (random, one per epoch) -> a subkey per record
/// ```
///
/// Changing the unlock method rewraps the root and touches no record; rotating data adds an epoch.
/// All keys lie in guarded memory. Safe to use from many threads.
public final class StoreKeys: Sendable {
  /// What the store is for.
  public let kind: StoreKind
  /// The store's id, made at random when it was created.
  public let storeID: StoreID

  let hierarchy: KeyHierarchy
  let entropy: Entropy
  let epochs: Locked<EpochTable>

  private init(
    kind: StoreKind, storeID: StoreID, hierarchy: consuming KeyHierarchy, entropy: Entropy
  ) {
    self.kind = kind
    self.storeID = storeID
    self.hierarchy = hierarchy
    self.entropy = entropy
    self.epochs = Locked(EpochTable())
  }

  /// Makes the keys of a new store, with epoch 1 and its data key.
  ///
  /// - Returns: the keys, and the header to keep with the store; keep ``sealedEpochs`` as well.
  /// - Throws: what the unlock method reports, ``SealingError/lockedMemoryExhausted``,
  ///   ``SealingError/outOfMemory``.
  public static func create(
    kind: StoreKind, unlock: UnlockMethod
  ) throws(SealingError) -> (keys: StoreKeys, header: [UInt8]) {
    try create(kind: kind, unlock: unlock, entropy: .system)
  }

  /// Makes the keys of a new store from the randomness given.
  package static func create(
    kind: StoreKind, unlock: UnlockMethod, entropy: Entropy
  ) throws(SealingError) -> (keys: StoreKeys, header: [UInt8]) {
    let keys = StoreKeys(
      kind: kind, storeID: StoreID(entropy: entropy),
      hierarchy: try KeyHierarchy { root throws(SealingError) in entropy.fill(&root) },
      entropy: entropy)
    let header = try keys.rewrap(unlock: unlock)
    _ = try keys.addEpoch()
    return (keys, header)
  }

  /// Unlocks an existing store.
  ///
  /// - Parameters:
  ///   - header: the header's bytes, at most 8 KiB; its layout and the order of its checks stand
  ///     with `StoreHeader`.
  ///   - epochs: every sealed data key that the store keeps, in any order; the highest is current.
  /// - Throws: ``SealingError/wrongKey``, ``SealingError/wrongPassphrase``,
  ///   ``SealingError/keyFile(_:)``, ``SealingError/entanglement(_:)``,
  ///   ``SealingError/provider(_:)``, ``SealingError/providerKeyGone(_:)``,
  ///   ``SealingError/providerRefused(_:)``, ``SealingError/providerUnavailable(_:)``,
  ///   ``SealingError/wrongProvider(expected:)``, ``SealingError/wrongUnlockMethod(stored:)``,
  ///   ``SealingError/wrongKind``, ``SealingError/costOutOfBounds``,
  ///   ``SealingError/damaged(_:)``, ``SealingError/tampered(_:)``,
  ///   ``SealingError/unknownFormat(_:)``, ``SealingError/foreignStore``.
  public static func open(
    header: [UInt8], epochs: [SealedEpoch], kind: StoreKind, unlock: UnlockMethod
  ) throws(SealingError) -> StoreKeys {
    let keys = try unlocked(header, kind, unlock)
    guard !epochs.isEmpty else { throw .damaged(.epochKey) }
    for epoch in epochs {
      guard !keys.epochs.withLock({ $0.holds(epoch.epoch) }) else { throw .damaged(.epochKey) }
      try keys.adopt(epoch)
    }
    return keys
  }

  /// Unlocks a damaged store with the data keys that are left.
  ///
  /// - Returns: the keys, and how many of the sealed data keys did not open.
  /// - Throws: as ``open(header:epochs:kind:unlock:)`` of what concerns the header.
  package static func openDamaged(
    header: [UInt8], epochs: [SealedEpoch], kind: StoreKind, unlock: UnlockMethod
  ) throws(SealingError) -> (keys: StoreKeys, lostEpochs: Int) {
    let keys = try unlocked(header, kind, unlock)
    var lost = 0
    for epoch in epochs {
      do throws(SealingError) {
        guard !keys.epochs.withLock({ $0.holds(epoch.epoch) }) else { throw .damaged(.epochKey) }
        try keys.adopt(epoch)
      } catch .lockedMemoryExhausted {
        throw .lockedMemoryExhausted
      } catch {
        lost += 1
      }
    }
    return (keys, lost)
  }

  private static func unlocked(
    _ header: [UInt8], _ kind: StoreKind, _ unlock: UnlockMethod
  ) throws(SealingError) -> StoreKeys {
    let parsed = try StoreHeader.parse(header)
    return StoreKeys(
      kind: kind, storeID: parsed.storeID,
      hierarchy: try RootWrapping.unwrap(parsed, kind: kind, unlock: unlock), entropy: .system)
  }

  /// Wraps the same root for another unlock method, or for the same one anew: 32 bytes.
  ///
  /// The old header, wherever a copy of it is left, still opens with what opened it before.
  /// - Returns: the new header; the store is locked by it once it has replaced the old one.
  /// - Throws: what the unlock method reports, ``SealingError/lockedMemoryExhausted``,
  ///   ``SealingError/outOfMemory``.
  public func rewrap(unlock: UnlockMethod) throws(SealingError) -> [UInt8] {
    try RootWrapping.wrap(
      hierarchy, kind: kind, storeID: storeID, unlock: unlock, entropy: entropy)
  }

  /// How a store is unlocked, as its header says before any key has confirmed it: the method's
  /// name, and `entangled` with the name of the method within.
  ///
  /// - Throws: ``SealingError/damaged(_:)``, ``SealingError/unknownFormat(_:)``.
  package static func unlockMethodName(
    ofHeader header: [UInt8]
  ) throws(SealingError) -> String {
    try StoreHeader.parse(header).parameters.methodName
  }

  /// Keys of the same root with epochs of their own: for a copy of the store, which keeps the data
  /// keys of its moment whatever becomes of the original's.
  ///
  /// - Throws: as ``open(header:epochs:kind:unlock:)`` of what concerns epochs and memory.
  package func ofCopy(epochs: [SealedEpoch]) throws(SealingError) -> StoreKeys {
    let copy = StoreKeys(
      kind: kind, storeID: storeID,
      hierarchy: try hierarchy.withKey(.root) { root throws(SealingError) in
        try KeyHierarchy { span throws(SealingError) in
          for index in root.indices { span[index] = root[index] }
        }
      }, entropy: entropy)
    for epoch in epochs { try copy.adopt(epoch) }
    return copy
  }
}

extension StoreKeys: CustomStringConvertible, CustomReflectable {
  /// The kind of store and nothing else.
  public var description: String { "StoreKeys(\(kind))" }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}
