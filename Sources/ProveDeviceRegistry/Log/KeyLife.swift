import ProveKeyModel

/// The coarse state that a registration's events lead to.
struct KeyLife {
  private var base: StoredRegistration.State?
  private var isSuspended = false
  private var isDisconnected = false

  /// Nothing for a chain of decisions alone, and after an erasure.
  var state: StoredRegistration.State? {
    switch base {
    case .revoked: .revoked
    case nil: nil
    case _ where isSuspended: .suspended
    case .bound where isDisconnected: .disconnected
    default: base
    }
  }

  mutating func note(_ event: KeyEvent) {
    switch event.kind {
    case .placed: base = .placed
    case .bound, .rebound: (base, isDisconnected) = (.bound, false)
    case .unbound: base = .unbound
    case .revoked: base = .revoked
    case .deactivated: base = .dormant
    case .suspended: isSuspended = true
    case .resumed: isSuspended = false
    case .disconnected: isDisconnected = true
    case .erased: base = nil
    case .imported: note(imported: event.reason)
    case .authenticated, .recovered, .rekeyed, .counterRegression, .staleVault, .forkedVault,
      .rejected, .possessionRequired, .possessionFailed, .renamed, .decided:
      break
    }
  }

  private mutating func note(imported reason: String?) {
    for word in reason?.split(separator: " ") ?? [] {
      switch word {
      case "suspended": isSuspended = true
      case "disconnected": (base, isDisconnected) = (.bound, true)
      default: base = StoredRegistration.State.allCases.first { $0.name == word }
      }
    }
  }
}

extension KeyLife {
  /// The reason of an `imported` event: the words that lead to the registration's coarse state.
  static func importReason(of registration: KeyRegistration) -> String {
    let isDead = registration.deactivatedAt != nil
    let isOut = registration.binding?.disconnectedAt != nil
    let base: StoredRegistration.State =
      switch registration.state {
      case .revoked: .revoked
      case .placed: .placed
      case .unbound: .unbound
      case .bound: isDead ? .dormant : isOut ? .disconnected : .bound
      }
    return registration.isSuspended ? "\(base.name) suspended" : base.name
  }
}

extension KeyEvent {
  /// Whether the event stands right after another one of its chain, or begins it (G8).
  func follows(_ last: KeyEvent?) -> Bool {
    sequence == (last?.sequence ?? 0) + 1
      && previousHash == last?.hash ?? KeyEvent.noPreviousHash
  }
}
