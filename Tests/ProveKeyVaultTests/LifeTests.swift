import Foundation
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import SQLiteDatabase
import Testing

@testable import ProveKeyVault

@Suite("backup, compaction and destruction")
struct LifeTests {
  let fixture: VaultFixture

  init() throws { fixture = try VaultFixture() }

  private func fill(_ vault: KeyVault, _ count: Int) throws -> [ProveKey] {
    try (0..<count).map { index in
      let scope = try scope("https://\(index).example")
      return try vault.confirmKey(vault.placeKey(in: scope).deviceID, in: scope)
    }
  }

  @Test("a backup opens with the vault's key, is sound, and is the owner's alone")
  func backup() throws {
    let vault = try fixture.open()
    let keys = try fill(vault, 20)
    let report = try vault.backup(to: fixture.path("backup"))
    #expect(report.keys == 20)
    #expect(report.records == 60)
    #expect(try report.generation == vault.info().generation)
    for name in try FileManager.default.contentsOfDirectory(atPath: fixture.folder) {
      let attributes = try FileManager.default.attributesOfItem(atPath: fixture.path(name))
      #expect(attributes[.posixPermissions] as? Int == 0o600)
      #expect(name == "backup" || !name.hasPrefix("backup"), "nothing beside it: \(name)")
    }
    _ = try vault.sign(challenge, with: keys[0])
    let copy = try fixture.open("backup")
    for key in keys { #expect(try copy.key(key.deviceID) == key) }
    #expect(try copy.verify().isSound)
    #expect(try verifies(copy.sign(challenge, with: keys[3]), of: keys[3]))
  }

  @Test("a backup never overwrites, whatever stands at the path or beside it")
  func backupOverwritesNothing() throws {
    let vault = try fixture.open()
    for name in ["file", "other-wal", "device.vault"] {
      if name != "device.vault" { try fixture.write([1, 2, 3], to: name) }
      let before = try fixture.bytes(name)
      let path = fixture.path(name == "other-wal" ? "other" : name)
      #expect(try vaultError { try vault.backup(to: path) } == .alreadyExists)
      #expect(try fixture.bytes(name) == before)
    }
    try FileManager.default.createSymbolicLink(
      atPath: fixture.path("link"), withDestinationPath: fixture.path("nowhere"))
    #expect(
      try vaultError { try vault.backup(to: fixture.path("link")) } == .alreadyExists)
    #expect(try vaultError { try vault.backup(to: fixture.path("no/folder")) } == .folderMissing)
    #expect(try vault.verify().isSound)
  }

  @Test("a backup of a vault that was altered is refused, and nothing is left of it")
  func backupOfDamaged() throws {
    let vault = try fixture.open(mode: .shared)
    _ = try fill(vault, 5)
    try fixture.attack { try $0.execute("DELETE FROM record WHERE version = 5") }
    let error = try vaultError { try vault.backup(to: fixture.path("backup")) }
    #expect(error == .damaged(VaultDamage(.records, .count(found: 13, expected: 15))))
    #expect(!FileManager.default.fileExists(atPath: fixture.path("backup")))
  }

