public import ProveDeviceRegistry
public import ProveKeyModel

/// What a device says to the server in the course of one flow.
///
/// The device starts with the authToken, then answers each ``DeviceStep`` with a reply until it is
/// told that the flow is finished. The server alone decides what comes next.
public struct DeviceStart: Hashable, Sendable {
  /// What the server gave the app for this flow.
  public let authToken: String
  /// The ways of proving possession that the app has set up.
  public let abilities: Set<PossessionMethod>
  /// What Device Context collected, when it is on.
  public let context: DeviceContextProof?
  /// The environment and region that the device's keys belong to.
  public let buildConfig: BuildConfig

  /// States a start.
  public init(
    authToken: String, abilities: Set<PossessionMethod>, context: DeviceContextProof? = nil,
    buildConfig: BuildConfig
  ) {
    self.authToken = authToken
    self.abilities = abilities
    self.context = context
    self.buildConfig = buildConfig
  }
}

/// A vendor's word on a browser, for the server to redeem.
public struct DeviceContextProof: Hashable, Sendable {
  /// The key that the app collects under.
  public let publicAPIKey: String
  /// What the vendor gave the browser; opaque.
  public let token: String

  /// States a proof.
  public init(publicAPIKey: String, token: String) {
    self.publicAPIKey = publicAPIKey
    self.token = token
  }
}

/// What the server asks of the device next.
public enum DeviceStep: Hashable, Sendable {
  /// Present a key by signing the challenge, or say that there is none.
  case presentKey(Challenge)
  /// The key's signature did not fit what is registered: present another, or none.
  case presentAnotherKey(Challenge)
  /// Prove possession through the carrier.
  case mobileAuth
  /// Collect a number if one is needed, and the person's consent to an SMS.
  case startOTP(phoneNumberNeeded: Bool, PhoneNumberEntryError?)
  /// Collect the code that was sent.
  case finishOTP(OTPEntryError?)
  /// Collect a number if one is needed, and the person's consent to an SMS.
  case startInstantLink(phoneNumberNeeded: Bool, PhoneNumberEntryError?)
  /// A link was sent: wait until it is opened, or ask for another.
  case awaitInstantLink
  /// Place a key, under this deviceId if one is given, and prove it over the challenge.
  case offerKey(Challenge, as: DeviceID?)
  /// The flow is over.
  case finished(DeviceFinish)
}

/// What the device replies to a step.
public enum DeviceReply: Hashable, Sendable {
  /// To `presentKey`: the proof of the device's key, or nothing when it has none.
  case presented(KeyAssertion?)
  /// To `mobileAuth`: what the carrier gave, or nothing when it gave nothing.
  case mobileAuth(token: String?)
  /// To `startOTP` and `startInstantLink`: consent, with a number where one was needed.
  case consent(phoneNumber: String?)
  /// To `finishOTP`: the code that the person entered.
  case code(String)
  /// To `awaitInstantLink`: nothing new, has the link been opened?
  case waiting
  /// To `finishOTP` and `awaitInstantLink`: send another SMS.
  case resend
  /// To `finishOTP` and `awaitInstantLink`: the number shall be entered anew.
  case changeNumber
  /// To `offerKey`: the key.
  case offered(NewKey)
  /// To any step: the person gave up.
  case cancelled
}

/// How a flow ended for the device.
public struct DeviceFinish: Hashable, Sendable {
  /// What the app hands to its own server, which then asks for the flow's status.
  public let authID: String
  /// Whether the person is authenticated; nothing when the integrator still has to bind (R3).
  public let isAuthenticated: Bool?
  /// Why not, by name, where the person is not authenticated; all else is for the server to know.
  public let reason: String?
  /// The key that the server knows now; the device keeps it as placed.
  public let deviceID: DeviceID?
  /// Whether the presented key was revoked: the device drops it (D2).
  public let dropsPresentedKey: Bool
}

/// What was wrong with a number that the person entered.
public enum PhoneNumberEntryError: String, Hashable, Sendable {
  /// It cannot be read as a number.
  case malformed
  /// No SMS could be sent to it.
  case undeliverable
}

/// What was wrong with a code that the person entered.
public enum OTPEntryError: String, Hashable, Sendable {
  /// It is not the code that was sent.
  case incorrect
}

/// Carries a device's messages to the server: in process, or over a network.
public protocol UnifyTransport: Sendable {
  /// Starts the device's side of a flow.
  func start(_ start: DeviceStart) async throws(UnifyError) -> (authID: String, step: DeviceStep)
  /// Replies to the last step.
  func reply(_ reply: DeviceReply, authID: String) async throws(UnifyError) -> DeviceStep
}

/// The transport for a client and a server in one process.
public struct InProcessTransport: UnifyTransport {
  private let service: UnifyService

  /// Carries messages to this service.
  public init(to service: UnifyService) {
    self.service = service
  }

  /// Starts the device's side of a flow.
  public func start(
    _ start: DeviceStart
  ) async throws(UnifyError) -> (authID: String, step: DeviceStep) {
    try await service.start(start)
  }

  /// Replies to the last step.
  public func reply(
    _ reply: DeviceReply, authID: String
  ) async throws(UnifyError) -> DeviceStep {
    try await service.reply(reply, authID: authID)
  }
}
