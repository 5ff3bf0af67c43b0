import Foundation
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import ProveKeyVault
import Testing

/// Vaults that earlier releases wrote, kept as they were: today's code opens them and finds in them
/// what `make(_:)` put there.
///
/// To keep one of a new format: raise `newest`, add to `make(_:)` what the format can newly hold and
/// to `check(_:format:)` what is then expected of it; run this suite once with
/// PROVE_KEY_STORE_MAKE_FIXTURE=1, which writes `Fixtures/format-N.vault` when it is not there, and
/// commit the file. A fixture is never written again: what opens it may change, not the file.
@Suite("vaults of every released format")
struct FormatFixtureTests {
  /// The format of the newest fixture.
  static let newest = 1

  let fixture: VaultFixture
  private let key: RawKey

  init() throws {
    fixture = try VaultFixture()
    // No secret: it is here for everyone to read.
    key = try RawKey([UInt8](0..<32).span)
  }

  private static var folder: String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures"
  }

  private static func file(_ format: Int) -> String { folder + "/format-\(format).vault" }

  @Test(
    "today's code opens a vault of every format and finds all that is in it", arguments: 1...newest)
  func opens(format: Int) throws {
    let file = try #require(FileHandle(forReadingAtPath: Self.file(format)))
    try fixture.write([UInt8](file.readToEnd() ?? Data()), to: "device.vault")
    let vault = try KeyVault.openExisting(at: fixture.path, unlock: .rawKey(key))
    try check(vault, format: format)
    try vault.close()
    // It is an ordinary vault from here on.
    let again = try KeyVault.openExisting(at: fixture.path, unlock: .rawKey(key))
    #expect(try again.verify().isSound)
    try again.rotate()
    #expect(try again.info().epochs == [2], "the rotation that was under way is finished")
  }

  @Test("a vault made as the newest fixture was has the same in it")
  func sameContent() throws {
    try make(fixture.path)
    try check(KeyVault.openExisting(at: fixture.path, unlock: .rawKey(key)), format: Self.newest)
  }

  @Test(
    "a fixture of the newest format is made when it is missing",
    .enabled(if: ProcessInfo.processInfo.environment["PROVE_KEY_STORE_MAKE_FIXTURE"] == "1"))
  func makeFixture() throws {
    guard !FileManager.default.fileExists(atPath: Self.file(Self.newest)) else { return }
    try make(Self.file(Self.newest))
  }

  /// Everything that a vault of the newest format can hold, in as few rows as that takes.
  private func make(_ path: String) throws {
    let vault = try KeyVault.create(
      at: path, unlock: .rawKey(key),
      clock: WallClock { UTCInstant(millisecondsSinceEpoch: 1_700_000_000_123) })
    // Keys: a placed one that has signed, a pending one, and one in another scope.
    let shop = try scope("https://shop.example", .usUAT)
    try vault.confirmKey(vault.placeKey(in: shop, as: deviceID("device-a")).deviceID, in: shop)
    for _ in 0..<65 { _ = try vault.sign(challenge, with: deviceID("device-a")) }
    _ = try vault.placeKey(in: shop, as: deviceID("device-b"))
    let bank = try scope("https://bank.example", .euProd)
    try vault.confirmKey(vault.placeKey(in: bank, as: deviceID("device-c")).deviceID, in: bank)
    // localStorage: text, the empty key, and code units that are no text.
    let storage = try vault.localStorage(for: "https://shop.example")
    try storage.setItem("theme", "dark")
    try storage.setItem("", "empty key")
    try storage.setItem([0, 0xD800], [0xDC00, 0])
    // Two epochs: a rotation that is stopped at once, and a record written since.
    try vault.rotate { _ in .stop }
    try storage.setItem("late", "second epoch")
    // A database: a generator, a unique index, and rows in an order that is not theirs.
    let database = try vault.database("shop", for: "https://shop.example", version: 2) { upgrade in
      let store = try upgrade.createStore("devices", autoIncrement: true)
      try store.createIndex("name", keyPath: .path(Array("name".utf16)), unique: true)
    }
    _ = try database.write("devices") { transaction throws in
      for name in ["c", "a", "b"] { _ = try transaction.put(.object(["name": .string(name)])) }
    }
    try vault.close()
  }

  /// Holds a vault against what ``make(_:)`` of that format wrote.
  private func check(_ vault: KeyVault, format: Int) throws {
    #expect(try vault.verify().isSound)
    #expect(try vault.info().epochs == [1, 2])
    #expect(try vault.info().keys == 3)
    let shop = try scope("https://shop.example", .usUAT)
    let placed = try #require(try vault.currentKey(in: shop))
    #expect(placed.deviceID.rawValue == "device-a")
    #expect(placed.confirmedAt?.millisecondsSinceEpoch == 1_700_000_000_123)
    let assertion = try vault.sign(challenge, with: placed)
    #expect(try verifies(assertion, of: placed))
    #expect(assertion.counter == 257, "a block of 256 was begun")
    #expect(try vault.pendingKey(in: shop)?.deviceID.rawValue == "device-b")
    let database = try vault.database("shop", for: "https://shop.example")
    #expect(database.version == 2)
    _ = try database.read("devices") { transaction throws in
      let keys = try transaction.onlyStore.index("name").getAllKeys()
      #expect(keys == [.number(2), .number(3), .number(1)])
    }
    let bank = try scope("https://bank.example", .euProd)
    #expect(try vault.keys(in: bank).map(\.deviceID.rawValue) == ["device-c"])
    let storage = try vault.localStorage(for: "https://shop.example")
    #expect(try storage.count == 4)
    #expect(try storage.getItem("theme") == "dark")
    #expect(try storage.getItem("") == "empty key")
    #expect(try storage.getItem([0, 0xD800]) == [0xDC00, 0])
    #expect(try storage.getItem("late") == "second epoch")
  }
}
