import CampaignSupport
import Crypto
import Foundation
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeySealing
import ProveUnify
import Testing

/// Tokens that another implementation made, or somebody who wants in (J1, J2).
///
/// Source: RFC 8725 (what has gone wrong with JWTs).
@Suite("tokens from elsewhere", .inTurn)
struct TokenAttackTests {
  let stage: FlowStage
  let key: Curve25519.Signing.PrivateKey

  private static let header = #"{"alg":"EdDSA","kid":"fixture-1","typ":"at+jwt"}"#
  private static let claims =
    #"{"aud":"US_UAT","exp":1767229200,"iat":1767225600,"iss":"prove-key-store","#
    + #""jti":"fixture","sub":"shop"}"#

  /// A server whose one key has the seed 0, 1, 2, ...
  init() async throws {
    stage = try await FlowStage()
    key = try Curve25519.Signing.PrivateKey(rawRepresentation: Array(UInt8(0)..<32))
    var writer = ByteWriter()
    writer.write(UInt8(1))
    writer.write(UInt8(1))
    writer.writeText("fixture-1")
    writer.write(Int64(1_767_225_600_000))
    writer.writeFixed(key.rawRepresentation)
    _ = try await stage.registry.putItem(
      "token-keys", "ring", writer.bytes, replacing: nil, expiryDay: .max)
  }

  private func encoded(_ text: String) -> String { Base64URL.encode(Array(text.utf8)) }

  /// A token signed by the server's own key, as nobody else can.
  private func signed(_ header: String = Self.header, _ claims: String = Self.claims) throws
    -> String
  {
    let signed = encoded(header) + "." + encoded(claims)
    return signed + "." + Base64URL.encode([UInt8](try key.signature(for: Data(signed.utf8))))
  }

  private func client(_ token: String) async throws -> String {
    try await stage.service.client(ofAccessToken: token)
  }

