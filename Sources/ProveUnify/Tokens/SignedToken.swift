import Foundation
import ProveDeviceRegistry
import ProveKeySealing

/// A JSON web token as the flow uses it: EdDSA and nothing else, a key id, six claims.
///
/// - J1: the algorithm is read only to be compared; a token cannot choose how it is checked.
/// - J2: nothing of the claims is looked at before the signature fits.
///
/// Source: RFC 7515 (compact form), RFC 7519 (claims), RFC 8037 (EdDSA).
struct SignedToken: Equatable {
  /// What a token is for; one kind never passes for another.
  enum Kind: String, Sendable {
    /// Starts one device's side of one flow.
    case authToken = "auth+jwt"
    /// Lets an integrator's server call the API (RFC 9068).
    case accessToken = "at+jwt"
  }

  /// What a token says.
  struct Claims: Codable, Equatable {
    /// Who made it.
    let iss: String
    /// The environment and region that it holds in.
    let aud: String
    /// Whom or what it is about.
    let sub: String
    /// Its own id.
    let jti: String
    /// When it was made, in seconds.
    let iat: Int64
    /// From when on it is worth nothing, in seconds.
    let exp: Int64
  }

  private struct Header: Codable {
    let alg: String
    let kid: String
    let typ: String
  }

  let kind: Kind
  let keyID: String
  let claims: Claims

  private static let algorithm = "EdDSA"

  /// The text of a token signed by a key.
  func text(signedBy key: TokenKey) throws(UnifyError) -> String {
    let header = Header(alg: Self.algorithm, kid: key.id, typ: kind.rawValue)
    let signed = try Self.encode(header) + "." + Self.encode(claims)
    return signed + "." + Base64URL.encode(key.sign(Array(signed.utf8)))
  }

  /// Takes a token apart and checks its signature; whether its time is over is not looked at.
  /// - Parameter key: finds a key by its id.
  /// - Returns: nothing for what is no token of this kind, or not signed by one of the keys.
  static func verified(
    _ text: String, _ kind: Kind, key: (String) async throws(UnifyError) -> TokenKey?
  ) async throws(UnifyError) -> SignedToken? {
    guard text.utf8.count <= UnifyLimits.tokenBytes else { return nil }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, let header = decode(Header.self, parts[0]),
      header.alg == algorithm, header.typ == kind.rawValue,
      let signature = Base64URL.decode(String(parts[2])),
      let key = try await key(header.kid)
    else { return nil }
    guard key.verifies(signature, of: Array("\(parts[0]).\(parts[1])".utf8)),
      let claims = decode(Claims.self, parts[1])
    else { return nil }
    return SignedToken(kind: kind, keyID: header.kid, claims: claims)
  }

  private static func encode(_ value: some Encodable) throws(UnifyError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do { return Base64URL.encode([UInt8](try encoder.encode(value))) } catch {
      throw .registry(.damaged(table: "token"))
    }
  }

  private static func decode<Value: Decodable>(
    _ type: Value.Type, _ part: Substring
  ) -> Value? {
    // What cannot be read is no token of ours; there is nothing else to say of it.
    Base64URL.decode(String(part)).flatMap { try? JSONDecoder().decode(type, from: Data($0)) }
  }
}

/// A key that signs tokens; its private half lies in guarded memory.
final class TokenKey: Sendable {
  /// The key's name in a token's header.
  let id: String
  /// When it was made.
  let madeAtMilliseconds: Int64
  private let publicKey: [UInt8]
  private let signingKey: SecretBytes

  init(id: String, madeAtMilliseconds: Int64, seed: [UInt8]) throws(SealingError) {
    let secret = try SecretBytes(copying: seed.span)
    self.id = id
    self.madeAtMilliseconds = madeAtMilliseconds
    publicKey = try Ed25519.publicKey(ofSeed: secret)
    signingKey = try Ed25519.signingKey(ofSeed: secret)
  }

  func sign(_ message: [UInt8]) -> [UInt8] { Ed25519.sign(message.span, with: signingKey) }

  func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
    let publicKey = publicKey
    return Ed25519.verify(signature.span, of: message.span, publicKey: publicKey.span)
  }
}
