import ProveKeyVault
import Testing

@Suite("indexes and cursors")
struct DatabaseIndexTests {
  private static func person(_ name: String, _ age: Double, _ tags: [DatabaseValue] = [])
    -> DatabaseValue
  {
    .object(["name": .string(name), "age": .number(age), "tags": .array(tags)])
  }

  private func stage() throws -> DatabaseStage {
    let stage = try DatabaseStage { upgrade throws in
      let store = try upgrade.createStore("s")
      try store.createIndex("name", keyPath: .path("name"), unique: true)
      try store.createIndex("age", keyPath: .path("age"))
      try store.createIndex("tags", keyPath: .path("tags"), multiEntry: true)
      try store.createIndex("both", keyPath: .paths(["age", "name"]))
    }
    try stage.write("s") { store throws in
      try store.put(Self.person("eve", 30, [.string("a"), .string("b")]), key: .number(1))
      try store.put(Self.person("ann", 20, [.string("b"), .null, .string("b")]), key: .number(2))
      try store.put(Self.person("bob", 30), key: .number(3))
      try store.put(.string("no member of any index"), key: .number(4))
      try store.put(Self.person("dan", 30, [.number(1), .object([:])]), key: .number(5))
    }
    return stage
  }

  private func keys(_ numbers: Double...) -> [DatabaseKey] { numbers.map(DatabaseKey.number) }

  @Test("an index lists its rows by index key, then by primary key, and leaves out what has none")
  func order() throws {
    try stage().write("s") { store throws in
      #expect(try store.index("age").getAllKeys() == keys(2, 1, 3, 5))
      #expect(try store.index("age").getAllKeys(.number(30), limit: 2) == keys(1, 3))
      #expect(try store.index("age").count(.number(30)) == 3)
      #expect(try store.index("age").getKey(.lowerBound(.number(20), open: true)) == .number(1))
      #expect(try store.index("name").get(.string("bob")) == Self.person("bob", 30))
      #expect(try store.index("both").getAllKeys() == keys(2, 3, 5, 1))
      let range = try DatabaseKeyRange.bound(
        .array([.number(30)]), .array([.number(30), .string("d")]))
      #expect(try store.index("both").getAllKeys(range) == keys(3))
      #expect(try fault { _ = try store.index("none") } == .notFound)
    }
  }

  @Test("a multiEntry index has each key of an array once and passes over what is no key")
  func multiEntry() throws {
    try stage().write("s") { store throws in
      let tags = try store.index("tags")
      #expect(try tags.getAllKeys() == keys(5, 1, 1, 2))
      #expect(try tags.getAllKeys(.string("b")) == keys(1, 2))
      #expect(try tags.count() == 4)
      try store.put(.object(["tags": .string("alone")]), key: .number(9))
      #expect(try tags.getAllKeys(.string("alone")) == keys(9))
      #expect(tags.multiEntry && !tags.unique)
    }
  }

