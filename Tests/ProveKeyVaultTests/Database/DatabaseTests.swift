import ProveKeyVault
import Testing

/// Runs `body` and returns the database's fault, or nil when it succeeded.
func fault(_ body: () throws -> Void) throws -> DatabaseFault? {
  do {
    try body()
    return nil
  } catch VaultError.database(let fault) {
    return fault
  }
}

@Suite("databases: stores, rows and versions")
struct DatabaseTests {
  let fixture: VaultFixture

  init() throws { fixture = try VaultFixture() }

  private func names(_ names: [[UInt16]]) -> [String?] {
    names.map { String(validating: $0, as: UTF16.self) }
  }

  @Test("a row is what was put last, also after reopening (I1, I4)")
  func putAndGet() throws {
    var vault = try fixture.open()
    var database = try vault.database("prove", for: shop, version: 1) {
      try $0.createStore("devices")
    }
    let bytes: [UInt8] = [1, 2, 3]
    try database.write("devices") { try $0.put(bytes, key: .string("x")) }
    try database.write("devices") { transaction throws in
      let store = try transaction.store("devices")
      try store.put(.string("later"), key: .string("x"))
      try store.add(.null, key: .number(-0.0))
      #expect(try store.get(.string("x")) == .string("later"))
    }
    try vault.close()
    vault = try fixture.open()
    database = try vault.database("prove", for: shop)
    #expect(database.version == 1)
    try database.read("devices") { transaction throws in
      let store = try transaction.onlyStore
      #expect(try store.get(.string("x")) == .string("later"))
      #expect(try store.get(.number(0)) == .null)
      #expect(try store.get(.number(1)) == nil)
      #expect(try store.count() == 2)
      #expect(try store.getAllKeys() == [.number(0), .string("x")])
    }
    #expect(try vault.verify().isSound)
  }

  @Test(
    "the same key, store and database names of different origins, stores and databases share nothing"
  )
  func isolation() throws {
    let vault = try fixture.open()
    for origin in [shop, "https://other.example"] {
      for name in ["a", "b", ""] {
        let database = try vault.database(name, for: origin) { upgrade throws in
          try upgrade.createStore("one")
          try upgrade.createStore("two")
        }
        try database.write("one") { try $0.put(.string(origin + name), key: .string("k")) }
      }
    }
    for origin in [shop, "https://other.example"] {
      #expect(try names(vault.databases(for: origin).map(\.name)) == ["", "a", "b"])
      for name in ["a", "b", ""] {
        try vault.database(name, for: origin).read("one", "two") { transaction throws in
          #expect(try transaction.store("one").getAll() == [.string(origin + name)])
          #expect(try transaction.store("two").count() == 0)
        }
      }
    }
    #expect(try vault.databases(for: "https://third.example").isEmpty)
    #expect(try vault.verify().isSound)
  }

