import ProveKeyVault
import Testing

@Suite("keys and values of localStorage are UTF-16 code units")
struct LocalStorageTextTests {
  let fixture: VaultFixture

  init() throws { fixture = try VaultFixture() }

  /// Keys that something along the way might take for one another.
  static let awkward: [[UInt16]] = [
    [], [0], [0, 0], [0x20], [0x61], [0x61, 0], [0, 0x61], [0x6100], [0x41],
    Array("\u{E9}".utf16), Array("e\u{301}".utf16), Array("\u{212B}".utf16),
    Array("\u{C5}".utf16), Array("A\u{30A}".utf16), Array("ﬁ".utf16), Array("fi".utf16),
    [0xD800], [0xDC00], [0xD800, 0xD800], [0xDC00, 0xD800], [0xD83D], [0xD83D, 0xDE00],
    [0xDE00], [0xFFFD], [0xFFFE], [0xFEFF], [0xFFFF], [0xFEFF, 0x61],
    Array("__proto__".utf16), Array("length".utf16), Array("0".utf16), Array("'; --".utf16),
  ]

  @Test("keys that look, compare or decode alike are kept apart (L1)")
  func keysApart() throws {
    var vault = try fixture.open()
    var storage = try vault.localStorage(for: shop)
    for (number, key) in Self.awkward.enumerated() {
      try storage.setItem(key, [UInt16(number)])
      #expect(try storage.count == number + 1)
    }
    try vault.close()
    vault = try fixture.open()
    storage = try vault.localStorage(for: shop)
    for (number, key) in Self.awkward.enumerated() {
      #expect(try storage.getItem(key) == [UInt16(number)])
    }
    #expect(try Set(storage.allKeysCodeUnits()) == Set(Self.awkward))
    for (number, key) in Self.awkward.enumerated() {
      try storage.removeItem(key)
      #expect(try storage.getItem(key) == nil)
      #expect(try storage.count == Self.awkward.count - 1 - number)
    }
  }

  @Test("values come back code unit by code unit")
  func values() throws {
    var vault = try fixture.open()
    var storage = try vault.localStorage(for: shop)
    let everything = Array(UInt16.min...UInt16.max)
    let values = Self.awkward + [everything, everything.reversed()]
    for (number, value) in values.enumerated() { try storage.setItem([UInt16(number)], value) }
    try vault.close()
    vault = try fixture.open()
    storage = try vault.localStorage(for: shop)
    for (number, value) in values.enumerated() {
      #expect(try storage.getItem([UInt16(number)]) == value)
    }
  }

  @Test("a String goes in as it is spelled and comes out so")
  func strings() throws {
    let vault = try fixture.open()
    let storage = try vault.localStorage(for: shop)
    try storage.setItem("\u{E9}", "one scalar \u{E9}")
    try storage.setItem("e\u{301}", "two scalars e\u{301}")
    #expect(try storage.count == 2)
    let one = try #require(try storage.getItem("\u{E9}"))
    #expect(one.unicodeScalars.elementsEqual("one scalar \u{E9}".unicodeScalars))
    let two = try #require(try storage.getItem("e\u{301}"))
    #expect(two.unicodeScalars.elementsEqual("two scalars e\u{301}".unicodeScalars))
    try storage.setItem("", "empty \u{0} 👩‍👩‍👧 \u{10FFFF}")
    #expect(try storage.getItem("") == "empty \u{0} 👩‍👩‍👧 \u{10FFFF}")
  }

  @Test("writing another spelling of the same letter is a change")
  func spellingChanges() throws {
    let vault = try fixture.open()
    let storage = try vault.localStorage(for: shop)
    try storage.setItem("name", "Ren\u{E9}")
    try storage.setItem("name", "Rene\u{301}")
    #expect(try storage.getItem(Array("name".utf16)) == Array("Rene\u{301}".utf16))
    #expect(try storage.usedCodeUnits == 9)
  }

  @Test("what is no text is refused by the String calls and given by the others, never repaired")
  func loneSurrogates() throws {
    let vault = try fixture.open()
    let storage = try vault.localStorage(for: shop)
    let half: [UInt16] = [0x61, 0xD83D]
    try storage.setItem(Array("a".utf16), half)
    #expect(try vaultError { _ = try storage.getItem("a") } == .loneSurrogate)
    #expect(try storage.getItem(Array("a".utf16)) == half)
    try storage.setItem("a", "text")
    #expect(try storage.getItem("a") == "text")
    try storage.clear()
    try storage.setItem([0xDC00], [])
    #expect(try vaultError { _ = try storage.key(at: 0) } == .loneSurrogate)
    #expect(try storage.keyCodeUnits(at: 0) == [0xDC00])
    // The letter that stands for what cannot be decoded is another key.
    #expect(try storage.getItem("\u{FFFD}") == nil)
  }
}
