import Foundation
import Testing

@testable import ProveKeyVault

@Suite("what databases cost and where they end")
struct DatabaseLimitTests {
  private static let many = DatabaseValue.array((0..<6_000).map { .number(Double($0)) })

  /// Processor time that `body` takes on this thread.
  private func time(_ body: () throws -> Void) rethrows -> Double {
    func now() -> Double {
      var time = timespec()
      unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
    let start = now()
    try body()
    return now() - start
  }

  @Test("an index made over rows counts against the 10,000 index keys that a row may have (I9)")
  func keysOfMadeIndexes() throws {
    let stage = try DatabaseStage { upgrade throws in
      try upgrade.createStore("s").createIndex("one", keyPath: .path(""), multiEntry: true)
    }
    try stage.write("s") { try $0.put(Self.many, key: .number(1)) }
    try stage.upgrade { upgrade throws in
      let store = try upgrade.store("s")
      let refused = try fault {
        try store.createIndex("two", keyPath: .path(""), multiEntry: true)
      }
      #expect(refused == .quotaExceeded)
      #expect(store.indexNames.count == 1)
      try store.createIndex("length", keyPath: .path("length"))
    }
    try stage.vault.close()
    try stage.fixture.open().database("d", for: shop).read("s") { transaction throws in
      let store = try transaction.onlyStore
      #expect(try store.getAllKeys() == [.number(1)])
      #expect(try store.index("length").getAllKeys(.number(6_000)) == [.number(1)])
    }
  }

  @Test("indexes made over rows have 128 MiB of entries together in one upgrade (I9)")
  func bytesOfMadeIndexes() throws {
    let stage = try DatabaseStage { try $0.createStore("s") }
    let text = DatabaseValue.text([UInt16](repeating: 0x61, count: 60_000))
    try stage.write("s") { store throws in
      for number in 0..<100 { try store.put(text, key: .number(Double(number))) }
    }
    try stage.upgrade { upgrade throws in
      let store = try upgrade.store("s")
      for number in 0..<22 { try store.createIndex("\(number)", keyPath: .path("")) }
      #expect(try fault { try store.createIndex("22", keyPath: .path("")) } == .quotaExceeded)
      // What is left is left: a small index still fits, and rows may be written.
      #expect(try store.createIndex("length", keyPath: .path("length")).count() == 100)
      try store.put(.null, key: .number(100))
    }
    try stage.vault.database("d", for: shop).read("s") { transaction throws in
      #expect(try transaction.onlyStore.indexNames.count == 23)
    }
  }

  @Test("taking the first row again and again takes a time that grows with the rows alone")
  func queue() throws {
    func drain(_ count: Int, byIndex: Bool) throws -> Double {
      let stage = try DatabaseStage { try $0.createStore("s").createIndex("i", keyPath: .path("")) }
      try stage.write("s") { store throws in
        for number in 0..<count {
          try store.put(.number(Double(-number)), key: .number(Double(number)))
        }
      }
      return try time {
        try stage.write("s") { store throws in
          while let key = byIndex ? try store.index("i").getKey(.all) : try store.getKey(.all) {
            try store.delete(key)
          }
          #expect(try store.count() == 0)
        }
      }
    }
    for byIndex in [false, true] {
      let (few, many) = (try drain(1_000, byIndex: byIndex), try drain(8_000, byIndex: byIndex))
      #expect(many < few * 24, "8 times the rows took \(many / few) times as long")
    }
  }

  @Test("deleting a range costs the transaction little of its 64 MiB, and it may be filled again")
  func rangeDeletion() throws {
    let stage = try DatabaseStage { try $0.createStore("s").createIndex("i", keyPath: .path("")) }
    func key(_ number: Int) -> DatabaseKey {
      .array([.number(Double(number)), .binary([UInt8](repeating: 2, count: 60_000))])
    }
    for part in 0..<4 {
      try stage.write("s") { store throws in
        for number in 0..<300 {
          try store.put(.number(Double(number)), key: key(300 * part + number))
        }
      }
    }
    let from5 = DatabaseKeyRange.lowerBound(.array([.number(5)]))
    try stage.write("s") { store throws in
      try store.put(.string("within"), key: key(2_000))
      try store.delete(from5)
      #expect(try store.count() == 5)
      #expect(try store.get(key(7)) == nil && store.getKey(key(2_000)) == nil)
      #expect(try store.index("i").count() == 5)
      try store.add(.string("again"), key: key(7))
      try store.put(.string("more"), key: key(3_000))
      try store.delete(key(3_000))
      #expect(try store.getAllKeys(from5) == [key(7)])
      #expect(try store.index("i").getKey(.string("again")) == key(7))
    }
    try stage.vault.close()
    let vault = try stage.fixture.open()
    try vault.database("d", for: shop).read("s") { transaction throws in
      let store = try transaction.onlyStore
      #expect(try store.getAllKeys() == ([0, 1, 2, 3, 4, 7]).map(key))
      #expect(try store.get(key(7)) == .string("again"))
      #expect(try store.index("i").count() == 6)
    }
    #expect(try vault.verify().isSound)
  }

  @Test("a store that an upgrade has deleted is no longer one of its scope")
  func onlyStore() throws {
    let stage = try DatabaseStage { upgrade throws in
      try upgrade.createStore("s")
      try upgrade.createStore("t")
    }
    try stage.upgrade { upgrade throws in
      #expect(try fault { _ = try upgrade.transaction.onlyStore } == .invalidAccess)
      try upgrade.deleteStore("t")
      #expect(try upgrade.transaction.onlyStore.name == Array("s".utf16))
      try upgrade.transaction.put(.null, key: .number(1))
    }
  }

  @Test("ranges that touch become one, and hold what any of them held")
  func ranges() {
    var ranges = EntryRanges()
    var model = Set<UInt8>()
    var state: UInt64 = 5
    func next(_ bound: UInt64) -> UInt8 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8((state >> 33) % bound)
    }
    for round in 0..<400 {
      if round % 20 == 0 { (ranges, model) = (EntryRanges(), []) }
      let low = next(60)
      let high = low + 1 + next(6)
      let (isFirst, isLast) = (next(30) == 0, next(30) == 0)
      ranges.insert(EntryBounds(from: isFirst ? nil : [low], to: isLast ? nil : [high]))
      model.formUnion((isFirst ? 0 : low)..<(isLast ? 80 : high))
      for byte in UInt8(0)..<80 {
        #expect(ranges.contains([byte]) == model.contains(byte))
      }
      for (one, other) in zip(ranges.ranges, ranges.ranges.dropFirst()) {
        #expect(one.to != nil && other.from != nil && one.to?.precedes(other.from ?? []) == true)
      }
    }
  }

