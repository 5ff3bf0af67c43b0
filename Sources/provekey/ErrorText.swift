import Foundation
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import ProveKeyVault
import ProveUnify

/// Says in a sentence what went wrong and what to do, without ids, numbers or keys.
enum ErrorText {
  static func describe(_ error: any Error) -> String {
    switch error {
    case let error as VaultError: describe(error)
    case let error as RegistryError: describe(error)
    case let error as SealingError: describe(error)
    case let error as KeyEncryptionProviderError: describe(error)
    case let error as ModelError: describe(error)
    case let error as UnifyError: describe(error)
    case let error as AuthenticationError: describe(error)
    case let problem as DurableFile.Problem: describe(problem)
    default: String(describing: error)
    }
  }

  static func describe(_ error: UnifyError) -> String {
    switch error {
    case .refused(let status, let code):
      "the server refused (HTTP \(status)" + (code.map { ", code \($0)" } ?? "") + ")"
    case .rateLimited(let seconds): "too many requests; try again in \(seconds) s"
    default: error.message + (error.code.map { " (code \($0))" } ?? "")
    }
  }

  static func describe(_ error: AuthenticationError) -> String {
    switch error {
    case .vault(let error): describe(error)
    case .server(let error): describe(error)
    case .cancelled: "the flow was given up"
    case .timedOut: "the flow took longer than it may; start anew"
    case .stepMissing(let method): "the server asks for '\(method.rawValue)', which is not set up"
    case .roleHoldsNoKey: "the server asks for a key, and this device has the role without one"
    case .wrongBuildConfig: "Device Context is of another build config than the keys"
    case .finishStepFailed: "the app's own finish step failed"
    }
  }

  static func describe(_ error: VaultError) -> String {
    switch error {
    case .missing: "there is no vault there; make one with 'provekey vault create'"
    case .alreadyExists: "there is a vault there already; choose another file"
    case .folderMissing: "the folder of the file does not exist; make it first"
    case .permissionDenied: "the operating system refuses access to the file"
    case .permissionsTooOpen(let mode): tooOpen(mode)
    case .readOnly: "the file, or its file system, can only be read"
    case .diskFull: "the disk is full; nothing was changed"
    case .inUse: "another process has the vault open; close it there first"
    case .wrongPassphrase: "the passphrase is wrong"
    case .wrongKey: "the key is wrong"
    case .keyLost:
      "the vault is there but its key is gone; bring the key back, or begin anew: 'vault reset'"
    case .keyNotLost: "the vault's key is there; to erase the vault use 'vault destroy'"
    case .custodianMissing(let name): "the key is held by '\(name)', which this program lacks"
    case .custodian(let name, let problem): "the keeper '\(name)' of the key failed: \(problem)"
    case .unlock(let error): describe(error)
    case .notAVault: "the file is not a vault"
    case .formatNewer(let found, let known):
      "the vault has format \(found) and this program knows \(known); use a newer program"
    case .damaged(let damage):
      "the vault is damaged or was altered: \(damage.sentence); see 'vault salvage'"
    case .unknownKey: "the vault has no such key"
    case .invalidOrigin: "an origin has 1 to 255 bytes without control characters"
    case .quotaOutOfBounds: "a quota has 0 to 67108864 code units"
    case .quotaExceeded:
      "the origin's storage has no room for the item; remove items, or give a larger --quota"
    case .itemTooLarge: "the key and value of an item have at most 5242880 code units together"
    case .loneSurrogate: "a stored name or value is no text; use --json"
    case .rolledBack: "an older state of the vault was put back"
    case .anchor(let error): describe(error)
    case .epochInUse(let epoch, let records):
      "epoch \(epoch) is in use, by \(records) records; rotate first"
    case .database(let fault): "the database refused (\(fault.name): \(fault)); nothing was changed"
    case .unknownEpoch(let epoch): "the vault has never had the epoch \(epoch)"
    default: "the vault failed: \(error)"
    }
  }

  static func describe(_ error: AnchorError) -> String {
    switch error {
    case .permissionsTooOpen(let mode): "the anchor's file: " + tooOpen(mode)
    case .damaged: "the anchor's file is damaged or no anchor; see that the vault is the right one"
    default: "the anchor could not be read or moved: \(error)"
    }
  }

  static func describe(_ error: SealingError) -> String {
    switch error {
    case .wrongKey: "the key is wrong"
    case .wrongPassphrase: "the passphrase is wrong"
    case .keyFile(let problem): describe(problem)
    case .wrongUnlockMethod(let stored): "it is unlocked by \(stored), not by what was given"
    case .wrongKind: "it is a store of another kind"
    case .passphraseLength: "a passphrase has 1 to 1024 bytes"
    case .providerKeyGone(let name): "the key is gone from '\(name)'"
    case .providerRefused(let name): "'\(name)' refused to unlock it"
    case .providerUnavailable(let name): "'\(name)' cannot be reached"
    case .provider(let name): "'\(name)' failed, or its key is not the one of this store"
    case .wrongProvider(let expected): "it is unlocked by '\(expected)', not by what was given"
    case .entanglement(.missing): "the value that it is tied to is not in the folder"
    case .entanglement(let problem): "the value that it is tied to: \(describe(problem))"
    default: "it could not be unlocked: \(error)"
    }
  }

  /// What making a key in the keyring came upon.
  static func describe(_ error: KeyEncryptionProviderError) -> String {
    switch error {
    case .keyGone: "the key is gone"
    case .refused: "the keyring refuses access"
    case .unavailable: "this system's keyring cannot be reached"
    case .failed(code: EEXIST): "there is a key of this description already; it is not replaced"
    default: "the keyring failed: \(error)"
    }
  }

  static func describe(_ problem: KeyFileProblem) -> String {
    switch problem {
    case .missing: "there is no key file at that path; make one with --create-key-file"
    case .exposed: "others can read the key file; restrict it to mode 0600, or use a new key"
    case .notRegularFile: "the key file is not a regular file"
    case .wrongSize: "a key file has exactly 32 bytes"
    case .alreadyExists: "there is a file at the key file's path already; it is not overwritten"
    case .wrongKey: "the key in the key file is not the one of this store"
    default: "the key file cannot be used: \(problem)"
    }
  }

  static func describe(_ error: ModelError) -> String {
    switch error {
    case .malformed(let field): "'\(field)' is malformed"
    case .phoneNumber(let problem): "the phone number is malformed (\(problem.rawValue))"
    default: "\(error)"
    }
  }

  static func tooOpen(_ mode: UInt32) -> String {
    "others may read or write the file (mode \(String(mode, radix: 8))); restrict it to 0600"
  }
}
