import ProveKeyModel
import ProveKeyVault
import Testing

let shop = "https://shop.example"

/// Source: WHATWG HTML, "Web storage", the interface `Storage`.
@Suite("localStorage, as the web has it")
struct LocalStorageTests {
  let fixture: VaultFixture

  init() throws { fixture = try VaultFixture() }

  @Test("an item is there until it is removed, also after reopening", arguments: [false, true])
  func item(isShared: Bool) throws {
    let mode: VaultMode = isShared ? .shared : .exclusive
    var vault = try fixture.open(mode: mode)
    var storage = try vault.localStorage(for: shop)
    #expect(storage.origin == shop)
    #expect(storage.quotaCodeUnits == 5 * 1024 * 1024)
    #expect(try storage.getItem("theme") == nil)
    #expect(try storage.count == 0)
    try storage.setItem("theme", "dark")
    try storage.setItem("size", "")
    #expect(try storage.getItem("theme") == "dark")
    #expect(try storage.getItem("size") == "")
    #expect(try storage.count == 2)
    #expect(try storage.usedCodeUnits == 13)
    try vault.close()

    vault = try fixture.open(mode: mode)
    storage = try vault.localStorage(for: shop)
    #expect(try storage.getItem("theme") == "dark")
    #expect(try storage.count == 2)
    try storage.setItem("theme", "light")
    #expect(try storage.getItem("theme") == "light")
    #expect(try storage.count == 2)
    try storage.removeItem("theme")
    #expect(try storage.getItem("theme") == nil)
    #expect(try storage.count == 1)
    #expect(try storage.usedCodeUnits == 4)
    #expect(try vault.verify().isSound)
  }

  @Test("clearing removes all items of the origin and leaves no record behind (L2)")
  func clear() throws {
    let vault = try fixture.open()
    let storage = try vault.localStorage(for: shop)
    let other = try vault.localStorage(for: "https://other.example")
    try other.setItem("kept", "yes")
    for number in 0..<20 { try storage.setItem("\(number)", "value") }
    #expect(try vault.info().records == 23)
    try storage.clear()
    #expect(try storage.count == 0)
    #expect(try storage.usedCodeUnits == 0)
    #expect(try storage.key(at: 0) == nil)
    #expect(try storage.getItem("7") == nil)
    #expect(try other.getItem("kept") == "yes")
    #expect(try vault.info().records == 2)
    try other.removeItem("kept")
    #expect(try vault.info().records == 0)
    #expect(try vault.verify().isSound)
  }

  @Test("a call that would change nothing writes nothing")
  func nothingToDo() throws {
    let vault = try fixture.open()
    let storage = try vault.localStorage(for: shop)
    try storage.setItem("a", "1")
    let generation = try vault.info().generation
    try storage.setItem("a", "1")
    try storage.removeItem("b")
    try vault.localStorage(for: "https://other.example").clear()
    #expect(try vault.info().generation == generation)
    try storage.setItem("a", "2")
    #expect(try vault.info().generation == generation + 1)
  }

