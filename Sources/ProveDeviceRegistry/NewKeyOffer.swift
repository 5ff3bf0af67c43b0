import ProveKeyModel
import ProveKeySealing

/// What a caller brought along as a new key.
struct Offer {
  let newKey: NewKey?
  let challenge: Challenge?
}

/// A new key whose proof was verified: its holder has the private half.
struct VerifiedOffer: Sendable {
  let newKey: NewKey
  let challenge: Challenge
}

extension DeviceRegistry {
  /// Checks the key that a device offers.
  /// - Parameter id: the deviceId that it must have, for a recovery or a re-keying.
  /// - Throws: ``RegistryError/newKeyMissing``, ``RegistryError/newKeyMismatch``,
  ///   ``RegistryError/signatureInvalid`` or an error of the challenge.
  func offered(
    _ newKey: NewKey?, as id: DeviceID?, for challenge: Challenge?, at now: UTCInstant
  ) throws(RegistryError) -> VerifiedOffer {
    guard let newKey else { throw .newKeyMissing }
    guard let challenge else { throw .challengeMissing }
    if let id, newKey.deviceID != id { throw .newKeyMismatch }
    try challenge.check(with: store.keys, at: now)
    try SignatureVerifier.verify(newKey.proof, by: newKey.publicKey, for: challenge)
    return VerifiedOffer(newKey: newKey, challenge: challenge)
  }
}
