import Foundation
import ProveKeyPlatform
import ProveKeySealing
import Testing

@testable import ProveKeyVault

@Suite("giving up a vault whose key is lost")
struct ResetTests {
  let fixture: VaultFixture

  init() throws { fixture = try VaultFixture() }

  private var next: UnlockMethod { .rawKey(fixture.key) }

  /// A vault with a key in it whose key file is gone.
  private func lostVault(anchor: (any RollbackAnchor)? = nil) throws -> UnlockMethod {
    let file = fixture.path("key")
    try KeyFile.create(at: file)
    let vault = try KeyVault.create(at: fixture.path, unlock: .keyFile(file), anchor: anchor)
    _ = try vault.placeKey(in: scope())
    try vault.close()
    try FileManager.default.removeItem(atPath: file)
    return .keyFile(file)
  }

  private func files() throws -> Set<String> {
    Set(try FileManager.default.contentsOfDirectory(atPath: fixture.folder))
  }

  @Test("a lost vault becomes an empty one, and every byte of the old file was overwritten")
  func resets() throws {
    let lost = try lostVault()
    let size = try fixture.bytes().count
    let (vault, receipt) = try KeyVault.reset(at: fixture.path, unlock: lost, lockingWith: next)
    #expect(receipt.overwrittenBytes == size)
    #expect(try vault.info().keys == 0)
    #expect(try vault.verify().isSound)
    _ = try vault.placeKey(in: scope())
    try vault.close()
    #expect(try files() == ["device.vault"])
    #expect(try fixture.open().keys(in: scope()).count == 1)
  }

  @Test("a vault that opens is not reset, and one that opens with another secret is not either")
  func refuses() throws {
    let vault = try fixture.open()
    let key = try vault.placeKey(in: scope())
    // In use.
    #expect(throws: VaultError.inUse) {
      _ = try KeyVault.reset(at: fixture.path, unlock: .keyFile(fixture.path("none")))
    }
    try vault.close()
    #expect(throws: VaultError.keyNotLost) {
      _ = try KeyVault.reset(at: fixture.path, unlock: next)
    }
    #expect(throws: VaultError.wrongKey) {
      _ = try KeyVault.reset(at: fixture.path, unlock: .rawKey(try RawKey.random()))
    }
    #expect(throws: VaultError.unlock(.wrongUnlockMethod(stored: .rawKey))) {
      _ = try KeyVault.reset(at: fixture.path, unlock: .keyFile(fixture.path("none")))
    }
    #expect(throws: VaultError.missing) {
      _ = try KeyVault.reset(at: fixture.path("other"), unlock: next)
    }
    #expect(try fixture.open().keys(in: scope()) == [key])
    #expect(try files() == ["device.vault"])
  }

  @Test("when the new method cannot lock, the lost vault stays as it was")
  func cannotLock() throws {
    let lost = try lostVault()
    let before = try fixture.bytes()
    // The same method: its key file is not there.
    #expect(throws: VaultError.self) { _ = try KeyVault.reset(at: fixture.path, unlock: lost) }
    #expect(try fixture.bytes() == before)
    #expect(try files() == ["device.vault"])
  }

  @Test("an entangled vault whose value is gone is reset with the same method")
  func entangled() throws {
    let values = fixture.path("values")
    try FileManager.default.createDirectory(atPath: values, withIntermediateDirectories: false)
    let unlock = next.entangledWith(folder: values)
    let vault = try KeyVault.create(at: fixture.path, unlock: unlock)
    #expect(try vault.info().unlockMethod == "entangled rawKey")
    try vault.close()
    for name in try FileManager.default.contentsOfDirectory(atPath: values) {
      try FileManager.default.removeItem(atPath: values + "/" + name)
    }
    #expect(throws: VaultError.keyLost) {
      _ = try KeyVault.open(at: fixture.path, unlock: unlock)
    }
    try KeyVault.reset(at: fixture.path, unlock: unlock).vault.close()
    try KeyVault.openExisting(at: fixture.path, unlock: unlock).close()
  }

  @Test(
    "a crash between any two steps leaves the old vault or an empty one, and a second reset finishes",
    arguments: [false, true])
  func crashes(withAnchor: Bool) throws {
    let anchor = withAnchor ? InMemoryRollbackAnchor() : nil
    let lost = try lostVault(anchor: anchor)
    var steps: [VaultReset.Step: AnchorMark?] = [:]
    let crashed = fixture.path("crashed")
    var reset = VaultReset(
      path: fixture.path, lost: lost, next: next, mode: .exclusive, clock: .system, anchor: anchor)
    reset.reached = { step in
      steps[step] = anchor?.last()
      // Hard links are kept, as a crash keeps them.
      copyTree(fixture.folder, to: crashed + "-\(step)")
    }
    try reset.run().vault.close()
    #expect(steps.count == VaultReset.Step.allCases.count)

    for step in VaultReset.Step.allCases {
      let folder = crashed + "-\(step)"
      let path = folder + "/device.vault"
      let after = InMemoryRollbackAnchor()
      if let mark = steps[step] ?? nil { after.advance(to: mark) }
      let there = withAnchor ? after : nil
      let isOld = [.made, .settled, .forgotten, .named].contains(step)
      if isOld {
        #expect(throws: VaultError.keyLost) {
          _ = try KeyVault.openExisting(at: path, unlock: lost, anchor: there)
        }
      } else {
        let vault = try KeyVault.openExisting(at: path, unlock: next, anchor: there)
        #expect(try vault.info().keys == 0)
        try vault.close()
      }
      if step == .erased { continue }
      let (vault, receipt) = try KeyVault.reset(
        at: path, unlock: lost, lockingWith: next, anchor: there)
      #expect(try vault.info().keys == 0 && receipt.overwrittenBytes > 0)
      try vault.close()
      let left = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(left == ["device.vault"], "\(step)")
      try KeyVault.openExisting(at: path, unlock: next, anchor: there).close()
    }
  }

  @Test("an anchor forgets the lost vault and holds the new one")
  func anchored() throws {
    let anchor = InMemoryRollbackAnchor()
    let lost = try lostVault(anchor: anchor)
    let before = try #require(anchor.last())
    let old = try fixture.bytes()
    let vault = try KeyVault.reset(
      at: fixture.path, unlock: lost, lockingWith: next, anchor: anchor
    ).vault
    try vault.close()
    let after = try #require(anchor.last())
    #expect(after.vaultID != before.vaultID)
    try fixture.write(old, to: "device.vault")
    #expect(throws: VaultError.keyLost) {
      _ = try KeyVault.open(at: fixture.path, unlock: lost, anchor: anchor)
    }
  }

  @Test("a provider whose key is gone is a lost key, and one that refuses is not")
  func providers() throws {
    let provider = SwitchedProvider()
    try KeyVault.create(at: fixture.path, unlock: .provider(provider)).close()
    let expected: [(KeyEncryptionProviderError, VaultError)] = [
      (.refused, .unlock(.providerRefused("switched"))),
      (.unavailable, .unlock(.providerUnavailable("switched"))), (.keyGone, .keyLost),
    ]
    for (thrown, error) in expected {
      provider.error.withLock { $0 = thrown }
      #expect(throws: error) {
        _ = try KeyVault.open(at: fixture.path, unlock: .provider(provider))
      }
      guard error != .keyLost else { break }
      #expect(throws: error) {
        _ = try KeyVault.reset(at: fixture.path, unlock: .provider(provider))
      }
    }
    try KeyVault.reset(at: fixture.path, unlock: .provider(provider), lockingWith: next)
      .vault.close()
  }
}

