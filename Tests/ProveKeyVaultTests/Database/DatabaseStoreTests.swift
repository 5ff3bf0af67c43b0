import ProveKeyVault
import Testing

/// A database with stores of all kinds, and a transaction on all of them.
final class DatabaseStage {
  let fixture: VaultFixture
  let vault: KeyVault
  let database: Database

  init(_ make: (DatabaseUpgrade) throws -> Void) throws {
    fixture = try VaultFixture()
    vault = try fixture.open()
    database = try vault.database("d", for: shop, upgrade: make)
  }

  /// Runs `body` on a store.
  func write(_ store: String, _ body: (ObjectStore) throws -> Void) throws {
    try database.write(store) { try body($0.onlyStore) }
  }

  /// Upgrades by a version.
  func upgrade(_ body: (DatabaseUpgrade) throws -> Void) throws {
    database.close()
    _ = try vault.database("d", for: shop, version: database.version + 1, upgrade: body)
  }
}

@Suite("object stores: keys, key paths and generators")
struct DatabaseStoreTests {
  @Test("put writes over a row, add refuses to, delete and clear take rows away")
  func rows() throws {
    let stage = try DatabaseStage { try $0.createStore("s") }
    try stage.write("s") { store throws in
      for number in 1...9 { try store.add(.number(Double(number)), key: .number(Double(number))) }
      #expect(try fault { try store.add(.null, key: .number(3)) } == .constraint)
      #expect(try store.put(.string("three"), key: .number(3)) == .number(3))
      #expect(try store.getAll(.lowerBound(.number(8))) == [.number(8), .number(9)])
    }
    try stage.write("s") { store throws in
      try store.delete(.number(1))
      try store.delete(.number(1))
      try store.delete(DatabaseKeyRange.bound(.number(4), .number(6), upperOpen: true))
      #expect(try store.getAllKeys() == [2, 3, 6, 7, 8, 9].map(DatabaseKey.number))
      #expect(try store.get(.lowerBound(.number(2), open: true)) == .string("three"))
      #expect(try store.getKey(.lowerBound(.number(4))) == .number(6))
      #expect(try store.getKey(.upperBound(.number(1))) == nil)
      #expect(try store.count(.upperBound(.number(7))) == 4)
      #expect(try store.count(.number(7)) == 1 && store.count(.number(1)) == 0)
      #expect(try store.getAllKeys(limit: 2) == [.number(2), .number(3)])
      #expect(try store.getAllKeys(limit: 0).count == 6)
      #expect(try fault { _ = try store.getAll(limit: -1) } == .type)
      try store.clear()
      #expect(try store.count() == 0 && store.get(.number(2)) == nil)
      try store.put(.null, key: .number(5))
      #expect(try store.getAllKeys() == [.number(5)])
    }
    try stage.database.read("s") { transaction throws in
      #expect(try transaction.onlyStore.count() == 1)
    }
  }

  @Test("a key is given where the store has neither path nor generator, and nowhere else")
  func keys() throws {
    let stage = try DatabaseStage { upgrade throws in
      try upgrade.createStore("plain")
      try upgrade.createStore("path", keyPath: .path("id"))
      try upgrade.createStore("generator", autoIncrement: true)
    }
    try stage.write("plain") { store throws in
      #expect(try fault { try store.put(.null) } == .data)
      #expect(try fault { try store.put(.null, key: .number(.nan)) } == .data)
      #expect(try fault { _ = try store.get(.number(.nan)) } == .data)
      #expect(try fault { try store.delete(.only(.date(.nan))) } == .data)
      #expect(try fault { _ = try store.count(.lowerBound(.number(.nan))) } == .data)
    }
    try stage.write("path") { store throws in
      #expect(try fault { try store.put(.object(["id": .number(1)]), key: .number(1)) } == .data)
      #expect(try fault { try store.put(.object([:])) } == .data)
      #expect(try fault { try store.put(.object(["id": .null])) } == .data)
      #expect(try fault { try store.put(.number(1)) } == .data)
      #expect(try store.put(.object(["id": .string("k")])) == .string("k"))
    }
    try stage.write("generator") { store throws in
      #expect(try store.put(.null) == .number(1))
      #expect(try store.put(.null, key: .string("k")) == .string("k"))
      #expect(try store.put(.null) == .number(2))
    }
  }

