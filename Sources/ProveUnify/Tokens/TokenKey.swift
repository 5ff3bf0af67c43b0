import Crypto
import JWTKit
import ProveKeySealing

/// A key that signs tokens; its private half lies in guarded memory.
final class TokenKey: Sendable {
  /// The key's name in a token's header.
  let id: String
  /// When it was made.
  let madeAtMilliseconds: Int64
  /// What checks tokens.
  let publicKey: EdDSA.PublicKey
  private let seed: SecretBytes

  /// - Throws: `SealingError` when no memory can be locked; what swift-crypto throws for a seed of
  ///   another length.
  init(id: String, madeAtMilliseconds: Int64, seed bytes: [UInt8]) throws {
    seed = try SecretBytes.pooled(copying: bytes.span)
    publicKey = EdDSA.PublicKey(
      backing: try Curve25519.Signing.PublicKey(
        rawRepresentation: try Ed25519.publicKey(ofSeed: seed)))
    self.id = id
    self.madeAtMilliseconds = madeAtMilliseconds
  }

  /// Makes the text of a token.
  ///
  /// The library's own key holds the seed in ordinary memory, which it zeroes; so it lives for this
  /// one signature only.
  func sign(_ claims: TokenClaims, as kind: TokenKind) async throws -> String {
    let key = try seed.withErasedCopy { try Curve25519.Signing.PrivateKey(rawRepresentation: $0) }
    let kid = JWKIdentifier(string: id)
    return try await JWTKeyCollection().add(eddsa: EdDSA.PrivateKey(backing: key), kid: kid)
      .sign(claims, kid: kid, header: ["typ": .string(kind.rawValue)])
  }
}
