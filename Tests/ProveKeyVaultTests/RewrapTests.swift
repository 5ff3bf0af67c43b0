import Foundation
import ProveKeyModel
import ProveKeySealing
import SQLiteDatabase
import Testing

@testable import ProveKeyVault

@Suite("changing the unlock method")
struct RewrapTests {
  let fixture: VaultFixture

  init() throws { fixture = try VaultFixture() }

  /// A key-encryption provider that masks with a fixed byte: enough for a test.
  private struct Mask: KeyEncryptionProvider {
    let name = "mask"

    func wrap(_ key: borrowing SecretBytes, context: [UInt8]) throws -> [UInt8] {
      key.withBytes { bytes in
        var masked: [UInt8] = []
        for index in bytes.indices { masked.append(bytes[index] ^ 0x5A) }
        return masked
      }
    }

    func unwrap(_ wrapped: [UInt8], context: [UInt8]) throws -> SecretBytes {
      let bytes = wrapped.map { $0 ^ 0x5A }
      return try SecretBytes(copying: bytes.span)
    }
  }

  private func methods() throws -> [UnlockMethod] {
    try KeyFile.create(at: fixture.path("key"))
    let cost = try #require(PassphraseCost(memoryBytes: 8 << 20, passes: 1))
    return try [
      .rawKey(RawKey.random()), .passphrase(Passphrase("one two three"), cost: cost),
      .keyFile(fixture.path("key")), .provider(Mask()),
      .passphrase(Passphrase("four five six"), cost: cost), .rawKey(fixture.key),
    ]
  }

  private func header(_ name: String = "device.vault") throws -> [UInt8] {
    var header: [UInt8] = []
    try fixture.attack(name) { header = try $0.blob("SELECT bytes FROM header") }
    return header
  }