  @Test("the order of keys stays while no item comes or goes, also after reopening")
  func order() throws {
    var vault = try fixture.open()
    var storage = try vault.localStorage(for: shop)
    for number in 0..<30 { try storage.setItem("key \(number)", "") }
    let keys = try (0..<30).map { try #require(try storage.key(at: $0)) }
    #expect(Set(keys).count == 30)
    #expect(try storage.allKeysCodeUnits() == keys.map { Array($0.utf16) })
    for key in keys { try storage.setItem(key, "changed") }
    #expect(try (0..<30).map { try storage.key(at: $0) } == keys)
    #expect(try storage.key(at: 30) == nil)
    #expect(try storage.key(at: -1) == nil)
    try vault.close()

    vault = try fixture.open()
    storage = try vault.localStorage(for: shop)
    // What is kept in memory moves along with what comes and goes.
    #expect(try storage.key(at: 29) == keys[29])
    try storage.removeItem(keys[10])
    try storage.setItem("new", "")
    #expect(try Set(storage.allKeysCodeUnits()).count == 30)
    try storage.removeItem("new")
    try storage.setItem(keys[10], "")
    #expect(try (0..<30).map { try storage.key(at: $0) } == keys)
  }

  @Test("origins never see each other, however alike they are")
  func origins() throws {
    let vault = try fixture.open()
    // The last two are one letter in two spellings, equal to Swift's String.
    let origins = [
      shop, shop + ":443", "http://shop.example", shop.uppercased(), shop + "/", "a", "ab",
      "caf\u{E9}", "cafe\u{301}",
    ]
    for (number, origin) in origins.enumerated() {
      try vault.localStorage(for: origin).setItem("b", "\(number)")
    }
    for (number, origin) in origins.enumerated() {
      let storage = try vault.localStorage(for: origin)
      #expect(try storage.getItem("b") == "\(number)")
      #expect(try storage.count == 1)
      #expect(try storage.key(at: 0) == "b")
      #expect(try storage.key(at: 1) == nil)
      try storage.clear()
      #expect(try vault.info().records == 2 * (origins.count - 1 - number))
    }
  }

  @Test("storage and keys of one origin leave each other alone")
  func besideKeys() throws {
    let vault = try fixture.open()
    let storage = try vault.localStorage(for: shop)
    let key = try vault.confirmKey(vault.placeKey(in: scope()).deviceID, in: scope())
    try storage.setItem("deviceId", key.deviceID.rawValue)
    _ = try vault.sign(challenge, with: key)
    #expect(try vault.info().keys == 1)
    #expect(try vault.verify().keys == 1)
    try storage.clear()
    #expect(try vault.currentKey(in: scope()) == key)
    try storage.setItem("a", "b")
    try vault.removeKey(key.deviceID)
    #expect(try storage.getItem("a") == "b")
    #expect(try vault.verify().isSound)
  }

  @Test("an origin or a quota that cannot be is refused")
  func bounds() throws {
    let vault = try fixture.open()
    for origin in ["", "a\nb", String(repeating: "o", count: 256)] {
      #expect(try vaultError { _ = try vault.localStorage(for: origin) } == .invalidOrigin)
    }
    for quota in [-1, 67_108_865, Int.max, Int.min] {
      #expect(
        try vaultError { _ = try vault.localStorage(for: shop, quotaCodeUnits: quota) }
          == .quotaOutOfBounds)
    }
    _ = try vault.localStorage(for: String(repeating: "o", count: 255), quotaCodeUnits: 67_108_864)
  }

  @Test("a handle of a vault that was closed says so")
  func closed() throws {
    let vault = try fixture.open()
    let storage = try vault.localStorage(for: shop)
    try vault.close()
    let calls: [() throws -> Void] = [
      { _ = try storage.getItem("a") }, { try storage.setItem("a", "") },
      { try storage.removeItem("a") }, { try storage.clear() }, { _ = try storage.count },
      { _ = try storage.key(at: 0) }, { _ = try storage.changes() },
      { _ = try vault.localStorage(for: shop) },
    ]
    for call in calls { #expect(try vaultError(call) == .closed) }
  }

  @Test("a handle and what it tells show no origin, name or value when printed")
  func printing() async throws {
    let vault = try fixture.open()
    let storage = try vault.localStorage(for: shop)
    let changes = try storage.changes()
    try vault.localStorage(for: shop).setItem("theme", "dark")
    var iterator = changes.makeAsyncIterator()
    let change = try #require(await iterator.next())
    var dumped = ""
    dump(storage, to: &dumped)
    dump(change, to: &dumped)
    for text in [dumped, "\(storage)", "\(change)", String(reflecting: change)] {
      for secret in ["shop", "theme", "dark", "116"] { #expect(!text.contains(secret)) }
    }
  }
}
