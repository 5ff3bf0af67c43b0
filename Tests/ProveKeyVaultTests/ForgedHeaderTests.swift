import Foundation
import ProveKeyModel
import SQLiteDatabase
import Testing

@testable import ProveKeySealing
@testable import ProveKeyVault

/// Campaign Q5: headers that a forger made, checksum included, in a vault's file.
///
/// None is a wrong passphrase, none costs more than the vault's own, and none ends the process.
@Suite("forged headers")
struct ForgedHeaderTests {
  let fixture: VaultFixture

  init() throws { fixture = try VaultFixture() }

  private func mended(_ content: [UInt8]) -> [UInt8] {
    content + Hashing.blake2b256(of: content.span)
  }

  /// Puts a header into the vault and opens it; the error, and how long that took.
  private func open(
    _ header: [UInt8], _ unlock: UnlockMethod
  ) throws -> (error: VaultError?, time: Duration) {
    try fixture.attack { try $0.run("UPDATE header SET bytes = ?", header) }
    let start = ContinuousClock.now
    let error = try vaultError { _ = try KeyVault.open(at: fixture.path, unlock: unlock) }
    return (error, ContinuousClock.now - start)
  }

  private func makeVault(_ unlock: UnlockMethod) throws -> [UInt8] {
    try KeyVault.open(at: fixture.path, unlock: unlock).close()
    var header: [UInt8] = []
    try fixture.attack { header = try $0.blob("SELECT bytes FROM header") }
    return header
  }

  @Test(
    "a cost of a tebibyte, of nothing or of more passes than allowed is refused and never spent",
    arguments: [
      (1 << 40, 1), (.max, .max), (0, 1), (8 << 20, 0), (8 << 20, .max), ((1 << 30) + 1, 10),
    ] as [(UInt64, UInt32)])
  func cost(memoryBytes: UInt64, passes: UInt32) throws {
    let unlock = UnlockMethod.passphrase("correct horse", cost: .minimum)
    var header = try StoreHeader.parse(makeVault(unlock))
    guard case .passphrase(let salt, _, _) = header.parameters else {
      Issue.record("not a passphrase's header")
      return
    }
    header.parameters = .passphrase(salt: salt, memoryBytes: memoryBytes, passes: passes)
    let (error, time) = try open(header.bytes, unlock)
    #expect(error == .unlock(.costOutOfBounds))
    // A thousandth of what it would take; generous to a busy machine.
    #expect(time < .seconds(20))
  }

  @Test("an unknown method, kind or format, and lengths near the largest, are damage or said so")
  func fields() throws {
    let unlock = UnlockMethod.rawKey(fixture.key)
    let header = try makeVault(unlock)
    let content = Array(header.dropLast(32))
    func changed(_ offset: Int, _ bytes: [UInt8]) -> [UInt8] {
      var changed = content
      changed.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
      return mended(changed)
    }
    let damaged = VaultError.damaged(VaultDamage(.header, .malformed))
    #expect(try open(changed(8, [9]), unlock).error == damaged)
    #expect(try open(changed(9, [9]), unlock).error == .notAVault)
    for method: UInt8 in [0, 5, 255] {
      #expect(try open(changed(26, [method]), unlock).error == damaged, "method \(method)")
    }
    // A provider's header has lengths in it: of its name and of the wrapped key.
    for length: [UInt8] in [
      [0xFF, 0xFF, 0xFF, 0xFF], [0x7F, 0xFF, 0xFF, 0xFF], [0x80, 0, 0, 0],
      [0xFF, 0xFF, 0xFF, 0xE0],
    ] {
      #expect(try open(changed(26, [4] + length), unlock).error == damaged)
      let name = [4, 0, 0, 0, 1, 0x61] + length
      #expect(try open(changed(26, name), unlock).error == damaged)
    }
    // With 8 bytes the checksum stands where the format's number would.
    for count in [0, 1, 26, 27, 40, content.count - 1] {
      #expect(try open(mended(Array(content[..<count])), unlock).error == damaged, "\(count) bytes")
    }
    let giant = [UInt8](repeating: 7, count: 1 << 20)
    #expect(try open(mended(content + giant), unlock).error == damaged)
    #expect(try open(header, unlock).error == nil, "the vault's own")
  }
}
