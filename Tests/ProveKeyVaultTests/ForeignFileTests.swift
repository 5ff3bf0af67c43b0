import Foundation
import ProveKeyModel
import ProveKeySealing
import ProveKeyVault
import SQLiteDatabase
import Testing

/// Files that belong to somebody else, or are in somebody's use: refused at once and left as they are.
@Suite("files of others")
struct ForeignFileTests {
  let fixture: VaultFixture

  init() throws {
    fixture = try VaultFixture()
    try KeyFile.create(at: fixture.path("vault.key"))
  }

  private func makeForeign(id: Int32, version: Int32, isLogged: Bool) throws {
    var options = ConnectionOptions()
    options.journal = isLogged ? .wal : .memory
    let connection = try DatabaseFile(path: fixture.path).open(options)
    if id != 0 { try connection.setApplicationID(id) }
    try connection.setUserVersion(version)
    try connection.execute("CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('mine')")
    try connection.close()
  }

  @Test(
    "another application's database is refused byte for byte as it was, however it is opened (M1)",
    arguments: [0, 1, 0x504B_5256] as [Int32], [false, true])
  func foreign(id: Int32, isLogged: Bool) throws {
    try makeForeign(id: id, version: 3, isLogged: isLogged)
    let before = try fixture.bytes()
    let path = fixture.path
    let unlock = UnlockMethod.rawKey(fixture.key)
    for mode in [VaultMode.exclusive, .shared] {
      let attempts: [() throws -> Void] = [
        { _ = try KeyVault.open(at: path, unlock: unlock, mode: mode) },
        { _ = try KeyVault.create(at: path, unlock: unlock, mode: mode) },
        { _ = try KeyVault.openExisting(at: path, unlock: unlock, mode: mode) },
      ]
      for attempt in attempts {
        #expect(try vaultError(attempt) == .notAVault)
        #expect(try fixture.bytes() == before)
        #expect(
          try FileManager.default.contentsOfDirectory(atPath: fixture.folder).sorted()
            == ["device.vault", "vault.key"])
      }
    }
  }

  @Test("opening in shared mode beside an exclusive holder is refused at once, and works after it")
  func sharedBesideExclusive() async throws {
    let vault = try fixture.open()
    let start = ContinuousClock.now
    #expect(try vaultError { _ = try fixture.open(mode: .shared) } == .inUse)
    #expect(ContinuousClock.now - start < .milliseconds(1_500))
    try vault.close()
    try fixture.open(mode: .shared).close()

    let own = try KeyVault.open(
      at: fixture.path("own"), unlock: .keyFile(fixture.path("vault.key")))
    await #expect(processExitsWith: .success) { [folder = fixture.folder as String] in
      let start = ContinuousClock.now
      let error = try vaultError {
        _ = try KeyVault.open(
          at: folder + "/own", unlock: .keyFile(folder + "/vault.key"), mode: .shared)
      }
      #expect(error == .inUse)
      #expect(ContinuousClock.now - start < .milliseconds(1_500))
    }
    try own.close()
  }

  // MARK: Salvage

  @Test(
    "a vault that is open in this process is not salvaged, and keeps its lock",
    arguments: [VaultMode.exclusive, .shared])
  func salvageInProcess(mode: VaultMode) async throws {
    let unlock = UnlockMethod.keyFile(fixture.path("vault.key"))
    let vault = try KeyVault.open(at: fixture.path, unlock: unlock, mode: mode)
    let key = try vault.placeKey(in: scope())
    #expect(try vaultError { try KeyVault.salvage(at: fixture.path, unlock: unlock) } == .inUse)
    // The locks of POSIX go with the first descriptor of the file that is closed.
    await #expect(processExitsWith: .success) { [folder = fixture.folder as String] in
      let error = try vaultError {
        _ = try KeyVault.open(
          at: folder + "/device.vault", unlock: .keyFile(folder + "/vault.key"))
      }
      #expect(error == .inUse)
    }
    #expect(try vault.sign(challenge, with: key).counter == 1)
    try vault.close()
    #expect(try KeyVault.salvage(at: fixture.path, unlock: unlock).isWhole)
    try KeyVault.openExisting(at: fixture.path, unlock: unlock, mode: mode).close()
  }

  @Test(
    "a vault that is open in another process is not salvaged, nor one whose file may only be read",
    arguments: [VaultMode.exclusive, .shared], [0o600, 0o400])
  func salvageBesideProcess(mode: VaultMode, permissions: Int) async throws {
    let unlock = UnlockMethod.keyFile(fixture.path("vault.key"))
    let vault = try KeyVault.open(at: fixture.path, unlock: unlock, mode: mode)
    try FileManager.default.setAttributes(
      [.posixPermissions: permissions], ofItemAtPath: fixture.path)
    await #expect(processExitsWith: .success) { [folder = fixture.folder as String] in
      let error = try vaultError {
        try KeyVault.salvage(
          at: folder + "/device.vault", unlock: .keyFile(folder + "/vault.key"))
      }
      #expect(error == .inUse)
    }
    try vault.close()
    await #expect(processExitsWith: .success) { [folder = fixture.folder as String] in
      let report = try KeyVault.salvage(
        at: folder + "/device.vault", unlock: .keyFile(folder + "/vault.key"))
      #expect(report.isWhole)
    }
  }

  @Test("while a vault's file is read for a salvage, nobody else opens it")
  func openingBesideSalvage() async throws {
    let unlock = UnlockMethod.keyFile(fixture.path("vault.key"))
    try KeyVault.open(at: fixture.path, unlock: unlock).close()
    try DatabaseFile(path: fixture.path).withoutUsers { () throws(DatabaseError) in
      for mode in [VaultMode.exclusive, .shared] {
        #expect(throws: VaultError.inUse) {
          try KeyVault.open(at: fixture.path, unlock: unlock, mode: mode)
        }
      }
    }
    try KeyVault.open(at: fixture.path, unlock: unlock).close()
  }
}
