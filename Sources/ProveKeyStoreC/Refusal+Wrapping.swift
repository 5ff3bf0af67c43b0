import CProveKeyStore
import Glibc
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeySealing
import ProveKeyVault

// Where the errors of the floors below become codes; no text of theirs passes unless it is theirs
// to show.

extension Refusal {
  /// Says what any error means for a caller in another language.
  init(_ error: any Error) {
    switch error {
    case let refusal as Refusal: self = refusal
    case let error as VaultError: self.init(vault: error)
    case let error as RegistryError: self.init(registry: error)
    case let error as SealingError: self.init(sealing: error)
    case let error as ModelError: self.init(model: error)
    case let error as KeyEncryptionProviderError: self.init(keyring: error)
    default: self = .call(PKS_INTERNAL, "the call failed")
    }
  }

  init(model error: ModelError) {
    switch error {
    case .malformed(let field):
      self.init(PKS_MALFORMED, PKS_DOMAIN_MODEL, "'\(field)' is malformed")
    case .phoneNumber(let problem):
      self.init(
        PKS_PHONE_NUMBER, PKS_DOMAIN_MODEL, "no phone number: \(problem)",
        detail: problem.number)
    case .illegalMove(let from, let to):
      self.init(
        PKS_ILLEGAL_MOVE, PKS_DOMAIN_MODEL, "a registration that is \(from) allows no \(to)")
    case .notBound: self.init(registry: .notBound)
    case .revoked: self.init(registry: .deviceRevoked)
    case .suspended: self.init(registry: .deviceSuspended)
    @unknown default: self.init(PKS_INTERNAL, PKS_DOMAIN_MODEL, "a value was refused")
    }
  }

  /// What the kernel's keyring said when it was asked for itself, not to unlock.
  private init(keyring error: KeyEncryptionProviderError) {
    switch error {
    case .failed(EEXIST): self = .file(PKS_ALREADY_EXISTS, "the keyring has such a key already")
    case .unavailable: self.init(sealing: .providerUnavailable("keyring"))
    case .keyGone: self = .notFound
    default: self.init(sealing: .provider("keyring"))
    }
  }

  init(sealing error: SealingError) {
    let (code, text, detail): (pks_code, String, Int64) =
      switch error {
      case .wrongKey: (PKS_WRONG_KEY, "the key is not this store's", 0)
      case .wrongPassphrase: (PKS_WRONG_PASSPHRASE, "the passphrase is not this store's", 0)
      case .keyFile(.wrongKey): (PKS_WRONG_KEY, "the key file's key is not this store's", 0)
      case .keyFile(let problem): (PKS_KEY_FILE, "the key file: \(problem)", 0)
      case .entanglement(let problem):
        (PKS_ENTANGLEMENT, "the value in the entangled folder: \(problem)", 0)
      case .provider: (PKS_PROVIDER_FAILED, "the provider failed, or has another key", 0)
      case .providerKeyGone: (PKS_KEY_LOST, "the provider's key is gone", 0)
      case .providerRefused: (PKS_PROVIDER_REFUSED, "the provider refused: ask again", 0)
      case .providerUnavailable:
        (PKS_PROVIDER_UNAVAILABLE, "the provider cannot be reached: try again later", 0)
      case .wrongProvider:
        (
          PKS_WRONG_UNLOCK_METHOD, "another provider locked this store",
          Int64(PKS_METHOD_PROVIDER.rawValue)
        )
      case .wrongUnlockMethod(let stored):
        (
          PKS_WRONG_UNLOCK_METHOD, "the store is locked by another method: \(stored)",
          Int64(stored.rawValue)
        )
      case .lockedMemoryExhausted:
        (PKS_MEMORY_EXHAUSTED, "no guarded memory is left: raise the limit on locked memory", 0)
      case .outOfMemory: (PKS_MEMORY_EXHAUSTED, "there is not enough memory", 0)
      case .wrongKind: (PKS_WRONG_FILE, "the file is another kind of store", 0)
      case .passphraseLength: (PKS_BAD_LENGTH, "a passphrase has 1 to 1024 bytes", 0)
      case .wrongByteCount: (PKS_BAD_LENGTH, "a raw key has 32 bytes", 0)
      case .providerName:
        (PKS_BAD_VALUE, "a provider's name is 1 to 64 printable ASCII characters", 0)
      case .damaged, .tampered: (PKS_DAMAGED, "the header or a key of the store is damaged", 0)
      default: (PKS_UNLOCK_FAILED, "unlocking failed: \(error)", 0)
      }
    self.init(code, PKS_DOMAIN_UNLOCK, text, detail: detail)
  }

