import Foundation
import ProveKeyModel
import ProveKeySealing
import ProveKeyVault
import SQLiteDatabase
import Testing

@Suite("opening")
struct OpeningTests {
  let fixture: VaultFixture

  init() throws { fixture = try VaultFixture() }

  private func mode(of name: String) throws -> Int? {
    let attributes = try FileManager.default.attributesOfItem(atPath: fixture.path(name))
    return (attributes[.posixPermissions] as? NSNumber)?.intValue
  }

  @Test("create refuses a vault that is there, openExisting one that is not")
  func admission() throws {
    let (path, unlock) = (fixture.path, UnlockMethod.rawKey(fixture.key))
    #expect(
      try vaultError { _ = try KeyVault.openExisting(at: path, unlock: unlock) } == .missing)
    #expect(!FileManager.default.fileExists(atPath: path))
    try KeyVault.create(at: path, unlock: unlock).close()
    #expect(
      try vaultError { _ = try KeyVault.create(at: path, unlock: unlock) } == .alreadyExists)
    try KeyVault.openExisting(at: path, unlock: unlock).close()
  }

  @Test("an empty file is a vault whose creation was cut short", arguments: [false, true])
  func emptyFile(withTables: Bool) throws {
    try fixture.write([], to: "device.vault")
    if withTables {
      // As a crash between the tables and the header leaves it.
      try fixture.open().close()
      try fixture.attack { connection in
        for table in ["header", "epoch", "state"] { try connection.execute("DELETE FROM \(table)") }
      }
    }
    let (path, unlock) = (fixture.path, UnlockMethod.rawKey(fixture.key))
    #expect(
      try vaultError { _ = try KeyVault.openExisting(at: path, unlock: unlock) } == .missing)
    let vault = try KeyVault.create(at: path, unlock: unlock)
    _ = try vault.placeKey(in: scope())
    #expect(try vault.verify().isSound)
  }

  @Test("a new vault and its log can be used by their owner alone")
  func modeOfNewFiles() throws {
    let vault = try fixture.open()
    _ = try vault.placeKey(in: scope())
    #expect(try mode(of: "device.vault") == 0o600)
    #expect(try mode(of: "device.vault-wal") == 0o600)
    #expect(!FileManager.default.fileExists(atPath: fixture.path("device.vault-shm")))
    let shared = try fixture.open("shared.vault", mode: .shared)
    _ = try shared.placeKey(in: scope())
    #expect(try mode(of: "shared.vault-shm") == 0o600)
  }

  @Test("a file that others may use is refused", arguments: [0o644, 0o660, 0o602])
  func exposedFile(mode: Int) throws {
    try fixture.open().close()
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: fixture.path)
    #expect(
      try vaultError { _ = try fixture.open() } == .permissionsTooOpen(mode: UInt32(mode)))
  }

  @Test("a file that cannot be written is refused")
  func readOnlyFile() throws {
    try fixture.open().close()
    try FileManager.default.setAttributes([.posixPermissions: 0o400], ofItemAtPath: fixture.path)
    #expect(try vaultError { _ = try fixture.open() } == .readOnly)
  }

  @Test("paths that cannot hold a vault have errors of their own")
  func badPaths() throws {
    let unlock = UnlockMethod.rawKey(fixture.key)
    let expected: [(String, VaultError)] = [
      (fixture.path("no/device.vault"), .folderMissing), ("", .invalidPath),
      (fixture.folder, .invalidPath), (":memory:", .invalidPath),
      (fixture.path(String(repeating: "x", count: 5000)), .invalidPath),
    ]
    for (path, error) in expected {
      #expect(try vaultError { _ = try KeyVault.open(at: path, unlock: unlock) } == error)
    }
    let link = fixture.path("link.vault")
    try fixture.open().close()
    try FileManager.default.createSymbolicLink(
      atPath: link, withDestinationPath: fixture.path)
    #expect(try vaultError { _ = try KeyVault.open(at: link, unlock: unlock) } == .invalidPath)
  }

  @Test("what is no vault is said to be none, and stays as it is")
  func notAVault() throws {
    try fixture.write(
      Array("hello, this is text ".utf8) + [UInt8](repeating: 7, count: 600), to: "text")
    #expect(try vaultError { _ = try fixture.open("text") } == .notAVault)

    var options = ConnectionOptions()
    options.autoVacuum = .none
    let other = try DatabaseFile(path: fixture.path("other")).open(options)
    try other.execute("CREATE TABLE t (a)")
    try other.close()
    let before = try fixture.bytes("other")
    #expect(try vaultError { _ = try fixture.open("other") } == .notAVault)
    #expect(try fixture.bytes("other") == before)

    let registry = try DatabaseFile(path: fixture.path("registry")).open(ConnectionOptions())
    try registry.execute("CREATE TABLE t (a)")
    try registry.setApplicationID(77)
    try registry.close()
    #expect(try vaultError { _ = try fixture.open("registry") } == .notAVault)
  }

  @Test("a newer format is named with both versions")
  func newerFormat() throws {
    try fixture.open().close()
    try fixture.attack { try $0.setUserVersion(9) }
    #expect(try vaultError { _ = try fixture.open() } == .formatNewer(found: 9, known: 1))
  }

  @Test("wrong secrets and wrong methods are told apart")
  func wrongSecrets() throws {
    let raw = fixture.path("raw")
    let worded = fixture.path("worded")
    let passphrase = UnlockMethod.passphrase("correct horse", cost: .minimum)
    try KeyVault.create(at: raw, unlock: .rawKey(fixture.key)).close()
    try KeyVault.create(at: worded, unlock: passphrase).close()
    let otherKey = UnlockMethod.rawKey(try RawKey.random())
    #expect(try vaultError { _ = try KeyVault.open(at: raw, unlock: otherKey) } == .wrongKey)
    #expect(
      try vaultError {
        _ = try KeyVault.open(at: worded, unlock: .passphrase("battery staple", cost: .minimum))
      } == .wrongPassphrase)
    #expect(
      try vaultError { _ = try KeyVault.open(at: raw, unlock: passphrase) }
        == .unlock(.wrongUnlockMethod(stored: .rawKey)))
    #expect(try KeyVault.open(at: worded, unlock: passphrase).info().unlockMethod == "passphrase")
  }

  @Test("a key file that is gone or exchanged is told from one that is exposed")
  func keyFiles() throws {
    let keyFile = fixture.path("vault.key")
    let path = fixture.path
    func error() throws -> VaultError? {
      try vaultError { _ = try KeyVault.open(at: path, unlock: .keyFile(keyFile)) }
    }
    // No vault yet: nothing is lost.
    #expect(try error() == .unlock(.keyFile(.missing)))
    try KeyFile.create(at: keyFile)
    let vault = try KeyVault.open(at: path, unlock: .keyFile(keyFile))
    #expect(try vault.info().unlockMethod == "keyFile")
    try vault.close()
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: keyFile)
    #expect(try error() == .unlock(.keyFile(.exposed)))
    try FileManager.default.removeItem(atPath: keyFile)
    #expect(try error() == .keyLost)
    try KeyFile.create(at: keyFile)
    #expect(try error() == .wrongKey)
  }

  @Test("a closed vault refuses everything, and closing again is harmless")
  func closed() throws {
    let vault = try fixture.open()
    let key = try vault.placeKey(in: scope())
    try vault.close()
    try vault.close()
    let calls: [() throws -> Void] = [
      { _ = try vault.placeKey(in: scope()) },
      { try vault.confirmKey(key.deviceID, in: scope()) },
      { _ = try vault.key(key.deviceID) },
      { _ = try vault.currentKey(in: scope()) },
      { _ = try vault.pendingKey(in: scope()) },
      { _ = try vault.keys(in: scope()) },
      { _ = try vault.sign(challenge, with: key.deviceID) },
      { try vault.removeKey(key.deviceID) },
      { _ = try vault.verify() },
      { _ = try vault.info() },
    ]
    for call in calls { #expect(try vaultError(call) == .closed) }
  }

  @Test("an open exclusive vault keeps every other opener in this process out, and quickly")
  func exclusiveInProcess() throws {
    let vault = try fixture.open()
    let clock = ContinuousClock()
    let start = clock.now
    #expect(try vaultError { _ = try fixture.open() } == .inUse)
    #expect(clock.now - start < .seconds(2))
    try vault.close()
    try fixture.open().close()
  }

  @Test("info tells facts and no content")
  func info() throws {
    let vault = try fixture.open()
    let key = try vault.placeKey(in: scope())
    let info = try vault.info()
    #expect(info.format == 1)
    #expect(info.mode == .exclusive)
    #expect(info.generation == 2)
    #expect(info.records == 3)
    #expect(info.keys == 1)
    #expect(info.epoch == 1)
    #expect(info.unlockMethod == "rawKey")
    #expect(info.fileBytes > 0 && info.fileBytes % 512 == 0)
    for text in ["\(vault)", "\(key)", "\(key.scope)", String(reflecting: key), dumped(key)] {
      #expect(!text.contains(key.deviceID.rawValue))
      #expect(!text.contains("shop"))
    }
  }

  private func dumped(_ value: some Any) -> String {
    var text = ""
    dump(value, to: &text)
    return text
  }
}
