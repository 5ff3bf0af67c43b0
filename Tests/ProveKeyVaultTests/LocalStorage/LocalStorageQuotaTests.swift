import ProveKeySealing
import Testing

@testable import ProveKeyVault

@Suite("the quota of localStorage")
struct LocalStorageQuotaTests {
  let fixture: VaultFixture

  init() throws { fixture = try VaultFixture() }

  private func units(_ count: Int) -> [UInt16] { [UInt16](repeating: 0x78, count: count) }

  @Test("keys and values fill the quota to the last code unit, and one more changes nothing (L3)")
  func edge() throws {
    let vault = try fixture.open()
    let storage = try vault.localStorage(for: shop, quotaCodeUnits: 20)
    try storage.setItem(units(4), units(6))
    try storage.setItem(units(5), units(5))
    #expect(try storage.usedCodeUnits == 20)
    let before = try vault.info()
    for (key, value) in [(1, 0), (0, 1), (4, 7), (5, 6), (1, 100), (21, 0)] {
      #expect(
        try vaultError { try storage.setItem(units(key), units(value)) } == .quotaExceeded)
    }
    #expect(try vault.info() == before)
    #expect(try storage.getItem(units(4)) == units(6))
    #expect(try storage.count == 2)
    // Neither the empty item nor what is there already takes any room.
    try storage.setItem([], [])
    try storage.setItem(units(4), units(6))
    try storage.setItem(units(4), Array(units(6).dropLast()) + [0x79])
    try storage.removeItem(units(5))
    try storage.setItem(units(4), units(16))
    #expect(try storage.usedCodeUnits == 20)
    #expect(try vaultError { try storage.setItem(units(1), []) } == .quotaExceeded)
    #expect(try vault.verify().isSound)
  }

  @Test("a letter beyond the basic plane counts as two")
  func surrogatePairs() throws {
    let storage = try fixture.open().localStorage(for: shop, quotaCodeUnits: 4)
    #expect(try vaultError { try storage.setItem("😀", "abc") } == .quotaExceeded)
    try storage.setItem("😀", "ab")
    #expect(try storage.usedCodeUnits == 4)
  }

  @Test("each origin has a quota of its own, and each handle its own bound")
  func perOrigin() throws {
    let vault = try fixture.open()
    let small = try vault.localStorage(for: shop, quotaCodeUnits: 10)
    try small.setItem(units(1), units(9))
    try vault.localStorage(for: "https://other.example", quotaCodeUnits: 10)
      .setItem(units(1), units(9))
    #expect(try vaultError { try small.setItem(units(2), []) } == .quotaExceeded)
    try vault.localStorage(for: shop, quotaCodeUnits: 12).setItem(units(2), [])
    #expect(try small.usedCodeUnits == 12)
  }

  @Test("what is over a smaller quota is kept and may be made less, not more (L3)")
  func overQuota() throws {
    let vault = try fixture.open()
    try vault.localStorage(for: shop).setItem(units(1), units(99))
    let small = try vault.localStorage(for: shop, quotaCodeUnits: 10)
    #expect(try small.getItem(units(1)) == units(99))
    #expect(try vaultError { try small.setItem(units(1), units(100)) } == .quotaExceeded)
    try small.setItem(units(1), Array(units(98)) + [0])
    try small.setItem(units(1), units(50))
    #expect(try vaultError { try small.setItem([], units(1)) } == .quotaExceeded)
    try small.removeItem(units(1))
    try small.setItem(units(1), units(9))
    #expect(try small.usedCodeUnits == 10)
  }

  @Test("the default quota holds 5,242,880 code units, and one item no more at any quota")
  func large() throws {
    let vault = try fixture.open()
    let storage = try vault.localStorage(for: shop)
    try storage.setItem([], units(5_242_880))
    #expect(try storage.usedCodeUnits == 5_242_880)
    #expect(try vaultError { try storage.setItem([], units(5_242_881)) } == .quotaExceeded)
    let wide = try vault.localStorage(for: shop, quotaCodeUnits: 20_000_000)
    #expect(try vaultError { try wide.setItem([], units(5_242_881)) } == .itemTooLarge)
    #expect(try vaultError { try wide.setItem(units(5_242_881), []) } == .itemTooLarge)
    #expect(
      try vaultError { try wide.setItem(units(1), units(20_000_000)) } == .quotaExceeded)
    #expect(try wide.getItem([])?.count == 5_242_880)
    try wide.setItem(units(1), units(100))
    #expect(try wide.usedCodeUnits == 5_242_981)
    #expect(try vaultError { try storage.setItem(units(2), []) } == .quotaExceeded)
  }

  @Test("an origin has at most so many items, though they take little room (L3)")
  func items() throws {
    #expect(VaultLimits.storageItemsPerOrigin == 100_000)
    let vault = try fixture.open()
    let (room, topic) = try vault.withRing { ring throws(VaultError) in
      let topic = try ring.shelf.room(for: shop, quota: 1_000).1
      return (try StorageRoom(shop, quota: 1_000, itemLimit: 10, ring.store.keys), topic)
    }
    let storage = LocalStorage(vault, room, topic)
    for number in 0..<10 { try storage.setItem([UInt16(number)], []) }
    let before = try vault.info()
    #expect(try vaultError { try storage.setItem([10], []) } == .quotaExceeded)
    #expect(try vault.info() == before)
    try storage.setItem([7], [1])
    try storage.removeItem([8])
    try storage.setItem([10], [])
    #expect(try storage.count == 10)
    #expect(try vaultError { try storage.setItem([8], []) } == .quotaExceeded)
  }
}
