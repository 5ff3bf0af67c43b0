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

  /// Does the work of a verification for a key that is not registered.
  ///
  /// Somebody who tries out deviceIds then waits as long for one that is unknown as for one that is
  /// known and whose signature is not theirs to make.
  static func spendTime(on assertion: KeyAssertion, for challenge: Challenge) {
    do {
      try verify(assertion, by: assertion.vaultState == nil ? nobodyES256 : nobody, for: challenge)
    } catch {}  // nobody's key verifies nothing, and that it does not is of no interest
  }

  // Two valid points that everybody knows: RFC 8032, section 7.1, and the generator of P-256. What
  // they verify is never looked at.
  private static let nobody = key(
    .ed25519,
    [
      0xD7, 0x5A, 0x98, 0x01, 0x82, 0xB1, 0x0A, 0xB7, 0xD5, 0x4B, 0xFE, 0xD3,
      0xC9, 0x64, 0x07, 0x3A, 0x0E, 0xE1, 0x72, 0xF3, 0xDA, 0xA6, 0x23, 0x25,
      0xAF, 0x02, 0x1A, 0x68, 0xF7, 0x07, 0x51, 0x1A,
    ])
  private static let nobodyES256 = key(
    .es256,
    [
      0x04, 0x6B, 0x17, 0xD1, 0xF2, 0xE1, 0x2C, 0x42, 0x47, 0xF8, 0xBC, 0xE6,
      0xE5, 0x63, 0xA4, 0x40, 0xF2, 0x77, 0x03, 0x7D, 0x81, 0x2D, 0xEB, 0x33,
      0xA0, 0xF4, 0xA1, 0x39, 0x45, 0xD8, 0x98, 0xC2, 0x96, 0x4F, 0xE3, 0x42,
      0xE2, 0xFE, 0x1A, 0x7F, 0x9B, 0x8E, 0xE7, 0xEB, 0x4A, 0x7C, 0x0F, 0x9E,
      0x16, 0x2B, 0xCE, 0x33, 0x57, 0x6B, 0x31, 0x5E, 0xCE, 0xCB, 0xB6, 0x40,
      0x68, 0x37, 0xBF, 0x51, 0xF5,
    ])

  private static func key(_ algorithm: KeyAlgorithm, _ bytes: [UInt8]) -> PublicKey {
    do { return try PublicKey(algorithm: algorithm, bytes: bytes) } catch {
      preconditionFailure("a point of the right length is a public key")
    }
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
