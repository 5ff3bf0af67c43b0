/// The channel that an authentication comes through; `possessionType` on the wire.
public enum Channel: String, Hashable, Sendable, CaseIterable {
  /// A native app or a mobile browser.
  case mobile
  /// A desktop browser: Instant Link every time, no key (R8).
  case desktop
  /// The integrator proves possession itself (R3).
  case none
}

/// A browser fingerprint with how sure its vendor is of it.
public struct Visitor: Hashable, Sendable {
  /// The fingerprint.
  public let id: VisitorID
  /// How sure, from 0 to 1.
  public let confidence: Double

  /// Makes a visitor.
  /// - Throws: ``ModelError/malformed(field:)`` with `confidence` unless it is 0 to 1.
  public init(id: VisitorID, confidence: Double) throws(ModelError) {
    guard (0...1).contains(confidence) else { throw .malformed(field: "confidence") }
    self.id = id
    self.confidence = confidence
  }
}

/// What an authentication asks for: the facts a request names, besides the key it presents.
public struct KeyRequest: Hashable, Sendable {
  /// The channel.
  public var channel: Channel
  /// The number that the person is said to have.
  public var phoneNumber: PhoneNumber?
  /// The consumer that the person is said to be.
  public var proveID: ProveID?
  /// The deviceId that the integrator kept from an earlier authentication (R12).
  public var storedDeviceID: DeviceID?
  /// Whether a full possession check is forced (R7).
  public var rebind: Bool
  /// The browser's fingerprint, when Device Context is on.
  public var visitor: Visitor?
  /// The integrator's customer, to be kept with the key (R10).
  public var clientCustomerID: ClientCustomerID?
  /// The integrator's person, to be kept with the key (R10).
  public var clientHumanID: ClientHumanID?

  /// States a request.
  public init(
    channel: Channel, phoneNumber: PhoneNumber? = nil, proveID: ProveID? = nil,
    storedDeviceID: DeviceID? = nil, rebind: Bool = false, visitor: Visitor? = nil,
    clientCustomerID: ClientCustomerID? = nil, clientHumanID: ClientHumanID? = nil
  ) {
    self.channel = channel
    self.phoneNumber = phoneNumber
    self.proveID = proveID
    self.storedDeviceID = storedDeviceID
    self.rebind = rebind
    self.visitor = visitor
    self.clientCustomerID = clientCustomerID
    self.clientHumanID = clientHumanID
  }
}

/// What the registry knows that bears on a request; everything a decision reads.
public struct KeyFacts: Hashable, Sendable {
  /// The key that the device presented, its signature already verified.
  public enum Presented: Hashable, Sendable {
    /// The device presented no key.
    case none
    /// A key that this registry does not know.
    case unknown
    /// A registered key, with what its counter and vault say.
    case registered(KeyRegistration, ReplayFinding)
  }

  /// The registration that the request's stored deviceId names.
  public enum Stored: Hashable, Sendable {
    /// The request names none, or it was not looked up because a key was presented.
    case none
    /// No registration has that deviceId.
    case unknown
    /// The registration.
    case registered(KeyRegistration)
  }

  /// The key that was presented.
  public var presented: Presented
  /// The registration that the stored deviceId names.
  public var stored: Stored
  /// Registrations that carry the request's visitor ID, most recently authenticated first.
  ///
  /// May hold more than the candidates: the rules themselves take only those that are live, bound
  /// and of the number (or proveId) given.
  public var ofVisitor: [KeyRegistration]

  /// States the facts.
  public init(
    presented: Presented = .none, stored: Stored = .none, ofVisitor: [KeyRegistration] = []
  ) {
    self.presented = presented
    self.stored = stored
    self.ofVisitor = ofVisitor
  }
}

/// What a key's counter and its vault's state say of copies (D3).
public enum ReplayFinding: String, Hashable, Sendable, CaseIterable {
  /// Nothing speaks for a copy, or the key does not count its signatures.
  case fresh
  /// The counter lies below the window, or a key outside a vault used it before.
  case counterRegression
  /// The counter is above all seen, yet the vault's generation is below one seen: an old vault file
  /// was put back.
  case staleVault
  /// A counter was given out twice by a vault, or a generation was seen with another digest: two
  /// copies of one vault are in use.
  case forkedVault
}
