import Foundation
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform

extension ErrorText {
  static func describe(_ error: RegistryError) -> String {
    switch error {
    case .model(let error): describe(error)
    case .unknownDevice: "no registration has this deviceId"
    case .deviceIDTaken: "the deviceId is in use, or was: ids are never given out twice"
    case .deviceRevoked: "the registration is revoked, for good"
    case .deviceSuspended: "the registration is suspended; 'registry resume' lets it be used again"
    case .deviceInactive: "the registration is inactive, for good; a new full flow is needed"
    case .notBound: "the registration is not bound"
    case .registrationCapReached: "the policy allows no further registration of visitor and number"
    case .scopeMismatch:
      "the registry belongs to another tenant or build config; give --tenant and --build-config"
    case .contention: "others kept changing the same registration; try again"
    case .unlock(let error): describe(error)
    case .damaged(let table):
      "a row of table \(table) is damaged or was altered; see 'registry verify'"
    case .store(let problem): describe(problem)
    default: "the registry refused: \(error)"
    }
  }

  static func describe(_ problem: StoreProblem) -> String {
    switch problem {
    case .missing: "there is no registry there; make one with 'provekey registry init'"
    case .alreadyExists: "there is a registry or a file there already; choose another place"
    case .folderMissing: "the folder of the file does not exist; make it first"
    case .permissionDenied: "the operating system refuses access to the file"
    case .permissionsTooOpen(let mode): tooOpen(mode)
    case .readOnly: "the file, or its file system, can only be read"
    case .inUse: "another process holds the registry; try again"
    case .diskFull: "the disk is full; nothing was changed"
    case .notARegistry: "the file is not a registry"
    case .formatNewer(let found, let known):
      "the registry has format \(found) and this program knows \(known); use a newer program"
    case .corrupt: "the registry is damaged; see 'registry verify', or restore a backup"
    case .closed: "the registry was closed"
    case .outcomeUnknown: "the connection was lost during a commit; look whether it took effect"
    case .conflicted: "another transaction was in the way; try again"
    case .unavailable: "the store cannot be reached; nothing was changed, try again"
    case .overloaded: "too many wait for the store already; try again later"
    case .timedOut: "the store did not answer in time; nothing was changed"
    case .schemaOutdated:
      """
      the store's tables are missing or older than this program: 'registry init' makes a registry, \
      'registry migrate' brings its tables up to date
      """
    case .setDigestsMissing:
      """
      the registry was used with --set-digests off; make the digests anew with 'registry verify \
      --rebuild-digests', or give --set-digests off
      """
    case .refused(let state): "the server refused (SQLSTATE \(state)); nothing was changed"
    default: "the store failed: \(problem)"
    }
  }

  static func describe(_ problem: DurableFile.Problem) -> String {
    switch problem {
    case .exposed(let mode): tooOpen(mode)
    case .notUsable: "the file is no regular file, or not what was to be gone on with"
    case .system(EEXIST): "there is a file there already; choose another"
    case .system(ENOENT): "there is no such file or folder"
    case .system(EACCES): "the operating system refuses access to the file"
    case .system(ENOSPC): "the disk is full"
    case .system(let code): "the operating system refused (\(code))"
    }
  }
}