  @Test(
    "a backup is one state of the vault while others write, sign and rotate",
    arguments: [VaultMode.exclusive, .shared])
  func backupMeanwhile(mode: VaultMode) throws {
    let vault = try fixture.open(mode: mode)
    let other = mode == .shared ? try fixture.open(mode: .shared) : vault
    let keys = try fill(vault, 40)
    var round = 0
    let report = try vault.backup(to: fixture.path("backup"), pageCount: 2) { _ in
      round += 1
      guard round <= 20 else { return }
      do {
        let scope = try scope("https://new-\(round).example")
        _ = try other.confirmKey(other.placeKey(in: scope).deviceID, in: scope)
        _ = try other.sign(challenge, with: keys[round])
        if round == 4 { try other.rotate() }
      } catch {
        Issue.record(error)
      }
    }
    #expect(round > 4)
    let copy = try fixture.open("backup")
    #expect(try copy.info().generation == report.generation)
    #expect(report.keys >= 40 + 4)
    for key in keys { #expect(try copy.key(key.deviceID) == key) }
    #expect(try copy.verify().isSound)
    #expect(try vault.verify().isSound)
  }

  @Test("compacting gives free pages back and changes nothing else")
  func compact() throws {
    let vault = try fixture.open()
    let keys = try fill(vault, 300)
    for key in keys.dropFirst(3) { try vault.removeKey(key.deviceID) }
    let before = try vault.info()
    var steps = 0
    let report = try vault.compact { progress in
      steps += 1
      #expect(progress.done <= progress.total)
    }
    #expect(steps > 0)
    #expect(report.isLogEmpty)
    #expect(report.fileBytesBefore == before.fileBytes)
    #expect(report.fileBytes < report.fileBytesBefore / 2)
    #expect(try Int64(fixture.bytes().count) == report.fileBytes)
    #expect(try vault.info().generation == before.generation)
    #expect(try vault.verify().isSound)
    #expect(try vault.keys(in: keys[1].scope) == [keys[1]])
    #expect(try vault.compact().fileBytes == report.fileBytes)
  }

  @Test("no file keeps a byte of a destroyed vault, and what was there was overwritten")
  func destroy() throws {
    let anchor = InMemoryRollbackAnchor()
    let vault = try KeyVault.open(
      at: fixture.path, unlock: .rawKey(fixture.key), anchor: anchor)
    let keys = try fill(vault, 10)
    try vault.close()
    var secrets: [[UInt8]] = []
    try fixture.attack { connection in
      secrets = try connection.storedRows().map(\.sealed)
      secrets.append(Array(try connection.blob("SELECT bytes FROM header").suffix(112)))
      secrets.append(try connection.blob("SELECT sealed FROM epoch"))
      secrets.append(try connection.blob("SELECT sealed FROM state"))
    }
    let again = try KeyVault.open(
      at: fixture.path, unlock: .rawKey(fixture.key), anchor: anchor)
    for key in keys { _ = try again.sign(challenge, with: key) }
    // A second name keeps what the file held when it is removed.
    for (suffix, name) in [("", "kept"), ("-wal", "kept-log")] {
      try FileManager.default.linkItem(
        atPath: fixture.path + suffix, toPath: fixture.path(name))
    }
    #expect(try fixture.bytes("kept-log").count > 10_000)
    #expect(try secrets.contains { try fixture.bytes("kept").contains($0) })
    let generation = try again.info().generation
    let receipt = try again.destroy()
    #expect(receipt.generation == generation)
    #expect(receipt.keys == 10)
    #expect(receipt.records == 40)
    #expect(receipt.dataKeys == 1)
    #expect(receipt.overwrittenBytes > 20_000)
    let left = try FileManager.default.contentsOfDirectory(atPath: fixture.folder)
    #expect(Set(left) == ["kept", "kept-log"])
    for name in left { #expect(try fixture.bytes(name).allSatisfy { $0 == 0 }, "\(name)") }
    #expect(anchor.last() == nil)
    #expect(try vaultError { _ = try again.info() } == .closed)
    let error = try vaultError {
      _ = try KeyVault.openExisting(at: fixture.path, unlock: .rawKey(fixture.key))
    }
    #expect(error == .missing)
  }

  @Test("a destruction that is cut short leaves the vault as it was, or nothing that opens")
  func destroyCrashes() throws {
    let vault = try fixture.open()
    let keys = try fill(vault, 3)
    try fixture.crashCopy(to: "before")
    try vault.withRing { ring throws(VaultError) in try ring.store.eraseKeys() }
    try fixture.crashCopy(to: "after")
    #expect(try fixture.open("before").key(keys[0].deviceID) == keys[0])
    #expect(
      try vaultError { _ = try fixture.open("after") }
        == .damaged(VaultDamage(.header, .missing)))
  }

  @Test("a shared vault is not destroyed under another process")
  func destroyShared() throws {
    let vault = try fixture.open(mode: .shared)
    let key = try vault.placeKey(in: scope())
    #expect(try vaultError { _ = try vault.destroy() } == .inUse)
    #expect(try vault.key(key.deviceID) == key)
  }
}
