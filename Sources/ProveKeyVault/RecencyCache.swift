import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing

/// What values are kept under in a ``RecencyCache``.
protocol CacheKey {
  /// A hash that nobody can foresee: see `SeededHash`.
  var seededHash: UInt64 { get }
  /// Whether both are the same key.
  func isSame(as other: Self) -> Bool
}

/// What a ``RecencyCache`` keeps: an object, so that finding it counts one reference.
protocol CacheEntry: AnyObject {
  associatedtype Key: CacheKey
  /// What it is found by.
  var cacheKey: Key { get }
  /// Whether it is found by `key`; asked for every search, so without a copy of its own key.
  func isFound(by key: Key) -> Bool
}

/// A value that does not say itself what it is found by.
final class CachedPair<Key: CacheKey, Value>: CacheEntry {
  let cacheKey: Key
  let value: Value

  init(_ key: Key, _ value: Value) {
    cacheKey = key
    self.value = value
  }

  func isFound(by key: Key) -> Bool { cacheKey.isSame(as: key) }
}

/// Keeps what was used lately, at most `capacity` values.
///
/// Time goes in turns. A value is young when it was used in the present turn; when there are as many
/// young ones as half the capacity, the others are forgotten and the next turn begins. A hit on a
/// young value costs one search and writes nothing.
///
/// The table is open: a value stands at the place its hash says or within ``reach`` places after it.
/// Where all of these are taken, the one used longest ago gives way, so that no choice of keys makes
/// a search long.
struct RecencyCache<Entry: CacheEntry> {
  private struct Place {
    /// 0 for a place that was never used.
    var hash: UInt64 = 0
    var turn: UInt32 = 0
  }

  /// Places in which a value may stand.
  private static var reach: Int { 16 }

  /// A power of two of places, and ``reach`` more: no search goes round the end.
  private var places: [Place] = []
  /// What stands in the places; nothing where it was removed.
  private var entries: [Entry?] = []
  private var mask = 0
  private(set) var count = 0
  private var turn: UInt32 = 0
  private var young = 0
  private let half: Int

  /// Makes an empty cache of at least two places; it takes memory as values come.
  init(capacity: Int) {
    half = max(capacity / 2, 1)
  }

  /// What is kept under `key`, if anything; it counts as used.
  @inline(__always)
  mutating func entry(for key: Entry.Key) -> Entry? {
    guard let (index, entry) = find(key, hash: Self.hash(of: key)) else { return nil }
    if places[index].turn != turn { renew(index) }
    return entry
  }

  /// Keeps an entry in the place of any other of the same key.
  mutating func insert(_ entry: Entry) {
    let key = entry.cacheKey
    let hash = Self.hash(of: key)
    if let index = find(key, hash: hash)?.index {
      entries[index] = entry
      if places[index].turn != turn { renew(index) }
      return
    }
    // Half of the places at most are taken: so a search is short.
    if 2 * (count + 1) > places.count - Self.reach { grow() }
    put(entry, Place(hash: hash, turn: turn))
    countYoung()
  }

  /// Forgets the value of `key`.
  mutating func remove(_ key: Entry.Key) {
    guard let index = find(key, hash: Self.hash(of: key))?.index else { return }
    if places[index].turn == turn { young -= 1 }
    entries[index] = nil
    count -= 1
  }

  /// Forgets everything.
  mutating func removeAll() {
    places = []
    entries = []
    (count, young, mask) = (0, 0, 0)
  }

  // MARK: Helpers

  @inline(__always)
  private static func hash(of key: Entry.Key) -> UInt64 { max(key.seededHash, 1) }

  @inline(__always)
  private func find(_ key: Entry.Key, hash: UInt64) -> (index: Int, entry: Entry)? {
    guard !places.isEmpty else { return nil }
    let first = Int(truncatingIfNeeded: hash) & mask
    for index in first..<(first + Self.reach) {
      let found = places[index].hash
      if found == 0 { return nil }
      if found == hash, let entry = entries[index], entry.isFound(by: key) {
        return (index, entry)
      }
    }
    return nil
  }

  /// Puts a new value where there is room, or in the place of the one used longest ago.
  private mutating func put(_ entry: Entry, _ place: Place) {
    let first = Int(truncatingIfNeeded: place.hash) & mask
    var chosen = first
    for index in first..<(first + Self.reach) {
      if entries[index] == nil {
        places[index] = place
        entries[index] = entry
        count += 1
        return
      }
      if turn &- places[index].turn > turn &- places[chosen].turn { chosen = index }
    }
    if places[chosen].turn == turn { young -= 1 }
    places[chosen] = place
    entries[chosen] = entry
  }

  private mutating func renew(_ index: Int) {
    places[index].turn = turn
    countYoung()
  }

  private mutating func countYoung() {
    young += 1
    guard young >= half else { return }
    if count > half {
      let now = turn
      rebuild(size: mask + 1) { $0.turn == now }
    }
    turn &+= 1
    young = 0
  }

  private mutating func grow() { rebuild(size: max(2 * (mask + 1), 16)) { _ in true } }

  /// Puts the values that are still wanted into a new table, without the places of removed ones.
  private mutating func rebuild(size: Int, keeping isWanted: (Place) -> Bool) {
    let (placesBefore, entriesBefore) = (places, entries)
    places = [Place](repeating: Place(), count: size + Self.reach)
    entries = [Entry?](repeating: nil, count: size + Self.reach)
    mask = size - 1
    count = 0
    for (place, entry) in zip(placesBefore, entriesBefore) where isWanted(place) {
      if let entry { put(entry, place) }
    }
  }
}

extension RecencyCache {
  /// The value of `key` when it is kept; it counts as used.
  mutating func value<Key, Value>(for key: Key) -> Value? where Entry == CachedPair<Key, Value> {
    entry(for: key)?.value
  }

  /// Keeps a value in the place of any other that the key had.
  mutating func insert<Key, Value>(_ value: Value, for key: Key)
  where Entry == CachedPair<Key, Value> {
    insert(CachedPair(key, value))
  }
}

// MARK: Keys

extension DeviceID: CacheKey {
  var seededHash: UInt64 { SeededHash.hash(rawValue.utf8Span.span) }

  func isSame(as other: DeviceID) -> Bool {
    SeededHash.areSame(rawValue.utf8Span.span, other.rawValue.utf8Span.span)
  }
}

extension KeyScope: CacheKey {
  var seededHash: UInt64 { SeededHash.hash(origin.utf8Span.span) }

  func isSame(as other: KeyScope) -> Bool { self == other }
}

extension PublicKey: CacheKey {
  var seededHash: UInt64 { withBytes { SeededHash.hash($0) } }

  func isSame(as other: PublicKey) -> Bool { self == other }
}

extension Locator: CacheKey {
  var seededHash: UInt64 { SeededHash.hash(high, low) }

  func isSame(as other: Locator) -> Bool { self == other }
}
