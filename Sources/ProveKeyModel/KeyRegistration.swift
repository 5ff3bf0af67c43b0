/// The server's record of one Prove Key.
///
/// A value that moves only along the life of a key: `placed` to `bound`, `bound` to `unbound` and
/// back, anything to `revoked`. Each move gives a new value with a version one higher, or throws
/// the error that names why it is not allowed; nothing else can change a registration. Whether a
/// key is inactive is derived from its times, policy and an instant, never only stored.
public struct KeyRegistration: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
  /// Which key.
  public let deviceID: DeviceID
  /// The public half that signatures are checked against; replaced by recovery (R13).
  public private(set) var publicKey: PublicKey
  /// Where in its life the key is.
  public private(set) var state: State
  /// What is known of the device that holds the key.
  public private(set) var device: DeviceDescription
  /// The integrator's customer, when it was named.
  public private(set) var clientCustomerID: ClientCustomerID?
  /// The integrator's person, when it was named.
  public private(set) var clientHumanID: ClientHumanID?
  /// The browser fingerprint seen last, when there was one.
  public private(set) var visitorID: VisitorID?
  /// When the key was placed.
  public let placedAt: UTCInstant
  /// The last completed authentication; nothing before the first.
  public private(set) var lastAuthenticatedAt: UTCInstant?
  /// When a sweep noted that the key had become inactive; nothing before.
  public private(set) var deactivatedAt: UTCInstant?
  /// Since when the key is not to be used until it is resumed; nothing while it may be.
  public private(set) var suspendedAt: UTCInstant?
  /// Which signature counters were used; nothing for a key that has shown none.
  public private(set) var replayWindow: ReplayWindow?
  /// The highest generation of the device's vault seen, with its digest.
  public private(set) var vaultState: KeyAssertion.VaultState?
  /// Rises with every move; writes are compared against it.
  public private(set) var version: UInt64

  /// Where in its life a key is.
  public enum State: Hashable, Sendable {
    /// Registered, not yet tied to a phone number.
    case placed
    /// Tied to a phone number.
    case bound(Binding)
    /// The binding was taken away by an operator; the key stays.
    case unbound(former: Binding)
    /// Permanently disabled (R9).
    case revoked(Revocation)
  }

  /// The tie between a key and a phone number.
  public struct Binding: Hashable, Sendable {
    /// The number whose possession was proven.
    public let phoneNumber: PhoneNumber
    /// The consumer, when known.
    public let proveID: ProveID?
    /// When the number was bound.
    public let boundAt: UTCInstant
    /// Since when the number is known to be out of service; the key then needs a rebind.
    public let disconnectedAt: UTCInstant?

    /// Makes a binding.
    public init(
      phoneNumber: PhoneNumber, proveID: ProveID?, boundAt: UTCInstant,
      disconnectedAt: UTCInstant? = nil
    ) {
      self.phoneNumber = phoneNumber
      self.proveID = proveID
      self.boundAt = boundAt
      self.disconnectedAt = disconnectedAt
    }
  }

  /// When and why a key was disabled.
  public struct Revocation: Hashable, Sendable {
    /// Why a key was disabled.
    public enum Cause: UInt8, Hashable, Sendable {
      /// The integrator or an operator asked for it.
      case requested = 1
      /// Another registration took its place.
      case superseded = 2
      /// It was inactive when its successor was bound (D7).
      case deactivated = 3
    }
    /// When.
    public let revokedAt: UTCInstant
    /// Why.
    public let cause: Cause
    /// The binding at that time or before, when there was one.
    public let former: Binding?

    package init(revokedAt: UTCInstant, cause: Cause, former: Binding?) {
      self.revokedAt = revokedAt
      self.cause = cause
      self.former = former
    }
  }

  /// Registers a key that is placed and not bound.
  public init(
    placing publicKey: PublicKey, as deviceID: DeviceID, on device: DeviceDescription,
    clientCustomerID: ClientCustomerID? = nil, clientHumanID: ClientHumanID? = nil,
    visitorID: VisitorID? = nil, at now: UTCInstant
  ) {
    self.deviceID = deviceID
    self.publicKey = publicKey
    self.state = .placed
    self.device = device
    self.clientCustomerID = clientCustomerID
    self.clientHumanID = clientHumanID
    self.visitorID = visitorID
    self.placedAt = now
    self.version = 1
  }

  /// The binding in force, if any.
  public var binding: Binding? {
    if case .bound(let binding) = state { binding } else { nil }
  }

  /// The binding in force or, failing that, the last one: what a person's data is found by.
  public var association: Binding? {
    switch state {
    case .placed: nil
    case .bound(let binding): binding
    case .unbound(let former): former
    case .revoked(let revocation): revocation.former
    }
  }

  /// Whether the key was revoked.
  public var isRevoked: Bool {
    if case .revoked = state { true } else { false }
  }

  /// Whether the key is bound, to a number in service, and not suspended.
  public var isServing: Bool { binding.map { $0.disconnectedAt == nil } == true && !isSuspended }

  /// Whether the key is suspended; a revoked one is beyond that.
  public var isSuspended: Bool { suspendedAt != nil && !isRevoked }

  /// The last completed authentication, or the placing before the first.
  package var lastUse: UTCInstant { lastAuthenticatedAt ?? placedAt }

  /// Whether the key was used later than another, or at the same instant and its deviceId comes first.
  ///
  /// Source: decision row D17.
  package func isMoreRecent(than other: KeyRegistration) -> Bool {
    if lastUse != other.lastUse { return lastUse > other.lastUse }
    return deviceID.rawValue.utf8.lexicographicallyPrecedes(other.deviceID.rawValue.utf8)
  }

  /// The instant from which the key is inactive unless it is used before.
  ///
  /// Source: domain rule R5.
  public func becomesInactive(afterMonths months: Int) -> UTCInstant {
    lastUse.adding(months: months)
  }

  /// Whether the key is inactive at an instant.
  ///
  /// It is from the last completed authentication plus the months of the policy on, to the
  /// millisecond, or once a sweep has noted it. Source: domain rule R5.
  public func isInactive(at now: UTCInstant, afterMonths months: Int) -> Bool {
    deactivatedAt != nil || now >= becomesInactive(afterMonths: months)
  }

  /// Shows no children, so that `dump` can print nothing of them.
  public var customMirror: Mirror { Mirror(self, children: []) }

  /// The state's name; never an id or a number.
  public var description: String { "KeyRegistration(\(state.name.rawValue), version \(version))" }
}

