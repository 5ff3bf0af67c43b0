public import ProveDeviceRegistry
public import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing

/// A device with one Ed25519 key in memory, which signs as a vault does: for tests of a server.
public final class SimulatedDevice: Sendable {
  /// The key's id.
  public let deviceID: DeviceID
  /// The key's public half.
  public let publicKey: PublicKey
  private let key: SecretBox
  private let counter = Locked<UInt64>(0)

  /// Makes a device with a random key.
  /// - Parameter deviceID: the id to take, as for a recovery; a random one when it is nothing.
  /// - Throws: ``RegistryError/unlock(_:)`` when no memory can be locked for the key.
  public init(as deviceID: DeviceID? = nil) throws(RegistryError) {
    var generator = SecureRandomNumberGenerator()
    self.deviceID = deviceID ?? .random(using: &generator)
    do {
      let seed = try Ed25519.makeSeed()
      publicKey = try PublicKey(algorithm: .ed25519, bytes: try Ed25519.publicKey(ofSeed: seed))
      key = SecretBox(try Ed25519.signingKey(ofSeed: seed))
    } catch let error as SealingError {
      throw .unlock(error)
    } catch let error as ModelError {
      throw .model(error)
    } catch { throw .unknownDevice }
  }

  /// Another key under the same deviceId, as a device makes it that has lost its own.
  /// - Throws: as ``init(as:)``.
  public func replacement() throws(RegistryError) -> SimulatedDevice {
    try SimulatedDevice(as: deviceID)
  }

  /// Signs a challenge under the next counter.
  /// - Throws: ``RegistryError/model(_:)`` for a challenge of impossible length.
  public func assertion(for challenge: Challenge) throws(RegistryError) -> KeyAssertion {
    let next = counter.withLock { counter in
      counter += 1
      return counter
    }
    return try assertion(for: challenge, counter: next)
  }

  /// Signs a challenge under a counter and a vault's state of the test's choosing.
  ///
  /// A counter that was used shows a copy, and so does a vault that is older than one seen.
  /// - Throws: ``RegistryError/model(_:)`` for a challenge of impossible length.
  public func assertion(
    for challenge: Challenge, counter: UInt64?, vaultState: KeyAssertion.VaultState? = nil
  ) throws(RegistryError) -> KeyAssertion {
    do {
      let message = try KeyAssertion.signedBytes(
        challenge: challenge.bytes, deviceID: deviceID, counter: counter, vaultState: vaultState)
      return try KeyAssertion(
        deviceID: deviceID, counter: counter, vaultState: vaultState,
        signature: Ed25519.sign(message.span, with: key.bytes))
    } catch { throw .model(error) }
  }

  /// Offers the key for registration.
  /// - Throws: ``RegistryError/model(_:)`` for a challenge of impossible length.
  public func offer(for challenge: Challenge) throws(RegistryError) -> NewKey {
    let proof = try assertion(for: challenge)
    do {
      return try NewKey(deviceID: deviceID, publicKey: publicKey, proof: proof)
    } catch { throw .model(error) }
  }
}
