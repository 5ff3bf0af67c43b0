import ProveKeyPlatform
import ProveKeySealing

/// The rows of a trusted set by their locators.
///
/// The rows stand side by side, and an open table over a seeded hash says where: so looking one up
/// costs a few instructions, and nobody who makes locators up can make it cost more (see
/// `SeededHash`). A row takes 80 bytes, and its places in the table 8 to 16.
struct RowTable {
  private struct Entry {
    let locator: Locator
    var row: TrustedRow
  }

  private var entries: [Entry] = []
  // One more than the index of an entry; 0 for a free place. A power of two of places, at least
  // twice as many as entries.
  private var places: [UInt32] = []

  /// How many rows there are.
  var count: Int { entries.count }
  /// Whether there is no row.
  var isEmpty: Bool { entries.isEmpty }

  /// The row of a locator.
  subscript(locator: Locator) -> TrustedRow? {
    guard !entries.isEmpty else { return nil }
    let found = places[place(of: locator)]
    return found == 0 ? nil : entries[Int(found) - 1].row
  }

  /// Whether the locator has a row.
  func contains(_ locator: Locator) -> Bool {
    !entries.isEmpty && places[place(of: locator)] != 0
  }

  /// Makes room for so many rows at once.
  mutating func reserve(_ count: Int) {
    entries.reserveCapacity(count)
    var size = max(places.count, 16)
    while size < 2 * count { size *= 2 }
    if size != places.count { rebuild(size: size) }
  }

  /// Makes `row` the row of a locator; returns the one before.
  mutating func set(_ row: TrustedRow, at locator: Locator) -> TrustedRow? {
    if 2 * (entries.count + 1) > places.count { rebuild(size: max(2 * places.count, 16)) }
    let place = place(of: locator)
    let found = places[place]
    guard found == 0 else {
      let before = entries[Int(found) - 1].row
      entries[Int(found) - 1].row = row
      return before
    }
    entries.append(Entry(locator: locator, row: row))
    places[place] = UInt32(entries.count)
    return nil
  }

  /// Takes the row of a locator away; returns it.
  mutating func remove(_ locator: Locator) -> TrustedRow? {
    guard !entries.isEmpty else { return nil }
    let place = place(of: locator)
    let found = places[place]
    guard found != 0 else { return nil }
    free(place)
    let before = entries[Int(found) - 1].row
    // The last entry takes the place of the one that goes.
    let last = entries.removeLast()
    if Int(found) <= entries.count {
      let moved = self.place(ofEntry: UInt32(entries.count + 1), last.locator)
      entries[Int(found) - 1] = last
      places[moved] = found
    }
    return before
  }

  // MARK: Places

  private func home(of locator: Locator) -> Int {
    Int(truncatingIfNeeded: SeededHash.hash(locator.high, locator.low)) & (places.count - 1)
  }

  /// Where the locator's entry is named, or the free place where it would be.
  private func place(of locator: Locator) -> Int {
    var place = home(of: locator)
    while places[place] != 0, entries[Int(places[place]) - 1].locator != locator {
      place = (place + 1) & (places.count - 1)
    }
    return place
  }

  private func place(ofEntry number: UInt32, _ locator: Locator) -> Int {
    var place = home(of: locator)
    while places[place] != number { place = (place + 1) & (places.count - 1) }
    return place
  }

  /// Frees a place, and moves those after it up that would not be found behind a free one.
  private mutating func free(_ freed: Int) {
    let mask = places.count - 1
    var hole = freed
    var next = (hole + 1) & mask
    while places[next] != 0 {
      let home = home(of: entries[Int(places[next]) - 1].locator)
      // Whether its home lies at or before the hole, going round.
      if (next &- home) & mask >= (next &- hole) & mask {
        places[hole] = places[next]
        hole = next
      }
      next = (next + 1) & mask
    }
    places[hole] = 0
  }

  private mutating func rebuild(size: Int) {
    places = [UInt32](repeating: 0, count: size)
    for (index, entry) in entries.enumerated() {
      places[place(of: entry.locator)] = UInt32(index + 1)
    }
  }
}