// MARK: - Moves

extension KeyRegistration {
  /// Ties the key to a number whose possession was proven; that is a completed authentication (R2).
  /// - Throws: ``ModelError/revoked``, ``ModelError/suspended``, or
  ///   ``ModelError/illegalMove(from:to:)`` when it is bound.
  public func bound(
    to phoneNumber: PhoneNumber, proveID: ProveID?, at now: UTCInstant
  ) throws(ModelError) -> KeyRegistration {
    try checkUsable()
    switch state {
    case .placed, .unbound: return tied(to: phoneNumber, proveID: proveID, at: now)
    case .bound: throw .illegalMove(from: state.name, to: .bind)
    case .revoked: throw .revoked
    }
  }

  /// Ties a bound key to the number verified by a forced possession check (R7).
  /// - Throws: ``ModelError/revoked``, ``ModelError/suspended`` or ``ModelError/notBound``.
  public func rebound(
    to phoneNumber: PhoneNumber, proveID: ProveID?, at now: UTCInstant
  ) throws(ModelError) -> KeyRegistration {
    try checkUsable()
    switch state {
    case .bound: return tied(to: phoneNumber, proveID: proveID, at: now)
    case .placed, .unbound: throw .notBound
    case .revoked: throw .revoked
    }
  }

  /// Takes the binding away; the key stays (R15).
  /// - Throws: ``ModelError/revoked`` or ``ModelError/notBound``.
  public func unbound() throws(ModelError) -> KeyRegistration {
    switch state {
    case .bound(let binding): return moved { $0.state = .unbound(former: binding) }
    case .placed, .unbound: throw .notBound
    case .revoked: throw .revoked
    }
  }

