import CampaignSupport
import Foundation
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import ProveUnify
import Testing

/// authTokens and access tokens are JWTs (J1 to J3).
@Suite("tokens", .inTurn)
struct TokenTests {
  let stage: FlowStage

  init() async throws { stage = try await FlowStage() }

  private struct Header: Codable, Equatable {
    var alg: String
    var kid: String?
    var typ: String
  }

  private struct Claims: Codable, Equatable {
    var iss: String
    var aud: String
    var sub: String
    var jti: String
    var iat: Int64
    var exp: Int64
  }

  private func part<Value: Decodable>(_ number: Int, of token: String) throws -> Value {
    let parts = token.split(separator: ".")
    let bytes = try #require(Base64URL.decode(String(parts[number])))
    return try JSONDecoder().decode(Value.self, from: Data(bytes))
  }

  private func text(_ value: some Encodable) throws -> String {
    Base64URL.encode([UInt8](try JSONEncoder().encode(value)))
  }

  private func start(_ token: String) async throws {
    _ = try await stage.service.start(
      DeviceStart(authToken: token, abilities: [.otp], buildConfig: .usUAT))
  }

  @Test("an authToken names its key, its flow and its end, and nothing of the person")
  func claims() async throws {
    let response = try await stage.unify { $0.clientHumanID = "human" }
    let header: Header = try part(0, of: response.authToken)
    #expect(header.alg == "EdDSA" && header.typ == "auth+jwt" && header.kid?.isEmpty == false)
    let claims: Claims = try part(1, of: response.authToken)
    #expect(claims.sub == response.correlationID.rawValue)
    #expect(claims.aud == "US_UAT")
    #expect(claims.exp - claims.iat == 15 * 60)
    let readable = response.authToken.split(separator: ".").prefix(2).compactMap {
      Base64URL.decode(String($0)).map { String(decoding: $0, as: UTF8.self) }
    }.joined()
    #expect(!readable.contains("2001004014") && !readable.contains("human"))
  }

  @Test("no change of any part passes, nor does another algorithm (J1, J2)")
  func tampering() async throws {
    let token = try await stage.unify().authToken
    let parts = token.split(separator: ".").map(String.init)
    var header: Header = try part(0, of: token)
    var claims: Claims = try part(1, of: token)
    claims.exp += 3600
    let later = try text(claims)
    var forged = [
      "\(parts[0]).\(later).\(parts[2])", "\(parts[0]).\(parts[1]).", "\(parts[0]).\(parts[1])",
    ]
    for algorithm in ["none", "HS256", "eddsa", "ES256"] {
      header.alg = algorithm
      forged += ["\(try text(header)).\(parts[1]).\(parts[2])", "\(try text(header)).\(later)."]
    }
    header.alg = "EdDSA"
    header.kid = "another"
    forged.append("\(try text(header)).\(parts[1]).\(parts[2])")
    // The key of somebody else, over claims that are right.
    let seed = try Ed25519.makeSeed()
    let signed = "\(parts[0]).\(parts[1])"
    let signature = Ed25519.sign(
      Array(signed.utf8).span, with: try Ed25519.signingKey(ofSeed: seed))
    forged.append("\(signed).\(Base64URL.encode(signature))")
    for index in token.indices where Int.random(in: 0..<8) == 0 {
      var changed = token
      changed.replaceSubrange(index...index, with: token[index] == "A" ? "B" : "A")
      forged.append(changed)
    }
    for text in forged {
      // A last character may differ in bits that no byte has; such a text is refused as well.
      await #expect(throws: UnifyError.unauthorized, "\(text)") { try await start(text) }
    }
    try await start(token)
  }

