import CampaignSupport
import Crypto
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import ProveKeyVault
import Testing

@Suite("Keys that hardware holds", .inTurn)
struct HardwareKeyTests {
  @Test("a P-256 key of a custodian is offered, registered and signs what the registry accepts")
  func p256() async throws {
    let stage = try await FlowStage()
    let custodian = P256Custodian()
    let pending = try stage.vault.placeKey(in: FlowStage.scope(), custodian: custodian)
    #expect(pending.publicKey.algorithm == .es256 && pending.custodian == custodian.name)
    let challenge = stage.registry.issueChallenge()
    let offer = try stage.vault.offer(pending, for: challenge.bytes)
    // The registry verifies the proof over its challenge with swift-crypto.
    let registration = try await stage.registry.place(offer, for: challenge, on: .web)
    #expect(registration.publicKey == pending.publicKey)
    try stage.vault.confirmKey(pending.deviceID, in: FlowStage.scope())

    try stage.restartDevice()
    try stage.vault.use(custodian: custodian)
    let assertion = try stage.vault.sign([UInt8](0..<32), with: pending.deviceID)
    let message = try KeyAssertion.signedBytes(
      challenge: [UInt8](0..<32), deviceID: assertion.deviceID, counter: assertion.counter,
      vaultState: assertion.vaultState)
    let key = try P256.Signing.PublicKey(x963Representation: pending.publicKey.bytes)
    let signature = try P256.Signing.ECDSASignature(rawRepresentation: assertion.signature)
    #expect(key.isValidSignature(signature, for: message))
    #expect(assertion.counter != nil && assertion.vaultState != nil)
  }

  @Test("a P-256 signature of another message passes the vault, and the registry refuses it")
  func wrongSignature() async throws {
    let stage = try await FlowStage()
    let pending = try stage.vault.placeKey(
      in: FlowStage.scope(), custodian: P256Custodian(signsWrongly: true))
    let challenge = stage.registry.issueChallenge()
    let offer = try stage.vault.offer(pending, for: challenge.bytes)
    await #expect(throws: RegistryError.signatureInvalid) {
      try await stage.registry.place(offer, for: challenge, on: .web)
    }
  }
}

/// A secure element in software: the handle is a number.
private final class P256Custodian: KeyCustodian {
  let name = "software-p256"
  private let signsWrongly: Bool
  private let keys = Locked<[P256.Signing.PrivateKey?]>([])

  init(signsWrongly: Bool = false) {
    self.signsWrongly = signsWrongly
  }

  func makeKey() throws -> CustodianKey {
    let key = P256.Signing.PrivateKey()
    let number = keys.withLock { keys in
      keys.append(key)
      return keys.count - 1
    }
    return CustodianKey(
      handle: [UInt8(truncatingIfNeeded: number)],
      publicKey: try PublicKey(
        algorithm: .es256, bytes: Array(key.publicKey.x963Representation)))
  }

  func sign(_ message: [UInt8], with handle: [UInt8]) throws -> [UInt8] {
    let key = keys.withLock { keys in
      handle.first.flatMap { Int($0) < keys.count ? keys[Int($0)] : nil }
    }
    guard let key else { throw CustodianError.keyGone }
    let signed = signsWrongly ? message + [0] : message
    return Array(try key.signature(for: signed).rawRepresentation)
  }

  func delete(_ handle: [UInt8]) {
    keys.withLock { keys in
      if let number = handle.first.map({ Int($0) }), number < keys.count { keys[number] = nil }
    }
  }
}