  @Test("numeric keys that are given move a generator past themselves, and it never falls (I10)")
  func generator() throws {
    let stage = try DatabaseStage { try $0.createStore("s", autoIncrement: true) }
    try stage.write("s") { store throws in
      #expect(try store.put(.null, key: .number(5.9)) == .number(5.9))
      #expect(try store.put(.null) == .number(6))
      try store.put(.null, key: .number(-7))
      try store.put(.null, key: .number(3))
      try store.put(.null, key: .date(900))
      try store.put(.null, key: .number(-.infinity))
      #expect(try store.put(.null) == .number(7))
      try store.clear()
      #expect(try store.put(.null) == .number(8))
      #expect(try fault { try store.add(.null, key: .number(8)) } == .constraint)
      #expect(try store.add(.null) == .number(9))
      // A call that fails moves nothing.
      try store.put(.null, key: .number(20))
      #expect(try fault { try store.add(.null, key: .number(20)) } == .constraint)
      #expect(try store.add(.null) == .number(21))
    }
    try stage.write("s") { store throws in #expect(try store.put(.null) == .number(22)) }
  }

  @Test(
    "a generator gives whole numbers up to 2^53, and then none (I10)", arguments: [false, true])
  func generatorEnd(isInfinite: Bool) throws {
    let stage = try DatabaseStage { try $0.createStore("s", autoIncrement: true) }
    let last = 9_007_199_254_740_992.0
    try stage.write("s") { store throws in
      try store.put(.null, key: .number(last - 1))
      #expect(try store.put(.string("last")) == .number(last))
      #expect(try fault { try store.put(.null) } == .constraint)
      try store.put(.null, key: .number(1))
      #expect(try fault { try store.put(.null) } == .constraint)
    }
    try stage.write("s") { store throws in
      #expect(try fault { try store.put(.null) } == .constraint)
      #expect(try store.get(.number(last)) == .string("last"))
    }
    let other = try DatabaseStage { try $0.createStore("s", autoIncrement: true) }
    try other.write("s") { store throws in
      try store.put(.null, key: .number(isInfinite ? .infinity : last * 4))
      #expect(try fault { try store.put(.null) } == .constraint)
    }
  }

  @Test("a key path finds members, lengths and the value itself, and several give an array")
  func keyPaths() throws {
    let value = DatabaseValue.object([
      "a": .object(["b": .object(["c": .number(1)])]), "t": .string("four"),
      "l": .array([.null, .null]), "$x_1": .date(3), "length": .number(9),
    ])
    let cases: [(String, DatabaseKey?)] = [
      ("a.b.c", .number(1)), ("a.b", nil), ("a.c", nil), ("a.b.c.d", nil), ("t.length", .number(4)),
      ("l.length", .number(2)), ("l", nil), ("$x_1", .date(3)), ("length", .number(9)),
      ("t", .string("four")), ("", nil),
    ]
    for (path, key) in cases {
      let stage = try DatabaseStage { try $0.createStore("s", keyPath: .path(path)) }
      try stage.write("s") { store throws in
        let found = try? store.put(value)  // refused where there is no key
        #expect(found == key, "\(path)")
      }
    }
    let whole = try DatabaseStage { try $0.createStore("s", keyPath: .path("")) }
    try whole.write("s") { store throws in
      #expect(try store.put(.string("me")) == .string("me"))
    }
    let several = try DatabaseStage {
      try $0.createStore("s", keyPath: .paths(["a.b.c", "t", "t.length"]))
    }
    try several.write("s") { store throws in
      #expect(try store.put(value) == .array([.number(1), .string("four"), .number(4)]))
      #expect(try fault { try store.put(.object(["t": .string("no a")])) } == .data)
    }
  }

  @Test("key paths that are none, and those that do not go with a generator, are refused")
  func keyPathRules() throws {
    let stage = try DatabaseStage { upgrade throws in
      let wrong = [".", "a.", ".a", "a..b", "1a", "a b", "a-b", " ", "a.1", "\u{301}a"]
      for path in wrong {
        #expect(try fault { try upgrade.createStore("s", keyPath: .path(path)) } == .syntax)
        #expect(
          try fault { try upgrade.createStore("s", keyPath: .paths(["a", path])) } == .syntax)
      }
      #expect(try fault { try upgrade.createStore("s", keyPath: .path([0xD800])) } == .syntax)
      #expect(try fault { try upgrade.createStore("s", keyPath: .paths([String]())) } == .syntax)
      for path in [DatabaseKeyPath.path(""), .paths(["a"])] {
        #expect(
          try fault { try upgrade.createStore("s", keyPath: path, autoIncrement: true) }
            == .invalidAccess)
      }
      let store = try upgrade.createStore("s", keyPath: .path("ä.π.a\u{200D}b1"))
      #expect(try fault { try upgrade.createStore("s") } == .constraint)
      #expect(
        try fault { try store.createIndex("i", keyPath: .paths(["a"]), multiEntry: true) }
          == .invalidAccess)
      #expect(try fault { try store.createIndex("i", keyPath: .path("a b")) } == .syntax)
      try store.createIndex("i", keyPath: .path("a"))
      #expect(try fault { try store.createIndex("i", keyPath: .path("b")) } == .constraint)
      #expect(try fault { try store.deleteIndex("j") } == .notFound)
      #expect(try fault { try upgrade.deleteStore("t") } == .notFound)
      let long = String(repeating: "n", count: 1_025)
      #expect(try fault { try upgrade.createStore(long) } == .quotaExceeded)
    }
    #expect(stage.database.storeNames == [Array("s".utf16)])
  }

  @Test("a generated key is put into the value, and into objects made on the way")
  func injection() throws {
    let stage = try DatabaseStage {
      try $0.createStore("s", keyPath: .path("a.b.id"), autoIncrement: true)
    }
    try stage.write("s") { store throws in
      #expect(try store.put(.object([:])) == .number(1))
      #expect(
        try store.get(.number(1)) == .object(["a": .object(["b": .object(["id": .number(1)])])]))
      #expect(try store.put(.object(["x": .null, "a": .object(["y": .null])])) == .number(2))
      #expect(
        try store.get(.number(2))
          == .object([
            "x": .null, "a": .object(["y": .null, "b": .object(["id": .number(2)])]),
          ]))
      #expect(
        try store.put(.object(["a": .object(["b": .object(["id": .number(9)])])])) == .number(9))
      #expect(try fault { try store.put(.object(["a": .number(1)])) } == .data)
      #expect(try fault { try store.put(.object(["a": .array([])])) } == .data)
      #expect(try fault { try store.put(.string("none")) } == .data)
      #expect(try store.put(.object([:])) == .number(10))
    }
  }

  @Test("a store that an upgrade renames keeps its rows, one that it deletes gives its name away")
  func upgrades() throws {
    let stage = try DatabaseStage { try $0.createStore("s", autoIncrement: true) }
    try stage.write("s") { try $0.put(.string("old")) }
    try stage.upgrade { upgrade throws in
      try upgrade.renameStore("s", to: "t")
      let made = try upgrade.createStore("s", autoIncrement: true)
      try made.put(.string("new"))
      let gone = try upgrade.createStore("gone")
      try upgrade.deleteStore("gone")
      #expect(try fault { try gone.put(.null, key: .number(1)) } == .invalidState)
      #expect(try fault { try upgrade.renameStore("s", to: "t") } == .constraint)
      #expect(upgrade.storeNames == ["s", "t"].map { Array($0.utf16) })
    }
    let database = try stage.vault.database("d", for: shop)
    try database.read("s", "t") { transaction throws in
      #expect(try transaction.store("s").getAll() == [.string("new")])
      #expect(try transaction.store("t").getAll() == [.string("old")])
    }
    database.close()
    _ = try stage.vault.database("d", for: shop, version: 3) { upgrade throws in
      try upgrade.deleteStore("t")
      let again = try upgrade.createStore("t", autoIncrement: true)
      #expect(try again.put(.null) == .number(1))
    }
    #expect(try stage.vault.verify().isSound)
    #expect(try stage.vault.info().records == 5)
  }
}