  init(vault error: VaultError) {
    switch error {
    case .wrongPassphrase: self.init(sealing: .wrongPassphrase)
    case .wrongKey: self.init(sealing: .wrongKey)
    case .keyLost: self.init(PKS_KEY_LOST, PKS_DOMAIN_UNLOCK, "the vault is there, its key is not")
    case .unlock(let error): self.init(sealing: error)
    case .memoryExhausted: self.init(sealing: .lockedMemoryExhausted)
    case .closed: self = .closed
    default:
      if let file = Self.file(error) {
        self = file
      } else {
        let (code, text) = Self.role(error)
        self.init(code, PKS_DOMAIN_VAULT, text)
      }
    }
  }

  private static func file(_ error: VaultError) -> Refusal? {
    switch error {
    case .missing: file(PKS_MISSING, "there is no vault at the path")
    case .alreadyExists: file(PKS_ALREADY_EXISTS, "something stands at the path already")
    case .invalidPath: file(PKS_INVALID_PATH, "the path names no regular file")
    case .folderMissing: file(PKS_FOLDER_MISSING, "the folder does not exist")
    case .permissionDenied: file(PKS_PERMISSION_DENIED, "the system refuses access")
    case .permissionsTooOpen(let mode):
      file(PKS_PERMISSIONS_TOO_OPEN, "others than the owner may use the file: chmod 600", mode)
    case .readOnly: file(PKS_READ_ONLY, "the file or its file system can only be read")
    case .diskFull: file(PKS_DISK_FULL, "the disk is full; nothing was changed")
    case .inUse: file(PKS_IN_USE, "another process, or another open vault, has the file")
    case .storageUnsuitable:
      file(PKS_STORAGE_UNSUITABLE, "the file system lacks what a vault needs")
    case .io(let code): file(PKS_IO, "the system or SQLite failed", code)
    case .notAVault: file(PKS_WRONG_FILE, "the file is no vault")
    case .formatNewer(let found, _):
      file(PKS_FORMAT_NEWER, "the vault is of a newer format: update the library", found)
    case .damaged(let damage): file(PKS_DAMAGED, "the vault is damaged or was altered: \(damage)")
    case .rolledBack: file(PKS_ROLLED_BACK, "an older state of the vault was put back")
    case .anchor: file(PKS_ANCHOR, "the anchor failed; what was written is durable")
    default: nil
    }
  }

  static func file(_ code: pks_code, _ text: String) -> Refusal {
    Refusal(code, PKS_DOMAIN_FILE, text)
  }

  static func file(_ code: pks_code, _ text: String, _ detail: some BinaryInteger) -> Refusal {
    Refusal(code, PKS_DOMAIN_FILE, text, detail: Int64(detail))
  }

  private static func role(_ error: VaultError) -> (pks_code, String) {
    switch error {
    case .unknownKey: (PKS_UNKNOWN_KEY, "the vault has no such key")
    case .deviceIDTaken: (PKS_DEVICE_ID_TAKEN, "the device id names a key of another scope")
    case .challengeOutOfBounds: (PKS_CHALLENGE_LENGTH, "a challenge has 16 to 255 bytes")
    case .tooManyKeys: (PKS_TOO_MANY_KEYS, "the scope or the vault is at its limit of keys")
    case .invalidOrigin:
      (PKS_INVALID_ORIGIN, "an origin has 1 to 255 bytes without control characters")
    case .quotaOutOfBounds: (PKS_QUOTA_OUT_OF_BOUNDS, "a quota is 0 to 67108864 code units")
    case .quotaExceeded: (PKS_QUOTA_EXCEEDED, "the origin's storage has no room for the item")
    case .itemTooLarge: (PKS_ITEM_TOO_LARGE, "an item has at most 5242880 code units")
    case .keyNotLost: (PKS_KEY_NOT_LOST, "the vault opens: its key is not lost")
    case .loneSurrogate: (PKS_LONE_SURROGATE, "what is stored is no text: read it in UTF-16")
    default: (PKS_VAULT_REFUSED, "the vault refused")
    }
  }
}

extension PhoneNumberProblem {
  fileprivate var number: Int64 {
    let problem =
      switch self {
      case .empty: PKS_PHONE_EMPTY
      case .characterNotAllowed: PKS_PHONE_CHARACTER
      case .lettersNotANumber: PKS_PHONE_LETTERS
      case .misplacedPlus: PKS_PHONE_MISPLACED_PLUS
      case .countryCodeMissing: PKS_PHONE_COUNTRY_CODE_MISSING
      case .countryCodeZero: PKS_PHONE_COUNTRY_CODE_ZERO
      case .tooShort: PKS_PHONE_TOO_SHORT
      case .tooLong: PKS_PHONE_TOO_LONG
      case .northAmericaLength: PKS_PHONE_NORTH_AMERICA_LENGTH
      }
    return Int64(problem.rawValue)
  }
}
