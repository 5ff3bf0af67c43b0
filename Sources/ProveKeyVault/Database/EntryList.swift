/// A place in a store or index: an encoded key and, in an index, the encoded primary key after it.
///
/// No encoding of a key is the beginning of another one, so entries sort by key, then by primary
/// key, when their bytes are compared; a bound that is no entry is bytes as well.
struct DatabaseEntry: Equatable, Sendable {
  /// The key, then in an index the primary key.
  let bytes: [UInt8]
  /// How many of the bytes are the key.
  let keyByteCount: Int

  /// An entry of a store.
  init(_ key: [UInt8]) {
    bytes = key
    keyByteCount = key.count
  }

  /// An entry of an index.
  init(_ key: [UInt8], primaryKey: [UInt8]) {
    bytes = key + primaryKey
    keyByteCount = key.count
  }

  /// What the entry is sorted by.
  var key: [UInt8] { keyByteCount == bytes.count ? bytes : Array(bytes[..<keyByteCount]) }

  /// The key of the row.
  var primaryKey: [UInt8] { keyByteCount == bytes.count ? bytes : Array(bytes[keyByteCount...]) }

  /// The lowest bound above this entry.
  var after: [UInt8] { bytes + [0] }

  /// A bound above every entry with this key and below those of any higher key: what may follow a
  /// key begins with a lower byte.
  static func above(_ key: [UInt8]) -> [UInt8] { key + [0xFF] }
}

/// Entries in their order, in chunks, so that one that comes or goes moves few others.
///
/// A class, so that a change does not copy the rest. Looking up takes the logarithm of the count,
/// a change about its square root.
final class EntryList {
  private typealias Place = (chunk: Int, index: Int)

  private static let chunkLimit = 512

  private var chunks: [[DatabaseEntry]] = []
  /// How many entries there are.
  private(set) var count = 0
  /// About how much memory they take.
  private(set) var byteCount = 0

  /// Puts entries in order, of which none is there twice.
  init(_ entries: [DatabaseEntry] = []) {
    let sorted = entries.sorted { $0.bytes.precedes($1.bytes) }
    var start = 0
    while start < sorted.count {
      let end = min(start + Self.chunkLimit / 2, sorted.count)
      chunks.append(Array(sorted[start..<end]))
      start = end
    }
    count = sorted.count
    byteCount = sorted.reduce(0) { $0 + Self.cost($1) }
  }

  private init(sharing list: EntryList) {
    chunks = list.chunks
    count = list.count
    byteCount = list.byteCount
  }

  /// A list of its own with the same entries, which the two share until one of them changes.
  func copy() -> EntryList { EntryList(sharing: self) }

  /// About how much memory an entry takes.
  static func cost(_ entry: DatabaseEntry) -> Int { 64 + entry.bytes.count }

  /// Adds an entry; one that is there stays.
  func insert(_ entry: DatabaseEntry) {
    guard !chunks.isEmpty else {
      chunks.append([entry])
      count = 1
      byteCount = Self.cost(entry)
      return
    }
    var place = self.place(of: entry.bytes)
    if place.chunk == chunks.count { place = (chunks.count - 1, chunks[chunks.count - 1].count) }
    guard !holds(entry.bytes, place) else { return }
    chunks[place.chunk].insert(entry, at: place.index)
    count += 1
    byteCount += Self.cost(entry)
    guard chunks[place.chunk].count > Self.chunkLimit else { return }
    let half = chunks[place.chunk].count / 2
    let upper = Array(chunks[place.chunk][half...])
    chunks[place.chunk].removeSubrange(half...)
    chunks.insert(upper, at: place.chunk + 1)
  }

  /// Takes an entry away; one that is not there changes nothing.
  func remove(_ entry: DatabaseEntry) {
    let place = place(of: entry.bytes)
    guard holds(entry.bytes, place) else { return }
    chunks[place.chunk].remove(at: place.index)
    if chunks[place.chunk].isEmpty { chunks.remove(at: place.chunk) }
    count -= 1
    byteCount -= Self.cost(entry)
  }

  /// Takes all entries within bounds away.
  func remove(_ bounds: EntryBounds) {
    let low = bounds.from.map(place) ?? Place(0, 0)
    let high = bounds.to.map(place) ?? Place(chunks.count, 0)
    guard low < high else { return }
    var kept: [[DatabaseEntry]] = []
    if low.chunk < high.chunk {
      kept = [Array(chunks[low.chunk][..<low.index])]
      if high.chunk < chunks.count { kept.append(Array(chunks[high.chunk][high.index...])) }
    } else {
      kept = [Array(chunks[low.chunk][..<low.index] + chunks[low.chunk][high.index...])]
    }
    let touched = low.chunk..<min(high.chunk + 1, chunks.count)
    replace(touched, with: kept)
  }

