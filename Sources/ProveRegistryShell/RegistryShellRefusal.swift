import JSONLines
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeySealing

extension LineRefusal {
  /// Says what any failure of an operation means for its answer.
  init(_ error: any Error) {
    switch error {
    case let refusal as LineRefusal: self = refusal
    case let error as RegistryError: self.init(error)
    case ModelError.malformed(let field): self = .invalid(field, "well-formed")
    case SealingError.lockedMemoryExhausted:
      self.init(name: "Failed", message: "there is no locked memory left for another key")
    default: self.init(name: "Failed", message: "the operation failed")
    }
  }

  private init(_ error: RegistryError) {
    switch error {
    case .model(.malformed(let field)): self = .invalid(field, "well-formed")
    case .model(.illegalMove(let state, let move)):
      self.init(
        name: "IllegalMove",
        message: "'\(move.rawValue)' is not for a key that is \(state.rawValue)")
    case .store(let problem):
      self.init(name: Self.name("\(problem)"), message: "the store refused: \(problem)")
    default: self.init(name: Self.name("\(error)"), message: Self.message(of: error))
    }
  }

  /// The case's name with a capital.
  private static func name(_ description: String) -> String {
    let name = description.prefix { $0 != "(" }
    return name.prefix(1).uppercased() + name.dropFirst()
  }

  private static func message(of error: RegistryError) -> String {
    switch error {
    case .unknownDevice: "no registration has this deviceId"
    case .deviceIDTaken: "the deviceId is in use, or was"
    case .deviceRevoked: "the registration is revoked, for good"
    case .deviceSuspended: "the registration is suspended: 'resume' first"
    case .deviceInactive: "the registration is inactive, for good"
    case .notBound: "the registration is not bound"
    case .signatureInvalid: "the signature does not fit key, challenge and counter"
    case .challengeMissing: "an assertion needs the 'challenge' that it answers"
    case .challengeUnknown: "the challenge is not one of this registry's"
    case .challengeExpired: "the challenge is older than 15 minutes: ask for a new one"
    case .challengeSpent: "the challenge was answered before: ask for a new one"
    case .ticketUnknown: "the ticket is not one of this registry's"
    case .ticketExpired: "the ticket is older than 15 minutes: decide again"
    case .ticketSpent: "the ticket was used before: decide again"
    case .planStale: "the registration has changed since: decide again"
    case .nothingToComplete: "there is no ticket, or none for this"
    case .possessionMissing: "the plan needs 'possession'"
    case .possessionFailed: "possession was not proven; bindings stand as they were"
    case .phoneNumberMismatch: "the verified number is not the one that the plan is for"
    case .identityMismatch: "the verified consumer is not the one that the request named"
    case .newKeyMissing: "the plan needs 'newKey', or a 'device'"
    case .newKeyMismatch: "the new key has another deviceId than the plan's"
    case .registrationCapReached: "the policy allows no further registration"
    case .contention: "others kept changing the registration: try again"
    case .damaged(let table): "a row of table \(table) was altered or is damaged"
    default: "the registry refused: \(error)"
    }
  }
}