  @Test("a unique index refuses a second row of a key, and neither row nor generator changes (I9)")
  func unique() throws {
    let stage = try stage()
    try stage.write("s") { store throws in
      #expect(try fault { try store.put(Self.person("ann", 1), key: .number(9)) } == .constraint)
      #expect(try fault { try store.put(Self.person("ann", 1), key: .number(3)) } == .constraint)
      #expect(try store.get(.number(3)) == Self.person("bob", 30))
      try store.put(Self.person("ann", 21), key: .number(2))
      #expect(try store.index("age").getAllKeys(.number(21)) == keys(2))
      #expect(try store.index("age").getAllKeys(.number(20)) == [])
      try store.delete(.number(2))
      try store.put(Self.person("ann", 1), key: .number(9))
      #expect(try store.index("name").getKey(.string("ann")) == .number(9))
    }
    try stage.write("s") { store throws in
      #expect(try store.index("name").getKey(.string("ann")) == .number(9))
      #expect(try fault { try store.put(Self.person("ann", 1), key: .number(2)) } == .constraint)
    }
    let made = try DatabaseStage { upgrade throws in
      try upgrade.createStore("s", autoIncrement: true)
        .createIndex("m", keyPath: .path("m"), unique: true, multiEntry: true)
    }
    try made.write("s") { store throws in
      #expect(try store.put(.object(["m": .array([.number(1), .number(1)])])) == .number(1))
      #expect(
        try fault { try store.put(.object(["m": .array([.number(2), .number(1)])])) }
          == .constraint)
      #expect(try store.put(.object(["m": .array([.number(2)])])) == .number(2))
    }
  }

  @Test("an index made over rows holds them all, and goes with what the same upgrade writes")
  func madeLater() throws {
    let stage = try stage()
    try stage.upgrade { upgrade throws in
      let store = try upgrade.store("s")
      try store.put(Self.person("fay", 20), key: .number(6))
      let ages = try store.createIndex("again", keyPath: .path("age"))
      #expect(try ages.getAllKeys() == keys(2, 6, 1, 3, 5))
      try store.put(Self.person("fay", 99), key: .number(6))
      try store.put(Self.person("eve", 98), key: .number(1))
      try store.delete(.number(2))
      try store.delete(.upperBound(.number(0)))
      #expect(try ages.getAllKeys() == keys(3, 5, 1, 6))
      #expect(try store.index("age").getAllKeys() == keys(3, 5, 1, 6))
      #expect(
        try fault { try store.createIndex("u", keyPath: .path("age"), unique: true) }
          == .constraint)
      #expect(store.indexNames.count == 5)
      try store.deleteIndex("age")
      #expect(try fault { _ = try store.index("age") } == .notFound)
    }
    try stage.vault.database("d", for: shop).read("s") { transaction throws in
      #expect(try transaction.onlyStore.index("again").getAllKeys() == keys(3, 5, 1, 6))
      #expect(transaction.storeNames.count == 1)
    }
    #expect(try stage.vault.verify().isSound)
  }

  @Test("an index that is renamed keeps its entries, one that is deleted gives its name away")
  func renamed() throws {
    let stage = try stage()
    try stage.upgrade { upgrade throws in
      let store = try upgrade.store("s")
      let ages = try store.index("age")
      try store.renameIndex("age", to: "years")
      #expect(ages.name == Array("years".utf16))
      #expect(try ages.getAllKeys() == keys(2, 1, 3, 5))
      #expect(try fault { try store.renameIndex("age", to: "x") } == .notFound)
      #expect(try fault { try store.renameIndex("years", to: "name") } == .constraint)
      try store.renameIndex("years", to: "years")
      try store.deleteIndex("name")
      try store.renameIndex("tags", to: "name")
      try store.put(Self.person("gil", 25, [.string("c")]), key: .number(7))
    }
    try stage.vault.database("d", for: shop).write("s") { transaction throws in
      let store = try transaction.onlyStore
      #expect(try store.index("years").getAllKeys() == keys(2, 7, 1, 3, 5))
      #expect(try store.index("name").getAllKeys(.string("c")) == keys(7))
      #expect(try fault { try store.renameIndex("years", to: "x") } == .invalidState)
    }
    #expect(try stage.vault.verify().isSound)
  }

  private func walk(_ cursor: DatabaseCursor?) throws -> [[DatabaseKey]] {
    var seen: [[DatabaseKey]] = []
    guard let cursor else { return [] }
    repeat { seen.append([try cursor.key, try cursor.primaryKey]) } while try cursor.continue()
    #expect(cursor.isAtEnd)
    #expect(try fault { _ = try cursor.key } == .invalidState)
    #expect(try fault { try cursor.continue() } == .invalidState)
    return seen
  }

  @Test("cursors walk four ways; unique ones stand on the lowest primary key of each key")
  func directions() throws {
    try stage().write("s") { store throws in
      let ages = try store.index("age")
      let all = [keys(20, 2), keys(30, 1), keys(30, 3), keys(30, 5)]
      #expect(try walk(ages.openCursor()) == all)
      #expect(try walk(ages.openCursor(direction: .prev)) == all.reversed())
      #expect(try walk(ages.openCursor(direction: .nextUnique)) == [all[0], all[1]])
      #expect(try walk(ages.openCursor(direction: .prevUnique)) == [all[1], all[0]])
      #expect(try walk(ages.openCursor(.upperBound(.number(29)), direction: .prev)) == [all[0]])
      #expect(try ages.openCursor(.only(.number(31))) == nil)
      let down = try walk(store.openCursor(.upperBound(.number(4)), direction: .prevUnique))
      #expect(down == [keys(4, 4), keys(3, 3), keys(2, 2), keys(1, 1)])
    }
  }

  @Test("a cursor goes on by steps, to a key, and to a key and primary key that are ahead")
  func moving() throws {
    try stage().write("s") { store throws in
      let cursor = try #require(try store.openCursor())
      #expect(try cursor.advance(by: 2) && cursor.key == .number(3))
      #expect(try fault { try cursor.advance(by: 0) } == .type)
      #expect(try fault { try cursor.continue(to: .number(3)) } == .data)
      #expect(try fault { try cursor.continue(to: .number(.nan)) } == .data)
      #expect(try fault { try cursor.continue(to: .number(4), .number(4)) } == .invalidAccess)
      #expect(try cursor.continue(to: .number(4.5)) && cursor.key == .number(5))
      #expect(try !cursor.advance(by: 9) && cursor.isAtEnd)
      let index = try store.index("age")
      let entries = try #require(try index.openCursor())
      #expect(try entries.continue(to: .number(30), .number(2)) && entries.primaryKey == .number(3))
      #expect(try fault { try entries.continue(to: .number(30), .number(3)) } == .data)
      #expect(try fault { try entries.continue(to: .number(29), .number(9)) } == .data)
      let back = try #require(try index.openCursor(direction: .prev))
      #expect(try back.continue(to: .number(30), .number(4)) && back.primaryKey == .number(3))
      #expect(try back.continue(to: .number(25)) && back.primaryKey == .number(2))
      let unique = try #require(try index.openCursor(direction: .nextUnique))
      #expect(try fault { try unique.continue(to: .number(30), .number(3)) } == .invalidAccess)
    }
  }

  @Test("a cursor sees what its transaction changes ahead of it, and writes where it stands")
  func mutation() throws {
    let stage = try stage()
    try stage.write("s") { store throws in
      let cursor = try #require(try store.openCursor())
      try store.delete(.number(2))
      try store.put(Self.person("zoe", 1), key: .number(2.5))
      #expect(try cursor.continue() && cursor.key == .number(2.5))
      try cursor.update(Self.person("zoe", 2))
      #expect(try cursor.value == Self.person("zoe", 2))
      try cursor.delete()
      #expect(try fault { _ = try cursor.value } == .invalidState)
      try cursor.delete()
      #expect(try cursor.continue() && cursor.key == .number(3))
      // An index cursor whose entry moves ahead meets it again, as on the web.
      let ages = try #require(try store.index("age").openCursor(.only(.number(30))))
      try ages.update(Self.person("eve", 31))
      #expect(try ages.primaryKey == .number(1))
      #expect(try ages.continue() && ages.primaryKey == .number(3))
      let down = try #require(try store.openCursor(direction: .prev))
      try store.put(.null, key: .number(0))
      #expect(try down.continue(to: .number(0)) && down.value == .null)
    }
    try stage.database.read("s") { transaction throws in
      let store = try transaction.onlyStore
      #expect(try store.getAllKeys() == keys(0, 1, 3, 4, 5))
      let cursor = try #require(try store.openCursor())
      #expect(try fault { try cursor.update(.null) } == .readOnly)
      #expect(try fault { try cursor.delete() } == .readOnly)
    }
    let path = try DatabaseStage { try $0.createStore("s", keyPath: .path("id")) }
    try path.write("s") { store throws in
      try store.put(.object(["id": .number(1)]))
      let cursor = try #require(try store.openCursor())
      #expect(try fault { try cursor.update(.object(["id": .number(2)])) } == .data)
      try cursor.update(.object(["id": .number(1), "new": .null]))
      #expect(try store.getAll() == [.object(["id": .number(1), "new": .null])])
    }
  }

  @Test("a transaction sees its own writes in order among those that are committed, in thousands")
  func many() throws {
    let stage = try DatabaseStage { try $0.createStore("s").createIndex("i", keyPath: .path("")) }
    let numbers = (0..<3_000).map { Double(($0 * 7_919) % 3_000) }
    try stage.write("s") { store throws in
      for number in numbers where number < 1_500 {
        try store.put(.number(-number), key: .number(number))
      }
    }
    try stage.write("s") { store throws in
      #expect(try store.getAllKeys().count == 1_500)
      for number in numbers where number >= 1_500 {
        try store.put(.number(-number), key: .number(number))
      }
      try store.delete(DatabaseKeyRange.bound(.number(100), .number(2_899)))
      let left = numbers.filter { $0 < 100 || $0 > 2_899 }.sorted()
      #expect(try store.getAllKeys() == left.map(DatabaseKey.number))
      #expect(try store.index("i").getAllKeys() == left.reversed().map(DatabaseKey.number))
      #expect(try store.index("i").count(.upperBound(.number(-2_900))) == 100)
      #expect(try store.count(.lowerBound(.number(50), open: true)) == 149)
    }
    try stage.database.read("s") { transaction throws in
      let store = try transaction.onlyStore
      #expect(try store.count() == 200 && store.getAllKeys().count == 200)
      #expect(try store.index("i").count(.upperBound(.number(-2_900))) == 100)
    }
  }
}
