import Crypto
package import ProveKeyModel
import ProveKeySealing

/// Checks the signature of an assertion: Ed25519 by libsodium, ES256 by swift-crypto.
package enum SignatureVerifier {
  /// Checks that the key made the signature over the challenge and the other signed facts.
  /// - Throws: ``RegistryError/signatureInvalid``, or ``RegistryError/model(_:)`` for a challenge of
  ///   impossible length.
  package static func verify(
    _ assertion: KeyAssertion, by publicKey: PublicKey, for challenge: Challenge
  ) throws(RegistryError) {
    let message: [UInt8]
    do {
      message = try KeyAssertion.signedBytes(
        challenge: challenge.bytes, deviceID: assertion.deviceID, counter: assertion.counter,
        vaultState: assertion.vaultState)
    } catch { throw .model(error) }
    let isValid =
      switch publicKey.algorithm {
      case .ed25519:
        Ed25519.verify(
          assertion.signature.span, of: message.span, publicKey: publicKey.bytes.span)
      case .es256: isValidES256(assertion.signature, of: message, by: publicKey)
      }
    guard isValid else { throw .signatureInvalid }
  }

  private static func isValidES256(
    _ signature: [UInt8], of message: [UInt8], by publicKey: PublicKey
  ) -> Bool {
    do {
      let key = try P256.Signing.PublicKey(x963Representation: publicKey.bytes)
      let signature = try P256.Signing.ECDSASignature(rawRepresentation: signature)
      return key.isValidSignature(signature, for: message)
    } catch {
      return false  // bytes that are no point of the curve, or no signature, verify nothing
    }
  }
}