  @Test("an upgrade that throws or is aborted leaves the old version, or no database, behind (I4)")
  func upgradeAborted() throws {
    struct Refusal: Error {}
    var vault = try fixture.open()
    #expect(throws: Refusal.self) {
      try vault.database("d", for: shop, version: 3) { upgrade throws in
        try upgrade.createStore("s").put(.null, key: .number(1))
        throw Refusal()
      }
    }
    #expect(try vault.databases(for: shop).isEmpty)
    #expect(try vault.info().records == 0)
    var database = try vault.database("d", for: shop, version: 3) { upgrade throws in
      #expect(upgrade.oldVersion == 0 && upgrade.newVersion == 3)
      let store = try upgrade.createStore("s", autoIncrement: true)
      try store.createIndex("i", keyPath: .path("n"))
      try store.put(.object(["n": .number(7)]))
    }
    database.close()
    let upgradeFault = try fault {
      _ = try vault.database("d", for: shop, version: 4) { upgrade throws in
        #expect(upgrade.oldVersion == 3)
        try upgrade.store("s").clear()
        try upgrade.store("s").put(.object(["n": .number(8)]))
        try upgrade.store("s").deleteIndex("i")
        try upgrade.createStore("t")
        try upgrade.deleteStore("s")
        try upgrade.abort()
      }
    }
    #expect(upgradeFault == .abort)
    for _ in 0..<2 {
      database = try vault.database("d", for: shop)
      #expect(database.version == 3)
      #expect(names(database.storeNames) == ["s"])
      try database.write("s") { transaction throws in
        let store = try transaction.onlyStore
        #expect(try store.index("i").getAllKeys(.number(7)) == [.number(1)])
        #expect(try store.index("i").getAllKeys() == [.number(1)])
      }
      #expect(try vault.verify().isSound)
      try vault.close()
      vault = try fixture.open()
    }
  }

  @Test("opening asks for the version: none is the present one, a lower one is refused")
  func versions() throws {
    let vault = try fixture.open()
    #expect(try vault.database("d", for: shop).version == 1)
    #expect(try vault.database("d", for: shop, version: 9).version == 9)
    #expect(try vault.database("d", for: shop).version == 9)
    #expect(try fault { _ = try vault.database("d", for: shop, version: 8) } == .version)
    for version in [0, 1 << 53, UInt64.max] {
      #expect(try fault { _ = try vault.database("d", for: shop, version: version) } == .type)
    }
    #expect(try vault.databases(for: shop).map(\.version) == [9])
    #expect(try vaultError { _ = try vault.database("d", for: "") } == .invalidOrigin)
  }

  @Test("an upgrade or a deletion waits for nobody: open handles block it (I7)")
  func blocked() throws {
    let vault = try fixture.open()
    let first = try vault.database("d", for: shop) { try $0.createStore("s") }
    let second = try vault.database("d", for: shop)
    #expect(try fault { _ = try vault.database("d", for: shop, version: 2) } == .blocked)
    first.close()
    #expect(try fault { try vault.deleteDatabase("d", for: shop) } == .blocked)
    #expect(try fault { try first.read("s") { _ in } } == .invalidState)
    try second.read("s") { _ throws in
      second.close()
      #expect(try fault { try vault.deleteDatabase("d", for: shop) } == .blocked)
    }
    #expect(try vault.deleteDatabase("d", for: shop))
    #expect(try !vault.deleteDatabase("d", for: shop))
    #expect(try fault { try second.read("s") { _ in } } == .invalidState)
    #expect(try vault.info().records == 0)
  }

  @Test("a deleted database leaves no record, and one made anew under its name begins empty")
  func deleted() throws {
    let vault = try fixture.open()
    var database = try vault.database("d", for: shop) { upgrade throws in
      try upgrade.createStore("s", autoIncrement: true)
    }
    try database.write("s") { for number in 0..<600 { try $0.put(.number(Double(number))) } }
    database.close()
    #expect(try vault.info().records == 602)
    try vault.deleteDatabase("d", for: shop)
    #expect(try vault.info().records == 0)
    database = try vault.database("d", for: shop) { upgrade throws in
      try upgrade.createStore("s", autoIncrement: true)
    }
    try database.write("s") { transaction throws in
      #expect(try transaction.onlyStore.getAllKeys() == [])
      #expect(try transaction.put(.null) == .number(1))
    }
    #expect(try vault.verify().isSound)
  }

  private func spoil(_ transaction: DatabaseTransaction) throws {
    let store = try transaction.onlyStore
    try store.put(.object(["n": .number(2)]))
    try store.put(.object(["n": .number(5)]), key: .number(70))
    try store.delete(.number(1))
    #expect(try store.index("i").getAllKeys() == [.number(2), .number(70)])
  }

  @Test("a write that throws or is aborted leaves nothing behind, in memory or on disk (I4)")
  func aborted() throws {
    struct Refusal: Error {}
    var vault = try fixture.open()
    var database = try vault.database("d", for: shop) { upgrade throws in
      try upgrade.createStore("s", autoIncrement: true)
        .createIndex("i", keyPath: .path("n"), unique: true)
    }
    try database.write("s") { try $0.put(.object(["n": .number(1)])) }
    try database.read("s") { _ = try $0.onlyStore.getAllKeys() }  // the order is kept from here on
    let generation = try vault.info().generation
    #expect(throws: Refusal.self) {
      try database.write("s") { transaction throws in
        try spoil(transaction)
        throw Refusal()
      }
    }
    let writeFault = try fault {
      try database.write("s") { transaction throws in
        try spoil(transaction)
        try transaction.abort()
        #expect(try fault { try transaction.put(.null) } == .transactionInactive)
      }
    }
    #expect(writeFault == .abort)
    #expect(try vault.info().generation == generation)
    for _ in 0..<2 {
      try database.read("s") { transaction throws in
        let store = try transaction.onlyStore
        #expect(try store.getAllKeys() == [.number(1)])
        #expect(try store.index("i").getAllKeys() == [.number(1)])
        #expect(try store.get(.number(1)) == .object(["n": .number(1)]))
      }
      try vault.close()
      vault = try fixture.open()
      database = try vault.database("d", for: shop)
    }
    #expect(try database.write("s") { try $0.put(.null) } == .number(2))
  }

  @Test("a read-only transaction writes nothing, and no transaction goes beyond its scope")
  func scopes() throws {
    let vault = try fixture.open()
    let database = try vault.database("d", for: shop) { upgrade throws in
      try upgrade.createStore("s")
      try upgrade.createStore("t")
    }
    try database.read("s") { transaction throws in
      let store = try transaction.store("s")
      #expect(try fault { try store.put(.null, key: .number(1)) } == .readOnly)
      #expect(try fault { try store.delete(.number(1)) } == .readOnly)
      #expect(try fault { try store.clear() } == .readOnly)
      #expect(try fault { _ = try transaction.store("t") } == .notFound)
      #expect(try fault { try store.createIndex("i", keyPath: .path("")) } == .invalidState)
    }
    try database.write("s", "t") { transaction throws in
      #expect(try fault { try transaction.put(.null, key: .number(1)) } == .invalidAccess)
    }
    #expect(try fault { try database.read("s", "u") { _ in } } == .notFound)
    #expect(try fault { try database.read(stores: []) { _ in } } == .invalidAccess)
  }

  @Test("what was held of a transaction that has ended throws")
  func ended() throws {
    let vault = try fixture.open()
    let database = try vault.database("d", for: shop) { upgrade throws in
      try upgrade.createStore("s").createIndex("i", keyPath: .path(""))
    }
    let held = try database.write("s") { transaction throws in
      try transaction.put(.number(1), key: .number(1))
      let store = try transaction.onlyStore
      return (transaction, store, try store.index("i"), try #require(try store.openCursor()))
    }
    #expect(try fault { _ = try held.0.store("s") } == .transactionInactive)
    #expect(try fault { try held.1.put(.null, key: .number(1)) } == .transactionInactive)
    #expect(try fault { _ = try held.1.get(.number(1)) } == .transactionInactive)
    #expect(try fault { _ = try held.2.count() } == .transactionInactive)
    #expect(try fault { _ = try held.3.key } == .transactionInactive)
    #expect(try fault { try held.3.delete() } == .transactionInactive)
    #expect(try fault { try held.0.abort() } == .transactionInactive)
  }

  @Test("a database survives rotation, backup, rewrapping and reopening")
  func life() throws {
    let vault = try fixture.open()
    let database = try vault.database("d", for: shop) { upgrade throws in
      try upgrade.createStore("s", autoIncrement: true).createIndex("i", keyPath: .path(""))
    }
    try database.write("s") { for number in 0..<300 { try $0.put(.number(Double(-number))) } }
    let check = { (database: Database) throws in
      try database.read("s") { transaction throws in
        #expect(try transaction.onlyStore.count() == 300)
        #expect(
          try transaction.onlyStore.index("i").getAllKeys(limit: 2) == [.number(300), .number(299)])
        #expect(try transaction.onlyStore.get(.number(5)) == .number(-4))
      }
    }
    try database.write("s") { transaction throws in
      try transaction.put(.string("under way"), key: .string("k"))
      try vault.rotate()  // the transaction goes on: nothing of its stores has changed
    }
    try database.write("s") { try $0.delete(.string("k")) }
    try check(database)
    try vault.backup(to: fixture.path("copy.vault"))
    #expect(try vault.verify().isSound)
    try vault.close()
    for name in ["device.vault", "copy.vault"] {
      let vault = try fixture.open(name)
      try check(vault.database("d", for: shop))
      #expect(try vault.verify().isSound)
      try vault.close()
    }
  }
}
