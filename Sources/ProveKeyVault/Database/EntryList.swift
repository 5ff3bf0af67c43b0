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

  private static func cost(_ entry: DatabaseEntry) -> Int { 64 + entry.bytes.count }

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

  /// The first entry that is not below `bound`; without one, the first of all.
  func first(from bound: [UInt8]?) -> DatabaseEntry? {
    guard let bound else { return chunks.first?.first }
    let place = place(of: bound)
    return place.chunk < chunks.count ? chunks[place.chunk][place.index] : nil
  }

  /// The last entry below `bound`; without one, the last of all.
  func last(before bound: [UInt8]?) -> DatabaseEntry? {
    guard let bound else { return chunks.last?.last }
    let place = place(of: bound)
    if place.index > 0 { return chunks[place.chunk][place.index - 1] }
    return place.chunk > 0 ? chunks[place.chunk - 1].last : nil
  }

  /// How many entries are not below `from` and below `to`.
  func count(from: [UInt8]?, to: [UInt8]?) -> Int {
    if from == nil, to == nil { return count }
    let low = from.map(rank) ?? 0
    return max((to.map(rank) ?? count) - low, 0)
  }

  private func rank(_ bound: [UInt8]) -> Int {
    let place = place(of: bound)
    return chunks[..<place.chunk].reduce(0) { $0 + $1.count } + place.index
  }

  private func holds(_ bytes: [UInt8], _ place: (chunk: Int, index: Int)) -> Bool {
    place.chunk < chunks.count && place.index < chunks[place.chunk].count
      && chunks[place.chunk][place.index].bytes == bytes
  }

  /// Where the first entry is that is not below `bound`: chunk 0 of none when there is none at all,
  /// else the place after the last chunk when all are below.
  private func place(of bound: [UInt8]) -> (chunk: Int, index: Int) {
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
