import Foundation
import JWTKit
import ProveKeySealing

/// What a token is for; one kind never passes for another.
enum TokenKind: String, Sendable {
  /// Starts one device's side of one flow.
  case authToken = "auth+jwt"
  /// Lets an integrator's server call the API (RFC 9068).
  case accessToken = "at+jwt"
}

/// What a token says.
///
/// Source: RFC 7519 (claims).
struct TokenClaims: JWTPayload {
  static let issuer = "prove-key-store"

  /// Who made it.
  let iss: IssuerClaim
  /// The environment and region that it holds in: a plain text, since the library's own claim traps
  /// at a list without a member.
  let aud: String
  /// Whom or what it is about.
  let sub: SubjectClaim
  /// Its own id.
  let jti: IDClaim
  /// When it was made.
  let iat: IssuedAtClaim
  /// From when on it is worth nothing.
  let exp: ExpirationClaim

  var subject: String { sub.value }
  var id: String { jti.value }

  /// Called by the library once the signature fits.
  ///
  /// Time is looked at by the flow, whose error for a token that is too old is another one.
  func verify(using algorithm: some JWTAlgorithm) throws {
    guard algorithm.name == TokenHeader.algorithm else {
      throw JWTError.signatureVerificationFailed
    }
    guard iss.value == Self.issuer else {
      throw JWTError.claimVerificationFailure(failedClaim: iss, reason: "another issuer")
    }
  }
}

/// What is read of a token before its signature is checked: three texts of its header, to be compared.
///
/// The library goes by the key that the `kid` names, whatever the `alg` says, and takes any `typ`; so
/// both are compared here, and nothing else of a header is decoded.
///
/// Source: RFC 7515 (compact form), RFC 8037 (EdDSA), RFC 8725 (one algorithm, types told apart).
struct TokenHeader: Decodable {
  static let algorithm = "EdDSA"

  let alg: String
  let kid: String
  let typ: String

  /// The id of the key that a text claims to be signed by.
  /// - Returns: nothing for what is too long, in three parts of Base64 it is not, or names another
  ///   algorithm or kind.
  static func keyID(of text: String, _ kind: TokenKind) -> String? {
    guard text.utf8.count <= UnifyLimits.tokenBytes else { return nil }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
      .map { Base64URL.decode(String($0)) }
    guard parts.count == 3, let header = parts[0], parts[1] != nil, parts[2] != nil,
      // What cannot be read is no token of ours; there is nothing else to say of it.
      let fields = try? JSONDecoder().decode(TokenHeader.self, from: Data(header)),
      fields.alg == algorithm, fields.typ == kind.rawValue
    else { return nil }
    return fields.kid
  }
}