  @Test("a vault goes from any unlock method to any other, and the one before opens it no longer")
  func everyMethod() throws {
    var vault = try fixture.open()
    let key = try vault.confirmKey(vault.placeKey(in: scope()).deviceID, in: scope())
    var before = UnlockMethod.rawKey(fixture.key)
    for method in try methods() {
      let generation = try vault.info().generation
      #expect(try vault.rewrap(unlock: method))
      #expect(try vault.info().unlockMethod == "\(method.kind)")
      #expect(try vault.info().generation == generation + 1)
      #expect(try verifies(vault.sign(challenge, with: key), of: key))
      try vault.close()
      #expect(throws: VaultError.self) {
        try KeyVault.openExisting(at: fixture.path, unlock: before)
      }
      vault = try KeyVault.openExisting(at: fixture.path, unlock: method)
      #expect(try vault.key(key.deviceID) == key)
      #expect(try vault.verify().isSound)
      #expect(try vault.info().unlockMethod == "\(method.kind)")
      before = method
    }
  }

  @Test("a copy of the old header, put back, opens with neither secret (V5)")
  func oldHeaderPutBack() throws {
    let vault = try fixture.open()
    _ = try vault.placeKey(in: scope())
    try vault.close()
    let old = try header()
    let other = try RawKey.random()
    let again = try fixture.open()
    try again.rewrap(unlock: .rawKey(other))
    try again.close()
    try fixture.attack { try $0.run("UPDATE header SET bytes = ?", old) }
    let replaced = VaultError.damaged(VaultDamage(.header, .replaced))
    #expect(try vaultError { _ = try fixture.open() } == replaced)
    #expect(
      try vaultError { _ = try KeyVault.open(at: fixture.path, unlock: .rawKey(other)) }
        == .wrongKey)
  }

  @Test("nothing is built on a header that was exchanged under an open vault (V5)")
  func exchangedHeader() throws {
    let vault = try fixture.open(mode: .shared)
    let old = try header()
    try vault.rewrap(unlock: .rawKey(RawKey.random()))
    try fixture.attack { try $0.run("UPDATE header SET bytes = ?", old) }
    let replaced = VaultError.damaged(VaultDamage(.header, .replaced))
    #expect(try vaultError { try vault.rewrap(unlock: .rawKey(fixture.key)) } == replaced)
    #expect(try vaultError { try vault.rotate() } == replaced)
  }

  @Test("the old wrapped key is in neither file nor log afterwards")
  func oldHeaderIsGone() throws {
    let vault = try fixture.open()
    _ = try vault.placeKey(in: scope())
    try vault.close()
    let wrapped = Array(try header().suffix(112))  // wrapped root, MAC and checksum
    let again = try fixture.open()
    // Another commit first: the old header's page is in the log as well.
    _ = try again.confirmKey(again.placeKey(in: scope()).deviceID, in: scope())
    try again.rewrap(unlock: .rawKey(RawKey.random()))
    for name in ["device.vault", "device.vault-wal"] {
      #expect(try !fixture.bytes(name).contains(wrapped), "\(name)")
    }
    #expect(try fixture.bytes("device.vault-wal").isEmpty)
  }

  @Test("it touches as many rows at any size, and reads none of the records")
  func cost() throws {
    var costs: Set<Int64> = []
    for (name, count) in [("small", 1), ("large", 200)] {
      let vault = try fixture.open(name)
      for index in 0..<count { _ = try vault.placeKey(in: scope("https://\(index).example")) }
      let before = try changes(vault)
      let steps = try walked(vault)
      try vault.rewrap(unlock: .rawKey(fixture.key))
      costs.insert(try changes(vault) - before)
      #expect(try walked(vault) == steps)
    }
    #expect(costs == [4])  // header, data key deleted and written, state
  }

  private func changes(_ vault: KeyVault) throws -> Int64 {
    try vault.withRing { ring throws(VaultError) in
      try wrapping { () throws(DatabaseError) in
        try ring.store.connection.int64("SELECT total_changes()")
      }
    }
  }

  private func walked(_ vault: KeyVault) throws -> Int {
    try vault.withRing { ring throws(VaultError) in ring.store.table.walkedSteps }
  }

  @Test("a crash before it is durable leaves the old method, one after it the new one")
  func crashes() throws {
    let vault = try fixture.open()
    let key = try vault.placeKey(in: scope())
    try fixture.crashCopy(to: "before")
    let other = try RawKey.random()
    let keys = try vault.withRing { ring throws(VaultError) in ring.store.keys }
    let header = try keys.rewrap(unlock: .rawKey(other))
    try vault.withRing { ring throws(VaultError) in try ring.store.replaceHeader(header) }
    try fixture.crashCopy(to: "committed")
    try vault.withRing { ring throws(VaultError) in _ = ring.store.truncateLog() }
    try fixture.crashCopy(to: "emptied")
    let log = try fixture.bytes("committed-wal")
    let file = try fixture.bytes("committed")
    for name in ["before", "committed", "emptied"] {
      let (right, wrong) = name == "before" ? (fixture.key, other) : (other, fixture.key)
      let path = fixture.path(name)
      #expect(
        try vaultError { _ = try KeyVault.openExisting(at: path, unlock: .rawKey(wrong)) }
          == .wrongKey)
      let opened = try KeyVault.openExisting(at: path, unlock: .rawKey(right))
      #expect(try opened.key(key.deviceID) == key)
    }
    // The commit half written: the log of the second copy, cut in its last frame.
    try fixture.write(file, to: "torn")
    try fixture.write(Array(log.dropLast(100)), to: "torn-wal")
    #expect(try fixture.open("torn").key(key.deviceID) == key)
  }

  @Test("another process's vault goes on after it in shared mode, with the new method's name")
  func shared() throws {
    let vaults = try [fixture.open(mode: .shared), fixture.open(mode: .shared)]
    let key = try vaults[0].placeKey(in: scope())
    #expect(try vaults[1].key(key.deviceID) == key)
    try vaults[0].rewrap(unlock: .provider(Mask()))
    #expect(try vaults[1].info().unlockMethod == "provider")
    #expect(try verifies(vaults[1].sign(challenge, with: key), of: key))
  }

  @Test("an unlock method that fails changes nothing")
  func failing() throws {
    let vault = try fixture.open()
    let generation = try vault.info().generation
    #expect(
      try vaultError { try vault.rewrap(unlock: .keyFile(fixture.path("nowhere"))) }
        == .unlock(.keyFile(.missing)))
    #expect(try vault.info().generation == generation)
    try vault.close()
    try fixture.open().close()
  }
}
