import ProveKeyModel
import ProveKeySealing
import Testing

@testable import ProveDeviceRegistry

@Suite("A row that was looked up")
struct RegistrationCodecTests {
  private let codec: RegistrationCodec

  init() throws {
    let unlock = UnlockMethod.rawKey(try RawKey.random())
    codec = RegistrationCodec(keys: try StoreKeys.create(kind: .registry, unlock: unlock).keys)
  }

  private func key(_ id: String) throws -> KeyRegistration {
    try KeyRegistration(
      placing: PublicKey(algorithm: .ed25519, bytes: [UInt8](repeating: 1, count: 32)),
      as: DeviceID(validating: id), on: .mobile, at: UTCInstant(millisecondsSinceEpoch: 1_000))
  }

  @Test("opens as the registration of the id that was asked for")
  func same() throws {
    let key = try key("one")
    let row = try codec.seal(key)
    #expect(try codec.open(row, of: key.deviceID, at: row.device) == key)
  }

  @Test("is refused when a store hands out another registration's row")
  func other() throws {
    let (one, two) = (try key("one"), try key("two"))
    let row = try codec.seal(two)
    for device in [codec.locator(of: one.deviceID), row.device] {
      #expect(throws: RegistryError.damaged(table: "registration")) {
        try codec.open(row, of: one.deviceID, at: device)
      }
    }
    #expect(throws: RegistryError.damaged(table: "registration")) {
      try codec.open(row, of: two.deviceID, at: codec.locator(of: one.deviceID))
    }
  }

  @Test("is refused when its id only looks the same")
  func lookAlike() throws {
    let (composed, decomposed) = (try key("caf\u{E9}"), try key("cafe\u{301}"))
    let row = try codec.seal(decomposed)
    #expect(throws: RegistryError.damaged(table: "registration")) {
      try codec.open(row, of: composed.deviceID, at: row.device)
    }
  }

  @Test(
    "is found by verifying when it was sealed with columns that its registration does not give (G6)"
  )
  func sealedWrong() throws {
    let key = try key("one")
    let row = try codec.seal(key)
    #expect(try codec.verified(row) == key)
    let wrong = RegistrationCodec.Columns(
      device: row.device, visitor: row.device, phoneNumber: nil, proveID: nil,
      clientCustomerID: nil, clientHumanID: nil, state: row.state,
      lastActiveDay: row.lastActiveDay)
    let (epoch, sealed) = try codec.keys.sealedRow(
      key.encoded, as: codec.context(wrong, key.version))
    let stored = StoredRegistration(
      device: row.device, visitor: row.device, phoneNumber: nil, proveID: nil,
      clientCustomerID: nil, clientHumanID: nil, state: row.state,
      lastActiveDay: row.lastActiveDay, version: key.version, epoch: epoch, sealed: sealed)
    #expect(throws: RegistryError.damaged(table: "registration")) { try codec.verified(stored) }
  }
}
