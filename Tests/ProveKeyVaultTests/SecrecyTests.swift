import ProveKeyModel
import ProveKeyVault
import SQLiteDatabase
import Testing

@Suite("what the files show")
struct SecrecyTests {
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

  @Test("no origin, id, build config or public key stands in the clear in database or log")
  func nothingInTheClear() throws {
    let vault = try fixture.open()
    let origin = "https://very-special-shop.example"
    let scope = try scope(origin, .euProd)
    let key = try vault.confirmKey(vault.placeKey(in: scope).deviceID, in: scope)
    let pending = try vault.placeKey(in: scope, as: deviceID("device-of-someone"))
    for key in [key, pending] { _ = try vault.sign(challenge, with: key) }
    let log = try fixture.bytes("device.vault-wal")
    try vault.close()
    let database = try fixture.bytes()
    // The search itself works: what must be there is found.
    #expect(contains(database, Array("PKSHEAD1".utf8)))
    #expect(contains(log, Array("PKSHEAD1".utf8)))
    let secrets =
      [
        Array(origin.utf8), Array("very-special".utf8), Array("EU_PROD".utf8),
        Array(pending.deviceID.rawValue.utf8), Array(key.deviceID.rawValue.utf8),
      ] + [key, pending].flatMap { [$0.publicKey.bytes, Array($0.publicKey.bytes[..<12])] }
    for secret in secrets {
      #expect(!contains(database, secret))
      #expect(!contains(log, secret))
    }
  }

  @Test(
    "two vaults with the same key and content share no locator, namespace or sealed byte string")
  func vaultsShareNothing() throws {
    var seen: Set<[UInt8]> = []
    for name in ["first", "second"] {
      let vault = try fixture.open(name)
      _ = try vault.placeKey(in: scope(), as: deviceID("d-1"))
      try vault.close()
      try fixture.attack(name) { connection in
        let rows = try connection.storedRows()
        #expect(rows.count == 3)
        for row in rows { #expect(seen.insert(row.locator).inserted) }
        for row in rows { #expect(seen.insert(row.sealed).inserted) }
        for namespace in Set(rows.map(\.namespace)) { #expect(seen.insert(namespace).inserted) }
      }
    }
  }

  @Test("what a removed key was sealed in is in neither database nor log")
  func removedSecretIsGone() throws {
    let vault = try fixture.open()
    let key = try vault.placeKey(in: scope())
    _ = try vault.sign(challenge, with: key)
    try vault.close()
    var sealed: [[UInt8]] = []
    try fixture.attack { sealed = try $0.storedRows().map(\.sealed) }
    let again = try fixture.open()
    _ = try again.sign(challenge, with: key)
    #expect(try again.removeKey(key.deviceID))
    let log = try fixture.bytes("device.vault-wal")
    try again.close()
    let database = try fixture.bytes()
    for bytes in sealed {
      #expect(!contains(database, bytes))
      #expect(!contains(log, bytes))
    }
  }

  @Test("all key records of vaults with short and long names are in steps of 32 bytes")
  func padding() throws {
    let vault = try fixture.open()
    _ = try vault.placeKey(in: scope("a"), as: deviceID("b"))
    _ = try vault.placeKey(
      in: scope(String(repeating: "o", count: 255)),
      as: deviceID(String(repeating: "i", count: 255)))
    try vault.close()
    try fixture.attack { connection in
      for row in try connection.storedRows() { #expect((row.sealed.count - 81) % 32 == 0) }
    }
  }
}