  @Test("one kind of token never passes for the other")
  func kinds() async throws {
    let access = try await stage.service.accessToken(for: "shop")
    #expect(try await stage.service.client(ofAccessToken: access) == "shop")
    await #expect(throws: UnifyError.unauthorized) { try await start(access) }
    let authToken = try await stage.unify().authToken
    await #expect(throws: UnifyError.unauthorized) {
      try await stage.service.client(ofAccessToken: authToken)
    }
  }

  @Test("an access token is good for an hour to the second")
  func hour() async throws {
    let token = try await stage.service.accessToken(for: "shop")
    stage.clock.advance(seconds: 3599)
    #expect(try await stage.service.client(ofAccessToken: token) == "shop")
    stage.clock.advance(seconds: 1)
    await #expect(throws: UnifyError.unauthorized) {
      try await stage.service.client(ofAccessToken: token)
    }
  }

  @Test("a new key signs from now on and the old one's tokens stay good, in other servers too (J3)")
  func rotation() async throws {
    let other = UnifyService(
      registry: stage.registry, possession: stage.provider, reputation: stage.provider,
      clock: stage.clock.wallClock)
    let before = try await stage.service.accessToken(for: "shop")
    #expect(try await other.client(ofAccessToken: before) == "shop")
    try await stage.service.rotateTokenKeys()
    let after = try await stage.service.accessToken(for: "shop")
    let (old, new): (Header, Header) = (try part(0, of: before), try part(0, of: after))
    #expect(old.kid != new.kid)
    for token in [before, after] {
      #expect(try await other.client(ofAccessToken: token) == "shop")
    }
    try await stage.restartServer()
    #expect(try await stage.service.client(ofAccessToken: before) == "shop")
  }

  @Test("after thirty days a key is replaced by itself, and forgotten once nothing needs it")
  func age() async throws {
    let first: Header = try part(0, of: try await stage.service.accessToken(for: "shop"))
    stage.clock.advance(seconds: 30 * 24 * 3600 - 1)
    let last: Header = try part(0, of: try await stage.service.accessToken(for: "shop"))
    #expect(first.kid == last.kid)
    stage.clock.advance(seconds: 1)
    let second: Header = try part(0, of: try await stage.service.accessToken(for: "shop"))
    #expect(second.kid != first.kid)
    try await stage.service.rotateTokenKeys()
    // Both are there still: the first may have signed until a moment ago.
    stage.clock.advance(seconds: 3600)
    try await stage.service.rotateTokenKeys()
    let ring = try await stage.registry.item("token-keys", "ring")
    // The one that stopped signing an hour ago is gone: two made since then are left.
    #expect(ring?.bytes[1] == 2)
  }

  @Test("the seeds of the keys stand in no file of the store")
  func sealed() async throws {
    _ = try await stage.unify()
    let bytes = try #require(try await stage.registry.item("token-keys", "ring")).bytes
    let seed = Data(bytes.suffix(32))
    for name in try FileManager.default.contentsOfDirectory(atPath: stage.folder) {
      let file = try Data(contentsOf: URL(fileURLWithPath: stage.folder + "/" + name))
      #expect(file.range(of: seed) == nil, "\(name)")
    }
  }

  @Test("a flow belongs to the client that began it; others meet 8008 and change nothing")
  func clients() async throws {
    let request = UnifyRequest(
      clientRequestID: "r", possessionType: "none", phoneNumber: FlowStage.lorant)
    let response = try await stage.service.unify(request, from: "one")
    let id = response.correlationID.rawValue
    for client in ["two", ""] {
      await #expect(throws: UnifyError.invalidCorrelationID) {
        try await stage.service.unifyStatus(UnifyStatusRequest(correlationID: id), from: client)
      }
      await #expect(throws: UnifyError.invalidCorrelationID) {
        try await stage.service.unifyBind(
          UnifyBindRequest(correlationID: id, phoneNumber: FlowStage.lorant), from: client)
      }
    }
    let status = try await stage.service.unifyStatus(
      UnifyStatusRequest(correlationID: id), from: "one")
    #expect(status.success == .pending)
  }
}