  @Test("a list without what is within bounds is the one of the others, and its copy stays whole")
  func lists() throws {
    let entries = (0..<3_000).map { DatabaseEntry([UInt8($0 >> 8), UInt8($0 & 255)]) }
    for (low, high) in [
      (0, 3_000), (0, 1), (2_999, 3_000), (100, 130), (250, 2_900), (256, 512), (7, 7), (9, 3),
    ] {
      let list = EntryList(entries)
      let copy = list.copy()
      let bounds = EntryBounds(
        from: low == 0 ? nil : entries[low].bytes, to: high == 3_000 ? nil : entries[high].bytes)
      list.remove(bounds)
      let left = entries.indices.filter { $0 < low || $0 >= high }.map { entries[$0] }
      var seen: [DatabaseEntry] = []
      try list.forEach(EntryBounds(.all)) { entry in
        seen.append(entry)
        return true
      }
      #expect(seen == left)
      #expect(list.count == left.count && list.byteCount == 66 * left.count)
      #expect(list.count(bounds) == 0 && list.first(bounds) == nil && list.last(bounds) == nil)
      #expect(copy.count == 3_000 && copy.count(bounds) == max(high - low, 0))
      list.removeAll { $0.bytes[1] & 1 == 0 }
      #expect(list.count == left.count { $0.bytes[1] & 1 == 1 })
    }
  }

  @Test("the document has every fault with its name, and the limits as they are")
  func document() throws {
    let faults: [(DatabaseFault, String)] = [
      (.constraint, "constraint"), (.data, "data"), (.dataClone, "dataClone"),
      (.readOnly, "readOnly"), (.version, "version"), (.notFound, "notFound"),
      (.invalidState, "invalidState"), (.transactionInactive, "transactionInactive"),
      (.abort, "abort"), (.invalidAccess, "invalidAccess"), (.syntax, "syntax"),
      (.quotaExceeded, "quotaExceeded"), (.type, "type"), (.conflict, "conflict"),
      (.blocked, "blocked"),
    ]
    let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let text = try String(
      contentsOf: here.appendingPathComponent("../../../docs/database.md"), encoding: .utf8)
    for (fault, name) in faults { #expect(text.contains("\n| `\(name)` | `\(fault.name)` | ")) }
    #expect(VaultLimits.databaseSchemaByteCount == 1 << 20 && text.contains("| 1 MiB as recorded;"))
    #expect(VaultLimits.databaseMadeIndexByteCount == 128 << 20 && text.contains("| 128 MiB, 64"))
    #expect(VaultLimits.databaseTransactionByteCount == 64 << 20 && text.contains("| 64 MiB |"))
    #expect(VaultLimits.databaseRangesDeleted == 1_024 && text.contains("1,024 such ranges"))
    #expect(VaultLimits.databaseIndexKeysPerRow == 10_000 && text.contains("1,000,000; 10,000"))
  }

  @Test("a description of more than 1 MiB is refused at the commit, and the old version stands")
  func schema() throws {
    let stage = try DatabaseStage { try $0.createStore("s") }
    let path = String(repeating: "p", count: 1_024)
    let refused = try fault {
      try stage.upgrade { upgrade throws in
        let store = try upgrade.store("s")
        for number in 0..<33 {
          try store.createIndex("\(number)", keyPath: .paths([String](repeating: path, count: 16)))
        }
      }
    }
    #expect(refused == .quotaExceeded)
    #expect(try stage.vault.databases(for: shop).map(\.version) == [1])
    #expect(try stage.vault.verify().isSound)
  }
}
