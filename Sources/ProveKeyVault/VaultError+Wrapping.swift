import ProveKeyPlatform
import ProveKeySealing
package import SQLiteDatabase

// The two places where errors of the floor below become the vault's own.

extension VaultError: DatabaseErrorConvertible {
  /// Says what a failure of the database means for a vault.
  package init(database error: DatabaseError) {
    switch error.kind {
    case .inUse: self = .inUse
    case .readOnly: self = .readOnly
    case .folderMissing: self = .folderMissing
    case .fileMissing: self = .missing
    case .notARegularFile, .invalidPath: self = .invalidPath
    case .permissionDenied: self = .permissionDenied
    case .permissionsTooOpen(let mode): self = .permissionsTooOpen(mode: mode)
    case .full: self = .diskFull
    case .outOfMemory: self = .memoryExhausted
    case .notADatabase, .wrongApplication: self = .notAVault
    // The vacuum mode is fixed by a file's first page: a vault's is always as asked for.
    case .pragmaRefused(name: "auto_vacuum"): self = .notAVault
    case .pragmaRefused, .walUnavailable: self = .storageUnsuitable
    case .formatNewer(let found, let known):
      self = .formatNewer(found: Int(found), known: Int(known))
    case .corrupt, .formatUnknown, .tooBig: self = .damaged(VaultDamage(.file, .malformed))
    case .schemaAltered: self = .damaged(VaultDamage(.schema, .replaced))
    case .columnType: self = .damaged(VaultDamage(.record, .malformed))
    // A row of ours that is in the way is one that the trusted set does not know of.
    case .duplicateKey: self = .damaged(VaultDamage(.record, .unexpected))
    case .inputOutput, .constraint, .trailingText, .misuse, .other:
      self = .io(code: error.code.rawValue)
    }
  }
}

extension VaultError {
  /// What was under way when sealing failed.
  enum SealingOccasion {
    /// A new vault is being locked.
    case creating
    /// An existing vault is being unlocked.
    case unlocking
    /// A part of an unlocked vault is being sealed or opened.
    case using(VaultDamage.Place)
  }

  /// Says what a failure of sealing means for a vault.
  init(sealing error: SealingError, _ occasion: SealingOccasion) {
    switch (error, occasion) {
    case (.lockedMemoryExhausted, _), (.outOfMemory, _): self = .memoryExhausted
    case (.wrongPassphrase, _): self = .wrongPassphrase
    case (.wrongKey, _), (.keyFile(.wrongKey), _), (.entanglement(.wrongKey), .unlocking):
      self = .wrongKey
    case (.keyFile(.missing), .unlocking), (.providerKeyGone, .unlocking),
      (.entanglement(.missing), .unlocking):
      self = .keyLost
    case (.wrongKind, _): self = .notAVault
    // The header's checksum needs no key: bytes that decayed break it, and who edits can mend it.
    case (.damaged(.header), _): self = .damaged(VaultDamage(.header, .malformed))
    case (.damaged(let part), _), (.tampered(let part), _):
      self = .damaged(VaultDamage(Self.place(of: part, occasion), .notAuthentic))
    case (.foreignStore, .using(let place)): self = .damaged(VaultDamage(place, .foreign))
    case (.foreignStore, _): self = .damaged(VaultDamage(.epochKey, .foreign))
    case (.unknownFormat, .using(let place)), (.tooLarge, .using(let place)):
      self = .damaged(VaultDamage(place, .malformed))
    case (.unknownFormat, .unlocking): self = .damaged(VaultDamage(.header, .malformed))
    case (.epochRetired, .using(let place)), (.unknownEpoch, .using(let place)):
      self = .damaged(VaultDamage(place, .replaced))
    default: self = .unlock(error)
    }
  }

  private static func place(
    of part: SealedPart, _ occasion: SealingOccasion
  ) -> VaultDamage.Place {
    switch part {
    case .header: .header
    case .epochKey: .epochKey
    case .state: .state
    case .record:
      if case .using(let place) = occasion { place } else { .record }
    @unknown default: .record
    }
  }
}

/// Runs `body` and wraps what the database throws.
func wrapping<R>(_ body: () throws(DatabaseError) -> R) throws(VaultError) -> R {
  do throws(DatabaseError) {
    return try body()
  } catch {
    throw VaultError(database: error)
  }
}

/// Runs `body` and wraps what sealing throws.
func wrapping<R: ~Copyable>(
  _ occasion: VaultError.SealingOccasion, _ body: () throws(SealingError) -> R
) throws(VaultError) -> R {
  do throws(SealingError) {
    return try body()
  } catch {
    throw VaultError(sealing: error, occasion)
  }
}

/// Runs `body` and wraps what the reading, copying, overwriting or removal of a file throws.
func filing<R>(_ body: () throws(DurableFile.Problem) -> R) throws(VaultError) -> R {
  do throws(DurableFile.Problem) {
    return try body()
  } catch {
    switch error {
    case .exposed(let mode): throw .permissionsTooOpen(mode: mode)
    case .notUsable: throw .invalidPath
    case .system(let code): throw .io(code: code)
    }
  }
}
