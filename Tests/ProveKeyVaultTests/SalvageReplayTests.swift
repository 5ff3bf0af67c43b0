import ProveKeyModel
import ProveKeySealing
import SQLiteDatabase
import Testing

@testable import ProveKeyVault

/// A salvage of vaults into which somebody has put genuine parts of another time.
@Suite struct SalvageReplayTests {
  let fixture: VaultFixture

  init() throws {
    fixture = try VaultFixture()
  }

  @discardableResult
  private func salvage(_ name: String = "device.vault", into target: String = "new.vault") throws
    -> SalvageReport
  {
    try KeyVault.salvage(
      at: fixture.path(name), unlock: .rawKey(fixture.key), into: fixture.path(target))
  }

  private func rows(_ name: String = "device.vault") throws -> [StoredRow] {
    var rows: [StoredRow] = []
    try fixture.attack(name) { rows = try $0.storedRows() }
    return rows
  }

  /// Signs so often that the last counter lies many blocks above the first.
  private func signMuch(_ vault: KeyVault, _ key: ProveKey) throws -> UInt64 {
    var last: UInt64 = 0
    for _ in 0..<2_600 { last = try #require(try vault.sign(challenge, with: key).counter) }
    return last
  }

  private func locators(
    _ vault: KeyVault, _ body: (StoreKeys) -> [Locator]
  ) throws -> Set<[UInt8]> {
    try vault.withRing { ring throws(VaultError) in Set(body(ring.store.keys).map(\.bytes)) }
  }

  @Test("rows that are newer than an older state put back are saved, and counters with them (V10)")
  func olderState() throws {
    let vault = try fixture.open()
    let key = try vault.placeKey(in: scope())
    try vault.close()
    var state: [UInt8] = []
    try fixture.attack { state = try $0.blob("SELECT sealed FROM state") }
    let again = try fixture.open()
    let last = try signMuch(again, key)
    try again.localStorage(for: "https://a.example").setItem("k", "v")
    try again.close()
    try fixture.attack { try $0.run("UPDATE state SET sealed = ?", state) }

    let report = try salvage()
    #expect(!report.isWhole)
    #expect(report.losses.contains(VaultDamage(.state, .replaced)))
    #expect(report.records == 6)
    #expect(report.storageItems == 1)
    let next = try fixture.open("new.vault").sign(challenge, with: key)
    #expect(try #require(next.counter) > last)
  }

  @Test("with state and counter both gone, no value comes again, nor after a second salvage (V10)")
  func lostStateAndCounter() throws {
    let vault = try fixture.open()
    let key = try vault.placeKey(in: scope())
    var last = try signMuch(vault, key)
    try vault.close()
    for (name, target) in [("device.vault", "second"), ("second", "third")] {
      let opened = try fixture.open(name)
      let counter = try locators(opened) { [$0.counterLocator(key.publicKey)] }
      try opened.close()
      try fixture.attack(name) { connection in
        try connection.execute("DELETE FROM state")
        for row in try connection.storedRows() where counter.contains(row.locator) {
          try connection.delete(row)
        }
      }
      #expect(try !salvage(name, into: target).isWhole)
      let new = try fixture.open(target)
      let next = try #require(try new.sign(challenge, with: key).counter)
      #expect(next > last)
      last = try signMuch(new, key)
      try new.close()
    }
  }

  @Test(
    "a pending record put back beside the placed one of its key does not keep that from being saved"
  )
  func pendingBesidePlaced() throws {
    let vault = try fixture.open()
    let pending = try vault.placeKey(in: scope())
    let facts = try locators(vault) { [$0.factsLocator(.pending, pending.deviceID)] }
    try vault.close()
    let old = try rows().filter { facts.contains($0.locator) }
    #expect(old.count == 1)
    let again = try fixture.open()
    let placed = try again.confirmKey(pending.deviceID, in: scope())
    try again.close()
    try fixture.attack { connection in
      for row in old { try connection.putBack(row) }
    }
    let report = try salvage()
    #expect(!report.isWhole)
    #expect(report.keys == 1)
    #expect(report.losses.contains(VaultDamage(.keys, .unexpected)))
    let new = try fixture.open("new.vault")
    #expect(try new.keys(in: scope()) == [placed])
    #expect(try new.verify().isSound)
  }

  @Test("a key put back whose id names a later key of another scope is not saved (V8)")
  func idInTwoScopes() throws {
    let (here, there) = (try scope(), try scope("https://other.example"))
    let vault = try fixture.open()
    let first = try vault.placeKey(in: here, as: deviceID("d"))
    try vault.close()
    let old = try rows()
    let again = try fixture.open()
    #expect(try again.discardPendingKey(first))
    try again.confirmKey(again.placeKey(in: there, as: deviceID("d")).deviceID, in: there)
    try again.close()
    try fixture.attack { connection in
      for row in old { try connection.putBack(row) }
    }
    #expect(try salvage().keys == 1)
    let new = try fixture.open("new.vault")
    #expect(try new.pendingKey(in: here) == nil)
    #expect(try new.key(deviceID("d"))?.scope == there)
    #expect(try new.removeKey(deviceID("d")))
    #expect(try new.placeKey(in: here, as: deviceID("d")).deviceID == first.deviceID)
    #expect(try new.verify().isSound)
  }

  // MARK: What a server makes of it

  private func registration(_ key: ProveKey) -> KeyRegistration {
    KeyRegistration(placing: key.publicKey, as: key.deviceID, on: .web, at: key.createdAt)
  }

  @Test(
    "keys of a vault that is not whole are stale to a server until they are replaced, however much the new vault has written"
  )
  func stale() throws {
    let vault = try fixture.open()
    let key = try vault.placeKey(in: scope())
    var seen = try registration(key).noting(vault.sign(challenge, with: key))
    try vault.confirmKey(key.deviceID, in: key.scope)
    try vault.localStorage(for: "https://a.example").setItem("k", "v")
    try vault.close()
    try fixture.attack { connection in
      try connection.delete(try #require(try connection.storedRows().last))
    }
    #expect(try !salvage().isWhole)

    let new = try fixture.open("new.vault")
    let storage = try new.localStorage(for: "https://a.example")
    for round in 0..<20 {
      try storage.setItem("round", "\(round)")
      let assertion = try new.sign(challenge, with: key.deviceID)
      #expect(KeyRules.finding(on: assertion, for: seen) == .staleVault)
      seen = try seen.noting(assertion)
    }
    try new.close()
    // It stays so after reopening and after a salvage of the new vault, which is whole.
    #expect(try salvage("new.vault", into: "newer.vault").isWhole)
    let newer = try fixture.open("newer.vault")
    let assertion = try newer.sign(challenge, with: key.deviceID)
    #expect(KeyRules.finding(on: assertion, for: seen) == .staleVault)

    // What the server then asks for: possession, and a new key under the same id.
    let next = try newer.placeKey(in: key.scope, as: key.deviceID)
    seen = try seen.rekeyed(next.publicKey)
    let offered = try newer.sign(challenge, with: next)
    #expect(KeyRules.finding(on: offered, for: seen) == .fresh)
    seen = try seen.noting(offered)
    try newer.confirmKey(next.deviceID, in: key.scope)
    let later = try newer.sign(challenge, with: key.deviceID)
    #expect(KeyRules.finding(on: later, for: seen) == .fresh)
    #expect(try #require(later.vaultState).generation > 0)
  }

  @Test("a custodian's key is saved with its handle, and is stale as well")
  func custodian() throws {
    let custodian = SoftwareCustodian()
    let vault = try fixture.open()
    let key = try vault.placeKey(in: scope(), custodian: custodian)
    let seen = try registration(key).noting(vault.sign(challenge, with: key))
    try vault.localStorage(for: "https://a.example").setItem("k", "v")
    try vault.close()
    try fixture.attack { connection in
      try connection.delete(try #require(try connection.storedRows().last))
    }
    #expect(try !salvage().isWhole)
    let new = try fixture.open("new.vault")
    try new.use(custodian: custodian)
    #expect(try new.pendingKey(in: scope()) == key)
    #expect(try Set(new.custodianHandles(of: "software")) == custodian.handles)
    let placed = try new.confirmKey(key.deviceID, in: scope())
    #expect(placed.custodian == "software")
    let assertion = try new.sign(challenge, with: placed)
    #expect(try verifies(assertion, of: placed))
    #expect(KeyRules.finding(on: assertion, for: seen) == .staleVault)
    #expect(try new.verify().isSound)
  }

  @Test(
    "a key's record reads as it was written in each of its layouts, and no other is taken for one")
  func layouts() throws {
    let vault = try fixture.open()
    let keys = [
      try vault.placeKey(in: scope()),
      try vault.placeKey(in: scope("https://b.example"), custodian: SoftwareCustodian()),
    ]
    for key in keys {
      for isSalvaged in [false, true] {
        let written = key.with(sequence: 7, isSalvaged: isSalvaged)
        let read = try KeyRecord.decode(KeyRecord(key: written).encoded)
        #expect(read.key == key)
        #expect(read.sequence == 7)
        #expect(read.isSalvaged == isSalvaged)
      }
    }
    var bytes = KeyRecord(key: keys[0]).encoded
    for layout in [0, 2, 4, 5, 255] as [UInt8] {
      bytes[1] = layout
      #expect(throws: VaultError.damaged(VaultDamage(.record, .malformed))) {
        try KeyRecord.decode(bytes)
      }
    }
  }

  @Test("keys of a vault that is whole stay fresh to a server")
  func fresh() throws {
    let vault = try fixture.open()
    let key = try vault.placeKey(in: scope())
    let seen = try registration(key).noting(vault.sign(challenge, with: key))
    try vault.close()
    #expect(try salvage().isWhole)
    let assertion = try fixture.open("new.vault").sign(challenge, with: key)
    #expect(KeyRules.finding(on: assertion, for: seen) == .fresh)
  }
}