  /// Disables the key for good (R9); a revoked key stays as it is.
  public func revoked(
    because cause: Revocation.Cause = .requested, at now: UTCInstant
  ) -> KeyRegistration {
    guard !isRevoked else { return self }
    let former = association
    return moved {
      $0.state = .revoked(Revocation(revokedAt: now, cause: cause, former: former))
    }
  }

  /// Notes a completed authentication, from which inactivity is counted anew (R5).
  ///
  /// A clock that went backwards does not move the time back.
  /// - Throws: ``ModelError/revoked``, ``ModelError/suspended`` or ``ModelError/notBound``.
  public func authenticated(at now: UTCInstant) throws(ModelError) -> KeyRegistration {
    try checkUsable()
    switch state {
    case .bound:
      return moved { $0.lastAuthenticatedAt = max($0.lastAuthenticatedAt ?? now, now) }
    case .placed, .unbound: throw .notBound
    case .revoked: throw .revoked
    }
  }

  /// Puts a new public key in the place of the old one, which is thereby retired (R13).
  ///
  /// What was known of the old key's counter and vault does not concern the new key.
  /// - Throws: ``ModelError/revoked`` or ``ModelError/suspended``.
  public func rekeyed(_ newKey: PublicKey) throws(ModelError) -> KeyRegistration {
    try checkUsable()
    return moved {
      $0.publicKey = newKey
      $0.replayWindow = nil
      $0.vaultState = nil
    }
  }

  /// Notes the counter and the vault's state of an assertion that was accepted.
  ///
  /// The counter is marked as used; the vault's high-water mark only rises.
  /// - Throws: ``ModelError/revoked``.
  public func noting(_ assertion: KeyAssertion) throws(ModelError) -> KeyRegistration {
    guard !isRevoked else { throw .revoked }
    guard let counter = assertion.counter else { return self }
    return moved {
      if $0.replayWindow == nil {
        $0.replayWindow = ReplayWindow(first: counter)
      } else {
        $0.replayWindow?.note(counter)
      }
      if let state = assertion.vaultState, state.generation >= ($0.vaultState?.generation ?? 0) {
        $0.vaultState = state
      }
    }
  }

  /// Notes who the key belongs to, where the request said so.
  /// - Throws: ``ModelError/revoked``.
  public func associated(
    clientCustomerID: ClientCustomerID?, clientHumanID: ClientHumanID?, visitorID: VisitorID?
  ) throws(ModelError) -> KeyRegistration {
    guard !isRevoked else { throw .revoked }
    let changed =
      (clientCustomerID != nil && clientCustomerID != self.clientCustomerID)
      || (clientHumanID != nil && clientHumanID != self.clientHumanID)
      || (visitorID != nil && visitorID != self.visitorID)
    guard changed else { return self }
    return moved {
      $0.clientCustomerID = clientCustomerID ?? $0.clientCustomerID
      $0.clientHumanID = clientHumanID ?? $0.clientHumanID
      $0.visitorID = visitorID ?? $0.visitorID
    }
  }

  /// Notes that a sweep found the key inactive; that changes no decision, only tidies.
  /// - Throws: ``ModelError/revoked`` or ``ModelError/notBound``.
  public func deactivated(at now: UTCInstant) throws(ModelError) -> KeyRegistration {
    switch state {
    case .bound: return deactivatedAt != nil ? self : moved { $0.deactivatedAt = now }
    case .placed, .unbound: throw .notBound
    case .revoked: throw .revoked
    }
  }

