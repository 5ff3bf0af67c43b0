/// The data keys that are open, which of them is current, and which were given up.
///
/// Invariants:
/// - P1. The current epoch is the highest one that has a key, and is never retired.
/// - P2. Epochs start at 1; 0 marks the store's own state and has no data key.
/// - P3. Nothing is opened or sealed under an epoch below the minimum, nor under a retired one.
struct EpochTable {
  private struct Entry {
    let key: SecretBox
    let sealed: SealedEpoch
  }

  /// The most epochs that may have a key at once.
  static let maximumCount = 256

  private(set) var current: UInt32 = 0
  private(set) var minimum: UInt32 = 1
  private var currentKey: SecretBox?
  private var entries: [UInt32: Entry] = [:]
  private var retired: Set<UInt32> = []

  /// The sealed keys in the order of their epochs.
  var sealed: [SealedEpoch] {
    entries.values.map(\.sealed).sorted { $0.epoch < $1.epoch }
  }

  /// Whether this epoch's key is open.
  func holds(_ epoch: UInt32) -> Bool { entries[epoch] != nil }

  /// Puts in a key; the highest epoch becomes the current one.
  mutating func insert(_ key: SecretBox, _ sealed: SealedEpoch) throws(SealingError) {
    guard sealed.epoch >= 1 else { throw .unknownEpoch(sealed.epoch) }
    guard !retired.contains(sealed.epoch) else { throw .epochRetired(sealed.epoch) }
    guard entries.count < Self.maximumCount else { throw .tooLarge }
    entries[sealed.epoch] = Entry(key: key, sealed: sealed)
    if sealed.epoch >= current {
      current = sealed.epoch
      currentKey = key
    }
  }

  /// Forgets a key; retiring an epoch again changes nothing.
  mutating func retire(_ epoch: UInt32) throws(SealingError) {
    guard epoch != current else { throw .epochIsCurrent(epoch) }
    guard !retired.contains(epoch) else { return }
    guard entries.removeValue(forKey: epoch) != nil else { throw .unknownEpoch(epoch) }
    retired.insert(epoch)
  }

  /// Raises the lowest epoch that is accepted; it never falls.
  mutating func refuse(below epoch: UInt32) {
    minimum = max(minimum, epoch)
  }

  /// The key for opening what was sealed under `epoch`.
  func key(for epoch: UInt32) throws(SealingError) -> SecretBox {
    if epoch == current, epoch >= minimum, let currentKey { return currentKey }
    guard epoch >= 1 else { throw .unknownEpoch(epoch) }
    guard epoch >= minimum, !retired.contains(epoch) else { throw .epochRetired(epoch) }
    guard let entry = entries[epoch] else { throw .unknownEpoch(epoch) }
    return entry.key
  }
}
