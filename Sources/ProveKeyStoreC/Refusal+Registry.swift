import CProveKeyStore
import ProveDeviceRegistry

extension Refusal {
  init(registry error: RegistryError) {
    switch error {
    case .model(let error): self.init(model: error)
    case .unlock(let error): self.init(sealing: error)
    case .damaged(let table):
      self = .file(PKS_DAMAGED, "a row was altered, moved or damaged: table \(table)")
    case .store(let problem): self.init(store: problem)
    default:
      let (code, text) = Self.refusal(error)
      self.init(code, PKS_DOMAIN_REGISTRY, text)
    }
  }

  private static func refusal(_ error: RegistryError) -> (pks_code, String) {
    switch error {
    case .unknownDevice: (PKS_UNKNOWN_DEVICE, "no registration has this deviceId")
    case .deviceIDTaken: (PKS_DEVICE_ID_TAKEN, "the deviceId is or was in use: make a new key")
    case .deviceRevoked: (PKS_DEVICE_REVOKED, "the registration is revoked for good")
    case .deviceSuspended: (PKS_DEVICE_SUSPENDED, "the registration is suspended")
    case .deviceInactive: (PKS_DEVICE_INACTIVE, "the registration is inactive")
    case .notBound: (PKS_NOT_BOUND, "the registration has no binding")
    case .signatureInvalid: (PKS_SIGNATURE_INVALID, "the signature does not fit")
    case .challengeMissing:
      (PKS_CHALLENGE_MISSING, "an assertion came without the challenge it answers")
    case .challengeUnknown: (PKS_CHALLENGE_UNKNOWN, "the challenge is not this registry's")
    case .challengeExpired: (PKS_CHALLENGE_EXPIRED, "the challenge is too old")
    case .challengeSpent: (PKS_CHALLENGE_SPENT, "the challenge was answered before")
    case .ticketUnknown: (PKS_TICKET_UNKNOWN, "the ticket is not this registry's")
    case .ticketExpired: (PKS_TICKET_EXPIRED, "the ticket is too old: decide again")
    case .ticketSpent: (PKS_TICKET_SPENT, "the ticket was used before: decide again")
    case .planStale: (PKS_PLAN_STALE, "the registration changed meanwhile: decide again")
    case .nothingToComplete: (PKS_NOTHING_TO_COMPLETE, "there is nothing to complete")
    case .possessionMissing:
      (PKS_POSSESSION_MISSING, "what became of the possession check was not said")
    case .possessionFailed: (PKS_POSSESSION_FAILED, "possession was not proven")
    case .phoneNumberMismatch:
      (PKS_PHONE_NUMBER_MISMATCH, "the verified number is not the one that was planned for")
    case .identityMismatch:
      (PKS_IDENTITY_MISMATCH, "the verified consumer is not the one that was named")
    case .newKeyMissing: (PKS_NEW_KEY_MISSING, "a new key is needed")
    case .newKeyMismatch: (PKS_NEW_KEY_MISMATCH, "the new key has another deviceId")
    case .registrationCapReached:
      (PKS_CAP_REACHED, "the policy allows no further registration of this visitor and number")
    case .scopeMismatch:
      (PKS_SCOPE_MISMATCH, "the store belongs to another tenant or build config")
    case .contention: (PKS_CONTENTION, "others kept changing the registration: try again")
    default: (PKS_REGISTRY_REFUSED, "the registry refused")
    }
  }

  private init(store problem: StoreProblem) {
    switch problem {
    case .missing: self = .file(PKS_MISSING, "there is no registry at the place named")
    case .alreadyExists: self = .file(PKS_ALREADY_EXISTS, "there is a registry already")
    case .folderMissing: self = .file(PKS_FOLDER_MISSING, "the folder does not exist")
    case .permissionDenied: self = .file(PKS_PERMISSION_DENIED, "the system refuses access")
    case .permissionsTooOpen(let mode):
      self = .file(
        PKS_PERMISSIONS_TOO_OPEN, "others than the owner may use the file: chmod 600", mode)
    case .readOnly: self = .file(PKS_READ_ONLY, "the file or its file system can only be read")
    case .inUse: self = .file(PKS_IN_USE, "another process holds the registry")
    case .diskFull: self = .file(PKS_DISK_FULL, "the disk is full; nothing was changed")
    case .notARegistry: self = .file(PKS_WRONG_FILE, "the file is no registry")
    case .formatNewer(let found, _):
      self = .file(
        PKS_FORMAT_NEWER, "the registry is of a newer format: update the library", found)
    case .corrupt: self = .file(PKS_DAMAGED, "the file's structure is damaged")
    case .closed: self = .closed
    case .failed(let code): self = .file(PKS_IO, "the database failed", code)
    case .outcomeUnknown: self.init(server: PKS_OUTCOME_UNKNOWN, "it is not known what was written")
    case .schemaOutdated: self.init(server: PKS_SCHEMA_OUTDATED, "migrate the store first")
    case .setDigestsMissing:
      self.init(server: PKS_SET_DIGESTS_MISSING, "the set digests are missing: verify the store")
    case .conflicted: self.init(server: PKS_CONTENTION, "another transaction was in the way")
    case .unavailable, .overloaded, .timedOut:
      self.init(server: PKS_UNAVAILABLE, "the store does not answer: try again later")
    default: self.init(server: PKS_REGISTRY_REFUSED, "the store refused")
    }
  }

  private init(server code: pks_code, _ text: String) {
    self.init(code, PKS_DOMAIN_REGISTRY, text)
  }
}
