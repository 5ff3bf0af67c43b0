import ProveDeviceRegistry
import ProveKeyModel

// The JSON of the device's side: `docs/device-protocol.md`. What a device sends is decoded by the
// server and encoded by the client's transport; what the server sends, the other way round.

extension DeviceContextProof: Codable {
  private enum CodingKeys: String, CodingKey {
    case publicAPIKey = "publicApiKey"
    case token
  }

  /// Reads what a start carries as its `context`.
  public init(from decoder: any Decoder) throws {
    let from = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      publicAPIKey: try from.decode(String.self, forKey: .publicAPIKey),
      token: try from.decode(String.self, forKey: .token))
  }

  /// Writes it.
  public func encode(to encoder: any Encoder) throws {
    var to = encoder.container(keyedBy: CodingKeys.self)
    try to.encode(publicAPIKey, forKey: .publicAPIKey)
    try to.encode(token, forKey: .token)
  }
}

extension DeviceStart: Codable {
  private enum CodingKeys: String, CodingKey { case authToken, abilities, context, buildConfig }

  /// Reads the body of `POST /v1/device/start`.
  public init(from decoder: any Decoder) throws {
    let from = try decoder.container(keyedBy: CodingKeys.self)
    let names = try from.decodeIfPresent([String].self, forKey: .abilities) ?? []
    let abilities = names.compactMap { PossessionMethod(rawValue: $0) }
    guard abilities.count == names.count else { throw UnifyError.invalidField("abilities") }
    self.init(
      authToken: try from.decode(String.self, forKey: .authToken), abilities: Set(abilities),
      context: try from.decodeIfPresent(DeviceContextProof.self, forKey: .context),
      buildConfig: try from.name(BuildConfig.self, .buildConfig))
  }

  /// Writes the body.
  public func encode(to encoder: any Encoder) throws {
    var to = encoder.container(keyedBy: CodingKeys.self)
    try to.encode(authToken, forKey: .authToken)
    try to.encode(abilities.map(\.rawValue).sorted(), forKey: .abilities)
    try to.encodeIfPresent(context, forKey: .context)
    try to.encode(buildConfig.rawValue, forKey: .buildConfig)
  }
}

/// The body of `POST /v1/device/reply`.
package struct DeviceReplyBody: Codable, Sendable {
  /// The device's side of the flow.
  package let authID: String
  /// The reply to the last step.
  package let reply: DeviceReply

  private enum CodingKeys: String, CodingKey {
    case authID = "authId"
    case reply
  }

  /// States a body.
  package init(authID: String, reply: DeviceReply) {
    self.authID = authID
    self.reply = reply
  }
}

/// The answer to a start, which has the authId, and to a reply, which has not.
package struct DeviceStepBody: Codable, Sendable {
  /// The device's side of the flow.
  package let authID: String?
  /// What comes next.
  package let step: DeviceStep

  private enum CodingKeys: String, CodingKey {
    case authID = "authId"
    case step
  }

  /// States an answer.
  package init(authID: String? = nil, step: DeviceStep) {
    self.authID = authID
    self.step = step
  }
}

extension DeviceReply: Codable {
  private enum CodingKeys: String, CodingKey {
    case type, assertion, token, phoneNumber, code, newKey
  }

  private enum Kind: String {
    case presented, mobileAuth, consent, code, waiting, resend, changeNumber, offered, cancelled
  }

  /// Reads a reply.
  public init(from decoder: any Decoder) throws {
    let from = try decoder.container(keyedBy: CodingKeys.self)
    switch try from.name(Kind.self, .type) {
    case .presented:
      guard try from.decodeIfPresent(String.self, forKey: .assertion) != nil else {
        self = .presented(nil)
        return
      }
      guard let assertion = try? KeyAssertion(encoded: try from.bytes(.assertion)) else {
        throw UnifyError.invalidField("assertion")  // whatever is wrong with it
      }
      self = .presented(assertion)
    case .mobileAuth:
      self = .mobileAuth(token: try from.decodeIfPresent(String.self, forKey: .token))
    case .consent:
      self = .consent(phoneNumber: try from.decodeIfPresent(String.self, forKey: .phoneNumber))
    case .code: self = .code(try from.decode(String.self, forKey: .code))
    case .waiting: self = .waiting
    case .resend: self = .resend
    case .changeNumber: self = .changeNumber
    case .offered: self = .offered(try from.decode(NewKeyBody.self, forKey: .newKey).newKey())
    case .cancelled: self = .cancelled
    }
  }

  /// Writes a reply.
  public func encode(to encoder: any Encoder) throws {
    var to = encoder.container(keyedBy: CodingKeys.self)
    let kind: Kind
    switch self {
    case .presented(let assertion):
      kind = .presented
      try to.encodeIfPresent(assertion.map { WireText.text($0.encoded) }, forKey: .assertion)
    case .mobileAuth(let token):
      kind = .mobileAuth
      try to.encodeIfPresent(token, forKey: .token)
    case .consent(let number):
      kind = .consent
      try to.encodeIfPresent(number, forKey: .phoneNumber)
    case .code(let code):
      kind = .code
      try to.encode(code, forKey: .code)
    case .waiting: kind = .waiting
    case .resend: kind = .resend
    case .changeNumber: kind = .changeNumber
    case .offered(let newKey):
      kind = .offered
      try to.encode(NewKeyBody(newKey), forKey: .newKey)
    case .cancelled: kind = .cancelled
    }
    try to.encode(kind.rawValue, forKey: .type)
  }
}

/// A new key on the wire.
private struct NewKeyBody: Codable {
  let deviceID: String
  let algorithm: String
  let publicKey: String
  let proof: String

  private enum CodingKeys: String, CodingKey {
    case deviceID = "deviceId"
    case algorithm, publicKey, proof
  }

  init(_ newKey: NewKey) {
    deviceID = newKey.deviceID.rawValue
    algorithm = newKey.publicKey.algorithm.name
    publicKey = WireText.text(newKey.publicKey.bytes)
    proof = WireText.text(newKey.proof.encoded)
  }

  func newKey() throws -> NewKey {
    guard let id = DeviceID(deviceID) else { throw UnifyError.invalidField("newKey.deviceId") }
    guard let algorithm = KeyAlgorithm.allCases.first(where: { $0.name == algorithm }) else {
      throw UnifyError.invalidField("newKey.algorithm")
    }
    // Whatever is wrong with it, the field is named.
    guard let bytes = WireText.bytes(publicKey),
      let publicKey = try? PublicKey(algorithm: algorithm, bytes: bytes)
    else { throw UnifyError.invalidField("newKey.publicKey") }
    guard let proofBytes = WireText.bytes(proof),
      let proof = try? KeyAssertion(encoded: proofBytes),
      let newKey = try? NewKey(deviceID: id, publicKey: publicKey, proof: proof)
    else { throw UnifyError.invalidField("newKey.proof") }
    return newKey
  }
}