  /// Takes all entries away of which `isGone` holds; walks all of them.
  func removeAll(where isGone: (DatabaseEntry) -> Bool) {
    replace(chunks.indices, with: chunks.map { $0.filter { !isGone($0) } })
  }

  /// Puts other chunks, or none, in the place of some.
  private func replace(_ old: Range<Int>, with new: [[DatabaseEntry]]) {
    for (sign, part) in [(-1, Array(chunks[old])), (1, new)] {
      for chunk in part {
        count += sign * chunk.count
        byteCount += sign * chunk.reduce(0) { $0 + Self.cost($1) }
      }
    }
    chunks.replaceSubrange(old, with: new.filter { !$0.isEmpty })
  }

  /// Calls `body` for the entries within bounds, in order, until it returns false.
  func forEach(
    _ bounds: EntryBounds, _ body: (DatabaseEntry) throws(VaultError) -> Bool
  ) throws(VaultError) {
    let low = bounds.from.map(place) ?? Place(0, 0)
    var start = low.index
    for chunk in chunks[low.chunk...] {
      for entry in chunk[start...] {
        if let to = bounds.to, !entry.bytes.precedes(to) { return }
        guard try body(entry) else { return }
      }
      start = 0
    }
  }

  /// The first entry that is not below `bound`; without one, the first of all.
  private func first(from bound: [UInt8]?) -> DatabaseEntry? {
    guard let bound else { return chunks.first?.first }
    let place = place(of: bound)
    return place.chunk < chunks.count ? chunks[place.chunk][place.index] : nil
  }

  /// The last entry below `bound`; without one, the last of all.
  private func last(before bound: [UInt8]?) -> DatabaseEntry? {
    guard let bound else { return chunks.last?.last }
    let place = place(of: bound)
    if place.index > 0 { return chunks[place.chunk][place.index - 1] }
    return place.chunk > 0 ? chunks[place.chunk - 1].last : nil
  }

  /// The first entry within bounds.
  func first(_ bounds: EntryBounds) -> DatabaseEntry? {
    guard let found = first(from: bounds.from) else { return nil }
    return bounds.to.map(found.bytes.precedes) ?? true ? found : nil
  }

  /// The last entry within bounds.
  func last(_ bounds: EntryBounds) -> DatabaseEntry? {
    guard let found = last(before: bounds.to) else { return nil }
    return bounds.from.map(found.bytes.precedes) ?? false ? nil : found
  }

  /// How many entries are within bounds.
  func count(_ bounds: EntryBounds) -> Int {
    guard bounds.from != nil || bounds.to != nil else { return count }
    let low = bounds.from.map(rank) ?? 0
    return max((bounds.to.map(rank) ?? count) - low, 0)
  }

  private func rank(_ bound: [UInt8]) -> Int {
    let place = place(of: bound)
    return chunks[..<place.chunk].reduce(0) { $0 + $1.count } + place.index
  }

  private func holds(_ bytes: [UInt8], _ place: Place) -> Bool {
    place.chunk < chunks.count && place.index < chunks[place.chunk].count
      && chunks[place.chunk][place.index].bytes == bytes
  }

  /// Where the first entry is that is not below `bound`: chunk 0 of none when there is none at all,
  /// else the place after the last chunk when all are below.
  private func place(of bound: [UInt8]) -> Place {
    // The first chunk whose last entry is not below.
    var (low, high) = (0, chunks.count)
    while low < high {
      let middle = (low + high) / 2
      let last = chunks[middle][chunks[middle].count - 1]
      if last.bytes.precedes(bound) { low = middle + 1 } else { high = middle }
    }
    guard low < chunks.count else { return (low, 0) }
    let chunk = low
    (low, high) = (0, chunks[chunk].count)
    while low < high {
      let middle = (low + high) / 2
      if chunks[chunk][middle].bytes.precedes(bound) { low = middle + 1 } else { high = middle }
    }
    return (chunk, low)
  }
}

extension [UInt8] {
  /// Whether these bytes sort before others.
  func precedes(_ other: [UInt8]) -> Bool {
    let (left, right) = (span, other.span)
    let shared = Swift.min(left.count, right.count)
    for index in 0..<shared where left[index] != right[index] {
      return left[index] < right[index]
    }
    return left.count < right.count
  }
}
