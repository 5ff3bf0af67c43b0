public import ProveKeyModel

/// What a server wrapper sends to start a flow; texts as they came, checked by the service.
public struct UnifyRequest: Hashable, Sendable {
  /// The integrator's id of the request; required.
  public var clientRequestID: String
  /// `mobile`, `desktop` or `none`; required.
  public var possessionType: String
  /// Required unless Mobile Auth finds it or a known proveId is given.
  public var phoneNumber: String?
  /// The consumer, from an earlier flow.
  public var proveID: String?
  /// The deviceId kept from an earlier flow: which registration to restore (R12).
  public var deviceID: String?
  /// Forces a full possession check (R7).
  public var rebind: Bool
  /// The integrator's customer.
  public var clientCustomerID: String?
  /// The integrator's person.
  public var clientHumanID: String?
  /// Where an Instant Link leads; required for desktop: letters, digits and `-._+=/:?`, at most 128.
  public var finalTargetURL: String?
  /// Whether a code may be entered three times instead of once.
  public var allowOTPRetry: Bool
  /// The SMS text, at most 160 characters, with `####` to `######` where the code goes.
  public var smsMessage: String?
  /// Whether the number's reputation decides too.
  public var checkReputation: Bool
  /// The person's address; letters, digits and `@.+`.
  public var emailAddress: String?
  /// The person's IP address; letters, digits and `.:`.
  public var ipAddress: String?

  /// States a request; every field but the first two may be left out.
  public init(
    clientRequestID: String, possessionType: String, phoneNumber: String? = nil,
    proveID: String? = nil, deviceID: String? = nil, rebind: Bool = false,
    clientCustomerID: String? = nil, clientHumanID: String? = nil, finalTargetURL: String? = nil,
    allowOTPRetry: Bool = false, smsMessage: String? = nil, checkReputation: Bool = false,
    emailAddress: String? = nil, ipAddress: String? = nil
  ) {
    self.clientRequestID = clientRequestID
    self.possessionType = possessionType
    self.phoneNumber = phoneNumber
    self.proveID = proveID
    self.deviceID = deviceID
    self.rebind = rebind
    self.clientCustomerID = clientCustomerID
    self.clientHumanID = clientHumanID
    self.finalTargetURL = finalTargetURL
    self.allowOTPRetry = allowOTPRetry
    self.smsMessage = smsMessage
    self.checkReputation = checkReputation
    self.emailAddress = emailAddress
    self.ipAddress = ipAddress
  }
}

/// The answer to ``UnifyRequest``.
public struct UnifyResponse: Hashable, Sendable {
  /// The flow's id, for every later call of it.
  public let correlationID: CorrelationID
  /// Always `pending`.
  public let success: UnifySuccess
  /// What the client's SDK starts with: works once, for 15 minutes.
  public let authToken: String
}

/// How far a flow is, or how it ended.
public enum UnifySuccess: String, Hashable, Sendable, CaseIterable {
  /// The person is authenticated.
  case `true`
  /// They are not; the evaluation says why.
  case `false`
  /// The client has not finished.
  case pending
  /// The integrator is to prove possession, then to call unify-bind (R3).
  case possessionRequired = "possession_required"
}

/// What a server wrapper sends to learn how a flow stands.
public struct UnifyStatusRequest: Hashable, Sendable {
  /// The flow; required.
  public var correlationID: String
  /// The integrator's id of the request.
  public var clientRequestID: String?

  /// States a request.
  public init(correlationID: String, clientRequestID: String? = nil) {
    self.correlationID = correlationID
    self.clientRequestID = clientRequestID
  }
}

/// What a server wrapper sends once it has proven possession itself.
public struct UnifyBindRequest: Hashable, Sendable {
  /// The flow; required.
  public var correlationID: String
  /// The number whose possession was proven; required.
  public var phoneNumber: String
  /// The integrator's id of the request.
  public var clientRequestID: String?

  /// States a request.
  public init(correlationID: String, phoneNumber: String, clientRequestID: String? = nil) {
    self.correlationID = correlationID
    self.phoneNumber = phoneNumber
    self.clientRequestID = clientRequestID
  }
}

/// How a flow stands, or how it ended.
///
/// What is absent is left out on the wire.
public struct UnifyStatusResponse: Hashable, Sendable {
  /// How far, or how.
  public let success: UnifySuccess
  /// The number used, in E.164.
  public let phoneNumber: String?
  /// The consumer, when authenticated.
  public let proveID: ProveID?
  /// The key, when authenticated on mobile.
  public let deviceID: DeviceID?
  /// The integrator's person, as the request named it, when authenticated.
  public let clientHumanID: ClientHumanID?
  /// The integrator's id of the request.
  public let clientRequestID: ClientRequestID?
  /// Why it ended as it did.
  public let evaluation: Evaluation

  /// The machine-readable side of an outcome.
  public struct Evaluation: Hashable, Sendable {
    /// The row of the decision table, once there was a decision.
    public let row: DecisionRow?
    /// Why, by name: a possession or rejection reason, or what ended the possession check.
    public let reason: String?
    /// How possession was proven, or last tried.
    public let possession: PossessionMethod
  }
}

/// How possession of a number is proven.
public enum PossessionMethod: String, Hashable, Sendable, CaseIterable {
  /// Not at all: the key was enough, or nothing was tried.
  case none
  /// By the carrier.
  case mobileAuth
  /// By a one-time code in an SMS.
  case otp
  /// By a link in an SMS.
  case instantLink
  /// By the integrator.
  case customer
}

/// What a server wrapper sends to disable a key.
public struct RevokeDeviceRequest: Hashable, Sendable {
  /// The integrator's id of the request; required.
  public var clientRequestID: String
  /// The key; required.
  public var deviceID: String

  /// States a request.
  public init(clientRequestID: String, deviceID: String) {
    self.clientRequestID = clientRequestID
    self.deviceID = deviceID
  }
}
