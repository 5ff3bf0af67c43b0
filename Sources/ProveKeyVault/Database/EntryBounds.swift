/// A range of keys as bounds of entries: from the first on, below the second.
struct EntryBounds: Equatable {
  let from: [UInt8]?
  let to: [UInt8]?

  /// Between two bounds; nil for none.
  init(from: [UInt8]?, to: [UInt8]?) {
    self.from = from
    self.to = to
  }

  /// - Throws: ``DatabaseFault/data`` when a bound is no key.
  init(_ range: DatabaseKeyRange) throws(VaultError) {
    if let lower = range.lower {
      let key = try DatabaseKeyCodec.encode(lower)
      from = range.lowerOpen ? DatabaseEntry.above(key) : key
    } else {
      from = nil
    }
    if let upper = range.upper {
      let key = try DatabaseKeyCodec.encode(upper)
      to = range.upperOpen ? key : DatabaseEntry.above(key)
    } else {
      to = nil
    }
  }

  /// The entries of one key.
  init(only key: [UInt8]) {
    from = key
    to = DatabaseEntry.above(key)
  }

  /// Whether bytes are within.
  func contains(_ bytes: [UInt8]) -> Bool {
    if let from, bytes.precedes(from) { return false }
    return to.map(bytes.precedes) ?? true
  }

  /// How much memory the bounds take.
  var byteCount: Int { (from?.count ?? 0) + (to?.count ?? 0) + 128 }
}

/// Ranges of encoded keys of which no two touch, in their order.
struct EntryRanges {
  private(set) var ranges: [EntryBounds] = []

  /// Whether a range holds the bytes.
  func contains(_ bytes: [UInt8]) -> Bool {
    // The first range that does not end before.
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].to.map(bytes.precedes) ?? true { high = middle } else { low = middle + 1 }
    }
    return low < ranges.count && ranges[low].contains(bytes)
  }

  /// Adds a range, which takes in those that it touches.
  mutating func insert(_ bounds: EntryBounds) {
    var (from, to) = (bounds.from, bounds.to)
    var apart: [EntryBounds] = []
    var place = 0
    for range in ranges {
      if let end = range.to, let from, end.precedes(from) {
        apart.append(range)
        place = apart.count
      } else if let end = to, let start = range.from, end.precedes(start) {
        apart.append(range)
      } else {
        if let start = range.from, let known = from {
          from = start.precedes(known) ? start : known
        } else {
          from = nil
        }
        if let end = range.to, let known = to {
          to = known.precedes(end) ? end : known
        } else {
          to = nil
        }
      }
    }
    apart.insert(EntryBounds(from: from, to: to), at: place)
    ranges = apart
  }
}
