import ProveKeyVault
import SQLiteDatabase
import Testing

@Suite("what the files show of localStorage")
struct LocalStorageSecrecyTests {
  let fixture: VaultFixture

  init() throws { fixture = try VaultFixture() }

  private func contains(_ haystack: [UInt8], _ needle: [UInt8]) -> Bool {
    guard let first = needle.first else { return false }
    var start = haystack.startIndex
    while let index = haystack[start...].firstIndex(of: first) {
      if haystack[index...].starts(with: needle) { return true }
      start = index + 1
    }
    return false
  }

  /// The bytes in which a text might stand in a file.
  private func forms(_ text: String) -> [[UInt8]] {
    [
      Array(text.utf8), text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] },
      text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] },
    ]
  }

  @Test("no origin, key or value stands in the clear in database or log")
  func nothingInTheClear() throws {
    let vault = try fixture.open()
    let storage = try vault.localStorage(for: "https://very-special-shop.example")
    try storage.setItem("telephone", "+12001004014")
    try storage.setItem("removed", "not there any longer")
    try storage.setItem("telephone", "changed number")
    try storage.removeItem("removed")
    _ = try storage.key(at: 0)
    let log = try fixture.bytes("device.vault-wal")
    try vault.close()
    let database = try fixture.bytes()
    // The search itself works: what must be there is found.
    #expect(contains(database, Array("PKSHEAD1".utf8)))
    #expect(contains(log, Array("PKSHEAD1".utf8)))
    for text in ["very-special", "telephone", "+12001004014", "changed", "removed", "any longer"] {
      for form in forms(text) {
        #expect(!contains(database, form))
        #expect(!contains(log, form))
      }
    }
  }

  @Test("what cleared items were sealed in is in neither database nor log")
  func clearedIsGone() throws {
    let vault = try fixture.open()
    try vault.localStorage(for: shop).setItem("a", "1")
    try vault.localStorage(for: shop).setItem("b", "2")
    try vault.close()
    var sealed: [[UInt8]] = []
    try fixture.attack { sealed = try $0.storedRows().map(\.sealed) }
    #expect(sealed.count == 3)
    let again = try fixture.open()
    try again.localStorage(for: shop).setItem("a", "3")
    try again.localStorage(for: shop).clear()
    let log = try fixture.bytes("device.vault-wal")
    try again.close()
    let database = try fixture.bytes()
    for bytes in sealed {
      #expect(!contains(database, bytes))
      #expect(!contains(log, bytes))
    }
  }

  @Test("one key in two origins or two vaults is found by nothing that they share")
  func nothingShared() throws {
    var seen: Set<[UInt8]> = []
    for name in ["first", "second"] {
      let vault = try fixture.open(name)
      for origin in [shop, "https://other.example"] {
        try vault.localStorage(for: origin).setItem("a", "1")
      }
      try vault.close()
      try fixture.attack(name) { connection in
        let rows = try connection.storedRows()
        #expect(rows.count == 4)
        for row in rows {
          #expect(seen.insert(row.locator).inserted)
          #expect(seen.insert(row.sealed).inserted)
          #expect((row.sealed.count - 81) % 32 == 0)
        }
        // Two for items, one for what all origins add up to.
        let namespaces = Set(rows.map(\.namespace))
        #expect(namespaces.count == 3)
        for namespace in namespaces { #expect(seen.insert(namespace).inserted) }
      }
    }
  }
}
