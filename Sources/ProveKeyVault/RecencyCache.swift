/// Keeps what was used lately, at most `capacity` values.
///
/// Time goes in turns. A value is young when it was used in the present turn; when there are as many
/// young ones as half the capacity, the others are forgotten and the next turn begins. A hit on a
/// young value costs one search and writes nothing.
struct RecencyCache<Key: Hashable, Value> {
  /// An object, so that finding a value copies the value once and not its surroundings as well.
  private final class Entry {
    let value: Value
    var turn: UInt32

    init(_ value: Value, _ turn: UInt32) {
      self.value = value
      self.turn = turn
    }
  }

  private var entries: [Key: Entry] = [:]
  private var turn: UInt32 = 0
  private var young = 0
  private let half: Int

  /// Makes an empty cache of at least two places.
  init(capacity: Int) {
    half = max(capacity / 2, 1)
  }

  /// How many values are kept.
  var count: Int { entries.count }

  /// The value of `key` when it is kept; it counts as used.
  mutating func value(for key: Key) -> Value? {
    guard let entry = entries[key] else { return nil }
    if entry.turn != turn {
      entry.turn = turn
      countYoung()
    }
    return entry.value
  }

  /// Keeps a value in the place of any other that the key had.
  mutating func insert(_ value: Value, for key: Key) {
    let before = entries.updateValue(Entry(value, turn), forKey: key)
    if before?.turn != turn { countYoung() }
  }

  /// Forgets the value of `key`.
  mutating func remove(_ key: Key) {
    if let before = entries.removeValue(forKey: key), before.turn == turn { young -= 1 }
  }

  /// Forgets everything.
  mutating func removeAll() {
    entries = [:]
    young = 0
  }

  private mutating func countYoung() {
    young += 1
    guard young >= half else { return }
    if entries.count > half {
      var kept = [Key: Entry](minimumCapacity: 2 * half)
      for (key, entry) in entries where entry.turn == turn { kept[key] = entry }
      entries = kept
    }
    turn &+= 1
    young = 0
  }
}
