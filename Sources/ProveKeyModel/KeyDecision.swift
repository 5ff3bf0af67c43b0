/// A row of the decision table; `docs/decision-table.md` has them in words.
public enum DecisionRow: Int, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  /// The rows by number; `KeyRules` tries D18 after D2, and D19 after D7.
  case d1 = 1, d2, d3, d4, d5, d6, d7, d8, d9, d10, d11, d12, d13, d14, d15, d16, d17, d18, d19

  /// The row's name, as in `D12`.
  public var description: String { "D\(rawValue)" }
}

/// What the rules say of a request, and by which row.
public struct KeyDecision: Hashable, Sendable {
  /// The first row that matched.
  public let row: DecisionRow
  /// What follows.
  public let outcome: KeyOutcome

  package init(_ row: DecisionRow, _ outcome: KeyOutcome) {
    self.row = row
    self.outcome = outcome
  }
}

/// What follows from a decision.
public enum KeyOutcome: Hashable, Sendable {
  /// The presented key is enough: no possession check.
  case authenticate(DeviceID)
  /// The registration is restored under a new key: no possession check (R12, R13).
  case recover(DeviceID)
  /// Possession must be proven; the plan says what then takes effect.
  case requirePossession(PossessionReason, then: KeyPlan)
  /// Refused.
  case reject(RejectionReason)
}

/// Why possession must be proven.
public enum PossessionReason: Hashable, Sendable {
  /// Desktop ignores the key (R8).
  case desktopChannel
  /// The presented key's counter was used before or is too old.
  case counterRegression
  /// The presented key's vault is older than one seen.
  case staleVault
  /// Two copies of the presented key's vault are in use.
  case forkedVault
  /// The request forces a check (R7).
  case rebindRequested
  /// The presented, or stored, key is not registered here.
  case unknownKey
  /// The presented key is placed or unbound.
  case keyNotBound
  /// The presented, or stored, key has not been used for the months of the policy (R5).
  case keyInactive
  /// The presented key's binding is older than the policy allows (R15).
  case bindingTooOld
  /// No key was presented and nothing allows recovery.
  case noKey
  /// The presented, or stored, key is bound to a number that is out of service.
  case numberDisconnected
  /// The stored deviceId was revoked.
  case storedDeviceRevoked
  /// The stored deviceId is suspended.
  case storedDeviceSuspended
  /// The stored deviceId is not among this visitor's candidates.
  case storedDeviceNotCandidate
  /// A visitor ID is no credential.
  case visitorAlone
  /// The visitor has no candidate of the number or proveId given.
  case noRegistration
  /// So many candidates fit, and the policy chooses none.
  case ambiguous(Int)

  /// Every reason but the one that counts.
  package static let withoutCount: [PossessionReason] = [
    .desktopChannel, .counterRegression, .staleVault, .forkedVault, .rebindRequested, .unknownKey,
    .keyNotBound, .keyInactive, .bindingTooOld, .noKey, .numberDisconnected, .storedDeviceRevoked,
    .storedDeviceSuspended, .storedDeviceNotCandidate, .visitorAlone, .noRegistration,
  ]

  /// The reason's name, as answers and events carry it.
  public var name: String {
    switch self {
    case .desktopChannel: "desktopChannel"
    case .counterRegression: "counterRegression"
    case .staleVault: "staleVault"
    case .forkedVault: "forkedVault"
    case .rebindRequested: "rebindRequested"
    case .unknownKey: "unknownKey"
    case .keyNotBound: "keyNotBound"
    case .keyInactive: "keyInactive"
    case .bindingTooOld: "bindingTooOld"
    case .noKey: "noKey"
    case .numberDisconnected: "numberDisconnected"
    case .storedDeviceRevoked: "storedDeviceRevoked"
    case .storedDeviceSuspended: "storedDeviceSuspended"
    case .storedDeviceNotCandidate: "storedDeviceNotCandidate"
    case .visitorAlone: "visitorAlone"
    case .noRegistration: "noRegistration"
    case .ambiguous: "ambiguous"
    }
  }
}

/// Why a request is refused.
public enum RejectionReason: String, Hashable, Sendable, CaseIterable {
  /// The key was revoked (R9).
  case revoked
  /// The key is suspended until the integrator resumes it.
  case suspended
  /// The key is bound to another number (R6).
  case phoneMismatch
  /// The key belongs to another consumer.
  case identityMismatch
  /// The key seems to have been copied and the policy refuses such keys.
  case clonedKey

  /// The error code of the wire, where the refusal is an error there: 8019 for a revoked key.
  public var wireCode: Int? { self == .revoked ? 8019 : nil }
}

/// What takes effect once possession of a number is proven.
public struct KeyPlan: Hashable, Sendable {
  /// The change itself.
  public enum Action: Hashable, Sendable {
    /// Nothing: no key is involved (desktop).
    case none
    /// Register a new key and bind it.
    case place
    /// Bind this key, which is placed or unbound.
    case bind(DeviceID)
    /// Bind this key, which is bound, to the verified number.
    case rebind(DeviceID)
    /// Put a new key in the place of this one.
    case rekey(DeviceID)

    /// The action's name, as answers and events carry it.
    public var name: String {
      switch self {
      case .none: "none"
      case .place: "place"
      case .bind: "bind"
      case .rebind: "rebind"
      case .rekey: "rekey"
      }
    }

    /// The registration that the action changes, if there is one already.
    public var deviceID: DeviceID? {
      switch self {
      case .none, .place: nil
      case .bind(let id), .rebind(let id), .rekey(let id): id
      }
    }
  }

  /// What changes.
  public let action: Action
  /// The number that the request named, when it named one.
  public let requestedPhoneNumber: PhoneNumber?
  /// The consumer that the request named, when it named one.
  public let requestedProveID: ProveID?
  /// The number that the key is bound to, where only that one will do (D3, D9).
  public let boundPhoneNumber: PhoneNumber?
  /// The inactive registration that is tombstoned when the new one is bound (D7).
  public let retires: DeviceID?

  package init(
    _ action: Action, for request: KeyRequest, boundPhoneNumber: PhoneNumber? = nil,
    retires: DeviceID? = nil
  ) {
    self.init(
      action: action, requestedPhoneNumber: request.phoneNumber,
      requestedProveID: request.proveID, boundPhoneNumber: boundPhoneNumber, retires: retires)
  }

  package init(
    action: Action, requestedPhoneNumber: PhoneNumber?, requestedProveID: ProveID?,
    boundPhoneNumber: PhoneNumber?, retires: DeviceID?
  ) {
    self.action = action
    self.requestedPhoneNumber = requestedPhoneNumber
    self.requestedProveID = requestedProveID
    self.boundPhoneNumber = boundPhoneNumber
    self.retires = retires
  }

  /// Whether possession of this number fulfils the plan: only the number that the request named,
  /// when it named one, and only the bound one where the plan says so.
  public func isFulfilled(by verified: PhoneNumber) -> Bool {
    (requestedPhoneNumber ?? verified) == verified && (boundPhoneNumber ?? verified) == verified
  }
}
