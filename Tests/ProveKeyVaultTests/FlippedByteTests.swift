import Foundation
import ProveKeyModel
import ProveKeySealing
import ProveKeyVault
import Testing

/// With PROVE_KEY_STORE_LONG=1 every byte is flipped instead of a sample.
@Suite("flipped bytes")
struct FlippedByteTests {
  let fixture: VaultFixture

  init() throws { fixture = try VaultFixture() }

  private var isLong: Bool {
    ProcessInfo.processInfo.environment["PROVE_KEY_STORE_LONG"] == "1"
  }

  /// Offsets spread over a file, always the same; every one of the database's own header.
  private func offsets(_ count: Int, sample: Int) -> [Int] {
    if isLong { return Array(0..<count) }
    var generator = CountingGenerator()
    return Array(0..<min(100, count))
      + (0..<sample).map { _ in Int.random(in: 0..<count, using: &generator) }
  }

  /// What anyone may ask of the vault, answered as before or refused with a typed error.
  private func checkAnswers(_ name: String, _ keys: [ProveKey], at offset: Int) throws -> Bool {
    let error = try vaultError {
      let vault = try KeyVault.openExisting(
        at: fixture.path(name), unlock: .rawKey(fixture.key), clock: fixture.clock.wallClock)
      #expect(try vault.keys(in: scope()) == keys.reversed(), "byte \(offset)")
      #expect(try vault.currentKey(in: scope()) == keys[1], "byte \(offset)")
      for key in keys {
        #expect(try vault.key(key.deviceID) == key, "byte \(offset)")
        let assertion = try vault.sign(challenge, with: key.deviceID)
        #expect(try verifies(assertion, of: key), "byte \(offset)")
        #expect(try #require(assertion.counter) > 64, "byte \(offset)")
      }
    }
    return error != nil
  }

  private func makeKeys(_ vault: KeyVault) throws -> [ProveKey] {
    try (0..<2).map { _ in
      let key = try vault.confirmKey(vault.placeKey(in: scope()).deviceID, in: scope())
      _ = try vault.sign(challenge, with: key)
      return key
    }
  }

  @Test("any byte flipped in the file gives a typed error or the right answers")
  func database() throws {
    let vault = try fixture.open()
    let keys = try makeKeys(vault)
    try vault.close()
    let bytes = try fixture.bytes()
    var refused = 0
    for offset in offsets(bytes.count, sample: 250) {
      var flipped = bytes
      flipped[offset] ^= 1 << UInt8(offset % 8)
      try fixture.write(flipped, to: "flipped")
      if try checkAnswers("flipped", keys, at: offset) { refused += 1 }
      try fixture.remove("flipped")
    }
    #expect(refused > 10)
  }

  @Test("any byte flipped in the log gives a typed error or an older state of the same vault")
  func log() throws {
    let vault = try fixture.open()
    let keys = try makeKeys(vault)
    try fixture.crashCopy(to: "crashed")
    let database = try fixture.bytes("crashed")
    let log = try fixture.bytes("crashed-wal")
    for offset in offsets(log.count, sample: 100) {
      var flipped = log
      flipped[offset] ^= 1 << UInt8(offset % 8)
      try fixture.write(database, to: "flipped")
      try fixture.write(flipped, to: "flipped-wal")
      // The log ends where its checksum does: what is left is a state that once was.
      _ = try vaultError {
        let vault = try fixture.open("flipped")
        let found = try vault.keys(in: scope()).map(\.publicKey)
        let known = Set(keys.map(\.publicKey))
        #expect(found.allSatisfy(known.contains), "byte \(offset)")
        #expect(try vault.verify().isSound, "byte \(offset)")
      }
      try fixture.remove("flipped")
    }
  }

  @Test("a file cut short at any page gives a typed error or the right answers")
  func truncated() throws {
    let vault = try fixture.open()
    let keys = try makeKeys(vault)
    try vault.close()
    let bytes = try fixture.bytes()
    for count in stride(from: 512, to: bytes.count, by: isLong ? 512 : 2048) {
      try fixture.write(Array(bytes[..<count]), to: "cut")
      _ = try checkAnswers("cut", keys, at: count)
      try fixture.remove("cut")
    }
  }
}

/// A generator whose sequence is the same in every run (SplitMix64).
struct CountingGenerator: RandomNumberGenerator {
  private var state: UInt64 = 0x5EED

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}