/// A provider that works until it is told to throw.
private final class SwitchedProvider: KeyEncryptionProvider {
  let name = "switched"
  let error = Locked<KeyEncryptionProviderError?>(nil)

  func wrap(_ key: borrowing SecretBytes, context: [UInt8]) throws -> [UInt8] {
    if let error = error.withLock({ $0 }) { throw error }
    return key.withBytes { bytes in bytes.indices.map { bytes[$0] } }
  }

  func unwrap(_ wrapped: [UInt8], context: [UInt8]) throws -> SecretBytes {
    if let error = error.withLock({ $0 }) { throw error }
    return try SecretBytes(copying: wrapped.span)
  }
}

/// Copies the files of a folder into a new one; two names of one file are two of one copy again.
private func copyTree(_ folder: String, to target: String) {
  let manager = FileManager.default
  do {
    try manager.createDirectory(atPath: target, withIntermediateDirectories: false)
    var copies: [UInt64: String] = [:]
    for name in try manager.contentsOfDirectory(atPath: folder) {
      let attributes = try manager.attributesOfItem(atPath: folder + "/" + name)
      guard attributes[.type] as? FileAttributeType == .typeRegular else { continue }
      let number = (attributes[.systemFileNumber] as? NSNumber)?.uint64Value ?? 0
      if let first = copies[number] {
        try manager.linkItem(atPath: first, toPath: target + "/" + name)
      } else {
        try manager.copyItem(atPath: folder + "/" + name, toPath: target + "/" + name)
        copies[number] = target + "/" + name
      }
    }
  } catch {
    Issue.record("the folder could not be copied")
  }
}
