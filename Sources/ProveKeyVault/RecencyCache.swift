/// Keeps what was used lately, at most `capacity` values.
///
/// Two halves: when the young one is full it becomes the old one, and what stood in the old one
/// and was not used since is forgotten. No bookkeeping is done on a hit in the young half.
struct RecencyCache<Key: Hashable, Value> {
  private var young: [Key: Value] = [:]
  private var old: [Key: Value] = [:]
  private let half: Int

  /// Makes an empty cache of at least two places.
  init(capacity: Int) {
    half = max(capacity / 2, 1)
  }

  /// How many values are kept.
  var count: Int { young.count + old.count }

  /// The value of `key` when it is kept; it counts as used.
  mutating func value(for key: Key) -> Value? {
    if let value = young[key] { return value }
    guard let value = old[key] else { return nil }
    insert(value, for: key)
    return value
  }

  /// Keeps a value in the place of any other that the key had.
  mutating func insert(_ value: Value, for key: Key) {
    if young.count >= half, young[key] == nil {
      old = young
      young = [:]
    }
    young[key] = value
    if !old.isEmpty { old[key] = nil }
  }

  /// Forgets the value of `key`.
  mutating func remove(_ key: Key) {
    young[key] = nil
    old[key] = nil
  }

  /// Forgets everything.
  mutating func removeAll() {
    young = [:]
    old = [:]
  }
}