  private func expectRefused(
    _ token: String, sourceLocation: SourceLocation = #_sourceLocation
  ) async {
    await #expect(throws: UnifyError.unauthorized, sourceLocation: sourceLocation) {
      try await client(token)
    }
  }

  @Test("a token as this server and others have always made it is accepted")
  func fixture() async throws {
    // Made by Python's `cryptography` from the seed above.
    let token =
      "eyJhbGciOiJFZERTQSIsImtpZCI6ImZpeHR1cmUtMSIsInR5cCI6ImF0K2p3dCJ9."
      + "eyJhdWQiOiJVU19VQVQiLCJleHAiOjE3NjcyMjkyMDAsImlhdCI6MTc2NzIyNTYwMCwiaXNzIjoicHJvdmUta2V5"
      + "LXN0b3JlIiwianRpIjoiZml4dHVyZSIsInN1YiI6InNob3AifQ."
      + "6G3YUCycCASUmDDkPunXKXd4wyHMSW0FOGhroxKN0G4gcXZq2eN5EWtesWPSK3q6ebIvj5T7xdfVapcJ0CUSAg"
    #expect(try await client(token) == "shop")
    #expect(try await client(signed()) == "shop")
  }

  @Test("whoever has the public key can check a token of this server; its times are whole numbers")
  func interoperable() async throws {
    let token = try await stage.service.accessToken(for: "shop")
    let parts = token.split(separator: ".").map(String.init)
    let signature = try #require(Base64URL.decode(parts[2]))
    #expect(
      key.publicKey.isValidSignature(signature, for: Data("\(parts[0]).\(parts[1])".utf8)))
    let claims = String(decoding: try #require(Base64URL.decode(parts[1])), as: UTF8.self)
    #expect(claims.contains(/"iat":1767225600[,}]/) && claims.contains(/"exp":1767229200[,}]/))
    #expect(claims.contains(#""aud":"US_UAT""#))
  }

  @Test(
    "a header that names another algorithm or type is refused, signed or not",
    arguments: [
      #"{"alg":"none","kid":"fixture-1","typ":"at+jwt"}"#,
      #"{"alg":"HS256","kid":"fixture-1","typ":"at+jwt"}"#,
      #"{"alg":"ES256","kid":"fixture-1","typ":"at+jwt"}"#,
      #"{"alg":"EDDSA","kid":"fixture-1","typ":"at+jwt"}"#,
      #"{"kid":"fixture-1","typ":"at+jwt"}"#,
      #"{"alg":["EdDSA"],"kid":"fixture-1","typ":"at+jwt"}"#,
      #"{"alg":"EdDSA","typ":"at+jwt"}"#,
      #"{"alg":"EdDSA","kid":"","typ":"at+jwt"}"#,
      #"{"alg":"EdDSA","kid":"fixture-2","typ":"at+jwt"}"#,
      #"{"alg":"EdDSA","kid":"fixture-1","typ":"auth+jwt"}"#,
      #"{"alg":"EdDSA","kid":"fixture-1","typ":"JWT"}"#,
      #"{"alg":"EdDSA","kid":"fixture-1"}"#,
    ])
  func headers(header: String) async throws {
    await expectRefused(try signed(header))
    await expectRefused("\(encoded(header)).\(encoded(Self.claims)).")
  }

  @Test("the public key is no secret to sign with: HS256 over it is refused")
  func algorithmConfusion() async throws {
    for header in [Self.header.replacing("EdDSA", with: "HS256"), Self.header] {
      let text = encoded(header) + "." + encoded(Self.claims)
      let secrets = [
        key.publicKey.rawRepresentation,
        Data(Base64URL.encode([UInt8](key.publicKey.rawRepresentation)).utf8),
      ]
      for secret in secrets {
        let code = HMAC<SHA256>.authenticationCode(
          for: Data(text.utf8), using: SymmetricKey(data: secret))
        await expectRefused(text + "." + Base64URL.encode(Array(code)))
      }
    }
  }

  @Test("a header that is hard to read ends with a refusal, not with the server")
  func hostileHeaders() async throws {
    // The library's type for whole headers traps at a number that no Int holds; it must never see one.
    let hostile = [
      #"{"alg":"EdDSA","kid":"fixture-1","typ":"at+jwt","x":1e300}"#,
      #"{"alg":"EdDSA","kid":"fixture-1","typ":"at+jwt","x":"#
        + String(repeating: "[", count: 300) + String(repeating: "]", count: 300) + "}",
      "", "null", "[]", "{", "\u{0}",
    ]
    for header in hostile {
      await expectRefused("\(encoded(header)).\(encoded(Self.claims)).\(encoded("signature"))")
      await expectRefused("\(encoded(header)).\(encoded(header)).\(encoded(""))")
    }
  }

  @Test(
    "claims of another issuer, region or shape are refused, whoever signed them",
    arguments: [
      ("prove-key-store", "someone-else"), ("US_UAT", "EU_PROD"), (#""US_UAT""#, "[]"),
      (#""US_UAT""#, #"["US_UAT","EU_PROD"]"#), (#""sub":"shop""#, #""sub":7"#),
      ("1767229200", "null"),
    ])
  func claims(part: String, replacement: String) async throws {
    await expectRefused(try signed(Self.header, Self.claims.replacing(part, with: replacement)))
  }

  @Test("a text of more than a kilobyte is not looked at, however well it is signed")
  func size() async throws {
    func token(_ count: Int) throws -> String {
      let claims = Self.claims.dropLast() + #","x":"\#(String(repeating: "x", count: count))"}"#
      return try signed(Self.header, String(claims))
    }
    #expect(try token(500).utf8.count <= UnifyLimits.tokenBytes)
    #expect(try await client(token(500)) == "shop")
    #expect(try token(700).utf8.count > UnifyLimits.tokenBytes)
    await expectRefused(try token(700))
    await expectRefused(String(repeating: "A.", count: 1 << 20))
  }

  @Test("more than three parts, padding, blanks and other alphabets of Base64 are refused")
  func forms() async throws {
    let token = try signed()
    for text in [token + ".", "." + token, token + "=", token + " ", " " + token, token + "\n", ""]
    {
      await expectRefused(text)
    }
    // The same bits in a last character that has two to spare, as lenient readers take it.
    let last = try #require(token.last)
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    let place = try #require(alphabet.firstIndex(of: last))
    await expectRefused(token.dropLast() + String(alphabet[place ^ 1]))
    #expect(try await client(token) == "shop")
  }
}
