import Crypto
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing

/// A device with one key, which signs as a client SDK would.
final class TestDevice: Sendable {
  /// What holds the key.
  enum Kind: CaseIterable {
    /// Ed25519 in a vault: a counter, and the vault's generation and digest.
    case vault
    /// Ed25519 with a counter only.
    case counting
    /// ES256 as browsers and secure hardware make it: neither.
    case hardware
  }

  let deviceID: DeviceID
  let publicKey: PublicKey
  private let kind: Kind
  private let signer: @Sendable ([UInt8]) throws -> [UInt8]
  private let counter: Locked<UInt64>

  init(_ kind: Kind = .vault, as deviceID: DeviceID? = nil, counter: UInt64 = 0) throws {
    var generator = SystemRandomNumberGenerator()
    self.deviceID = deviceID ?? .random(using: &generator)
    self.kind = kind
    self.counter = Locked(counter)
    switch kind {
    case .vault, .counting:
      let key = try SigningKey()
      publicKey = try PublicKey(algorithm: .ed25519, bytes: key.publicKey)
      signer = { key.sign($0) }
    case .hardware:
      let key = P256.Signing.PrivateKey()
      publicKey = try PublicKey(
        algorithm: .es256, bytes: Array(key.publicKey.x963Representation))
      signer = { Array(try key.signature(for: $0).rawRepresentation) }
    }
  }

  /// Another key under the same deviceId, as a recovering device makes it.
  func replacement(_ kind: Kind = .vault) throws -> TestDevice {
    try TestDevice(kind, as: deviceID)
  }

  /// Signs a challenge under the next counter, with the vault as it then is.
  func assertion(for challenge: Challenge) throws -> KeyAssertion {
    guard kind != .hardware else { return try assertion(for: challenge, counter: nil, vault: nil) }
    let next = counter.withLock { counter in
      counter += 1
      return counter
    }
    let state = kind == .vault ? try vaultState(generation: next) : nil
    return try assertion(for: challenge, counter: next, vault: state)
  }

  /// Signs a challenge under a counter and vault state of the test's choosing.
  func assertion(
    for challenge: Challenge, counter: UInt64?, vault: KeyAssertion.VaultState?
  ) throws -> KeyAssertion {
    let message = try KeyAssertion.signedBytes(
      challenge: challenge.bytes, deviceID: deviceID, counter: counter, vaultState: vault)
    return try KeyAssertion(
      deviceID: deviceID, counter: counter, vaultState: vault, signature: try signer(message))
  }

  /// The key as it is offered for registration.
  func offer(for challenge: Challenge) throws -> NewKey {
    try NewKey(
      deviceID: deviceID, publicKey: publicKey, proof: try assertion(for: challenge))
  }

  /// What this device's vault commits to at a generation; `variant` stands for another copy's.
  func vaultState(generation: UInt64, variant: UInt8 = 0) throws -> KeyAssertion.VaultState {
    try .init(
      generation: generation,
      digest: [variant] + [UInt8](repeating: UInt8(generation & 0xFF), count: 31))
  }
}

/// An Ed25519 key in guarded memory.
private final class SigningKey: Sendable {
  let publicKey: [UInt8]
  private let key: SecretBytes

  init() throws {
    let seed = try Ed25519.makeSeed()
    publicKey = try Ed25519.publicKey(ofSeed: seed)
    key = try Ed25519.signingKey(ofSeed: seed)
  }

  func sign(_ message: [UInt8]) -> [UInt8] { Ed25519.sign(message.span, with: key) }
}
