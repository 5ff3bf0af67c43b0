import ProveKeySealing

/// An origin's keys in their order: that of their locators, which nobody without the vault's key
/// can foresee and which no other item changes.
///
/// A class, so that a key that comes or goes does not copy the others.
final class StorageOrder {
  private struct Entry {
    let locator: Locator
    let key: [UInt16]
  }

  private var entries: [Entry] = []

  /// Puts keys in order, of which none is there twice.
  init(_ keys: [(locator: Locator, key: [UInt16])]) {
    entries = keys.map { Entry(locator: $0.locator, key: $0.key) }
    entries.sort { $0.locator < $1.locator }
  }

  /// The keys in order.
  var keys: [[UInt16]] { entries.map(\.key) }

  /// How many keys there are.
  var count: Int { entries.count }

  /// The key at a place; nil outside.
  subscript(index: Int) -> [UInt16]? {
    entries.indices.contains(index) ? entries[index].key : nil
  }

  /// Adds a key that is not there.
  func insert(_ key: [UInt16], at locator: Locator) {
    entries.insert(Entry(locator: locator, key: key), at: place(of: locator))
  }

  /// Takes a key away.
  func remove(at locator: Locator) {
    let place = place(of: locator)
    guard place < entries.count, entries[place].locator == locator else { return }
    entries.remove(at: place)
  }

  /// The first place whose locator is not below `locator`.
  private func place(of locator: Locator) -> Int {
    var (low, high) = (0, entries.count)
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].locator < locator { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
