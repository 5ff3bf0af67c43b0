import ProveDeviceRegistry
import ProveKeyModel

// The JSON of the server's four calls.
//
// Source: Prove server SDK field docs, April 2026.

extension UnifyRequest: Decodable {
  private enum CodingKeys: String, CodingKey {
    case clientRequestID = "clientRequestId"
    case possessionType, phoneNumber
    case proveID = "proveId"
    case deviceID = "deviceId"
    case rebind
    case clientCustomerID = "clientCustomerId"
    case clientHumanID = "clientHumanId"
    case finalTargetURL = "finalTargetUrl"
    case allowOTPRetry, smsMessage, checkReputation, emailAddress, ipAddress
  }

  /// Reads the body of `POST /v3/unify`; members that are not known are ignored.
  public init(from decoder: any Decoder) throws {
    let from = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      clientRequestID: try from.decode(String.self, forKey: .clientRequestID),
      possessionType: try from.decode(String.self, forKey: .possessionType),
      phoneNumber: try from.decodeIfPresent(String.self, forKey: .phoneNumber),
      proveID: try from.decodeIfPresent(String.self, forKey: .proveID),
      deviceID: try from.decodeIfPresent(String.self, forKey: .deviceID),
      rebind: try from.decodeIfPresent(Bool.self, forKey: .rebind) ?? false,
      clientCustomerID: try from.decodeIfPresent(String.self, forKey: .clientCustomerID),
      clientHumanID: try from.decodeIfPresent(String.self, forKey: .clientHumanID),
      finalTargetURL: try from.decodeIfPresent(String.self, forKey: .finalTargetURL),
      allowOTPRetry: try from.decodeIfPresent(Bool.self, forKey: .allowOTPRetry) ?? false,
      smsMessage: try from.decodeIfPresent(String.self, forKey: .smsMessage),
      checkReputation: try from.decodeIfPresent(Bool.self, forKey: .checkReputation) ?? false,
      emailAddress: try from.decodeIfPresent(String.self, forKey: .emailAddress),
      ipAddress: try from.decodeIfPresent(String.self, forKey: .ipAddress))
  }
}

extension UnifyResponse: Encodable {
  private enum CodingKeys: String, CodingKey {
    case correlationID = "correlationId"
    case success, authToken
  }

  /// Writes the answer.
  public func encode(to encoder: any Encoder) throws {
    var to = encoder.container(keyedBy: CodingKeys.self)
    try to.encode(correlationID.rawValue, forKey: .correlationID)
    try to.encode(success.rawValue, forKey: .success)
    try to.encode(authToken, forKey: .authToken)
  }
}

extension UnifyStatusRequest: Decodable {
  private enum CodingKeys: String, CodingKey {
    case correlationID = "correlationId"
    case clientRequestID = "clientRequestId"
  }

  /// Reads the body of `POST /v3/unify-status`.
  public init(from decoder: any Decoder) throws {
    let from = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      correlationID: try from.decode(String.self, forKey: .correlationID),
      clientRequestID: try from.decodeIfPresent(String.self, forKey: .clientRequestID))
  }
}

extension UnifyBindRequest: Decodable {
  private enum CodingKeys: String, CodingKey {
    case correlationID = "correlationId"
    case phoneNumber
    case clientRequestID = "clientRequestId"
  }

  /// Reads the body of `POST /v3/unify-bind`.
  public init(from decoder: any Decoder) throws {
    let from = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      correlationID: try from.decode(String.self, forKey: .correlationID),
      phoneNumber: try from.decode(String.self, forKey: .phoneNumber),
      clientRequestID: try from.decodeIfPresent(String.self, forKey: .clientRequestID))
  }
}

extension RevokeDeviceRequest: Decodable {
  private enum CodingKeys: String, CodingKey {
    case clientRequestID = "clientRequestId"
    case deviceID = "deviceId"
  }

  /// Reads the body of `POST /v3/device/revoke`.
  public init(from decoder: any Decoder) throws {
    let from = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      clientRequestID: try from.decode(String.self, forKey: .clientRequestID),
      deviceID: try from.decode(String.self, forKey: .deviceID))
  }
}

extension UnifyStatusResponse: Encodable {
  private enum CodingKeys: String, CodingKey {
    case success, phoneNumber
    case proveID = "proveId"
    case deviceID = "deviceId"
    case clientHumanID = "clientHumanId"
    case clientRequestID = "clientRequestId"
    case evaluation
  }

  private enum EvaluationKeys: String, CodingKey { case authentication, proveKey }
  private enum AuthenticationKeys: String, CodingKey { case result, failureReasons }
  private enum ProveKeyKeys: String, CodingKey { case row, reason, possession }

  /// Writes the answer.
  ///
  /// `evaluation` maps names to objects, as the SDKs read it: `authentication` has a result and,
  /// where it failed, the reasons with a text each; `proveKey` is ours: the row of the decision
  /// table, the reason and the way of possession, by name.
  public func encode(to encoder: any Encoder) throws {
    var to = encoder.container(keyedBy: CodingKeys.self)
    try to.encode(success.rawValue, forKey: .success)
    try to.encodeIfPresent(phoneNumber, forKey: .phoneNumber)
    try to.encodeIfPresent(proveID?.rawValue, forKey: .proveID)
    try to.encodeIfPresent(deviceID?.rawValue, forKey: .deviceID)
    try to.encodeIfPresent(clientHumanID?.rawValue, forKey: .clientHumanID)
    try to.encodeIfPresent(clientRequestID?.rawValue, forKey: .clientRequestID)
    let isOver = success == .true || success == .false
    guard isOver || evaluation.row != nil else { return }
    var parts = to.nestedContainer(keyedBy: EvaluationKeys.self, forKey: .evaluation)
    if isOver {
      var part = parts.nestedContainer(keyedBy: AuthenticationKeys.self, forKey: .authentication)
      try part.encode(success == .true ? "pass" : "fail", forKey: .result)
      if success == .false, let reason = evaluation.reason {
        try part.encode([reason: ReasonText.of(reason)], forKey: .failureReasons)
      }
    }
    var part = parts.nestedContainer(keyedBy: ProveKeyKeys.self, forKey: .proveKey)
    try part.encodeIfPresent(evaluation.row.map { "D\($0.rawValue)" }, forKey: .row)
    try part.encodeIfPresent(evaluation.reason, forKey: .reason)
    try part.encode(evaluation.possession.rawValue, forKey: .possession)
  }
}

/// The wire's answer to a revocation: a JSON boolean.
package struct RevokeDeviceResponse: Codable, Sendable {
  /// Whether the key is revoked now.
  package let success: Bool

  /// States it.
  package init(success: Bool) {
    self.success = success
  }
}

/// The wire's error.
package struct ErrorBody: Codable, Sendable {
  /// The code, where there is one.
  package let code: Int?
  /// What is wrong; never an id, a number or a value.
  package let message: String

  /// The body of an error.
  package init(_ error: UnifyError) {
    code = error.code
    message = error.message
  }
}