  /// Bars the key from use until it is resumed; a suspended key stays as it is.
  ///
  /// Its months of inactivity run on meanwhile.
  /// - Throws: ``ModelError/revoked``.
  public func suspended(at now: UTCInstant) throws(ModelError) -> KeyRegistration {
    guard !isRevoked else { throw .revoked }
    return suspendedAt == nil ? moved { $0.suspendedAt = now } : self
  }

  /// Lets a suspended key be used again; any other stays as it is.
  /// - Throws: ``ModelError/revoked``.
  public func resumed() throws(ModelError) -> KeyRegistration {
    guard !isRevoked else { throw .revoked }
    return suspendedAt == nil ? self : moved { $0.suspendedAt = nil }
  }

  /// Notes that the bound number is out of service: the key then needs a rebind.
  /// - Throws: ``ModelError/revoked`` or ``ModelError/notBound``.
  public func disconnected(at now: UTCInstant) throws(ModelError) -> KeyRegistration {
    switch state {
    case .bound(let binding):
      guard binding.disconnectedAt == nil else { return self }
      let noted = Binding(
        phoneNumber: binding.phoneNumber, proveID: binding.proveID, boundAt: binding.boundAt,
        disconnectedAt: now)
      return moved { $0.state = .bound(noted) }
    case .placed, .unbound: throw .notBound
    case .revoked: throw .revoked
    }
  }

  /// Gives the device a name, or takes its name away.
  /// - Parameter name: at most 255 UTF-8 bytes without control characters.
  /// - Throws: ``ModelError/revoked``, or ``ModelError/malformed(field:)`` with `deviceName`.
  public func renamed(to name: String?) throws(ModelError) -> KeyRegistration {
    guard !isRevoked else { throw .revoked }
    let named = try DeviceDescription(
      kind: device.kind, name: name, capabilities: device.capabilities)
    return named == device ? self : moved { $0.device = named }
  }

  private func checkUsable() throws(ModelError) {
    if isRevoked { throw .revoked }
    if isSuspended { throw .suspended }
  }

  private func tied(
    to phoneNumber: PhoneNumber, proveID: ProveID?, at now: UTCInstant
  ) -> KeyRegistration {
    moved {
      $0.state = .bound(Binding(phoneNumber: phoneNumber, proveID: proveID, boundAt: now))
      $0.lastAuthenticatedAt = max($0.lastAuthenticatedAt ?? now, now)
      $0.deactivatedAt = nil
    }
  }

  private func moved(_ change: (inout KeyRegistration) -> Void) -> KeyRegistration {
    var copy = self
    change(&copy)
    copy.version += 1
    return copy
  }
}

// MARK: - Restoring

extension KeyRegistration {
  /// Puts a registration together from its stored parts.
  package init(
    deviceID: DeviceID, publicKey: PublicKey, state: State, device: DeviceDescription,
    clientCustomerID: ClientCustomerID?, clientHumanID: ClientHumanID?, visitorID: VisitorID?,
    placedAt: UTCInstant, lastAuthenticatedAt: UTCInstant?, deactivatedAt: UTCInstant?,
    suspendedAt: UTCInstant? = nil, replayWindow: ReplayWindow?,
    vaultState: KeyAssertion.VaultState?, version: UInt64
  ) {
    self.deviceID = deviceID
    self.publicKey = publicKey
    self.state = state
    self.device = device
    self.clientCustomerID = clientCustomerID
    self.clientHumanID = clientHumanID
    self.visitorID = visitorID
    self.placedAt = placedAt
    self.lastAuthenticatedAt = lastAuthenticatedAt
    self.deactivatedAt = deactivatedAt
    self.suspendedAt = suspendedAt
    self.replayWindow = replayWindow
    self.vaultState = vaultState
    self.version = version
  }
}
