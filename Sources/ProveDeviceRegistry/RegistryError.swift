public import ProveKeyModel
public import ProveKeySealing

/// Why the registry did not do what was asked; whatever is thrown, nothing was changed.
@nonexhaustive
public enum RegistryError: Error, Equatable, Sendable {
  /// A value breaks the rules of its field; correct what the model's error names.
  case model(ModelError)
  /// No registration has this deviceId.
  case unknownDevice
  /// The deviceId is in use, or was: ids are never given out twice (R9). Make a new key.
  case deviceIDTaken
  /// The registration is revoked for good (R9); a new full flow is needed.
  case deviceRevoked
  /// The registration is suspended; resume it before it is used.
  case deviceSuspended
  /// The registration is inactive and is never revived (R14); a new full flow is needed.
  case deviceInactive
  /// The registration has no binding; bind it first.
  case notBound
  /// The signature does not fit the key, the challenge and the other signed facts.
  case signatureInvalid
  /// An assertion came without the challenge that it answers.
  case challengeMissing
  /// The challenge is not one of this registry's; ask for a new one.
  case challengeUnknown
  /// The challenge is too old; ask for a new one.
  case challengeExpired
  /// The challenge was answered before; ask for a new one.
  case challengeSpent
  /// The ticket is not one of this registry's, or was altered.
  case ticketUnknown
  /// The ticket is too old; decide again.
  case ticketExpired
  /// The ticket was used before; decide again.
  case ticketSpent
  /// The registration changed after the plan was made; decide again.
  case planStale
  /// The decision was a refusal: there is nothing to complete.
  case nothingToComplete
  /// The plan needs to know what became of the possession check.
  case possessionMissing
  /// Possession was not proven; bindings stand as they were (R7).
  case possessionFailed
  /// The verified number is not the one that the plan is for.
  case phoneNumberMismatch
  /// The verified consumer is not the one that the request named.
  case identityMismatch
  /// The plan needs a new key and none was offered.
  case newKeyMissing
  /// A new key was offered under another deviceId than the plan's.
  case newKeyMismatch
  /// The policy allows no further registration for this visitor and number.
  case registrationCapReached
  /// The store belongs to another tenant or build config; open it with its own.
  case scopeMismatch
  /// Others kept changing the same registration; try again.
  case contention
  /// The store's keys could not be unlocked, or it is of another kind or a newer format.
  case unlock(SealingError)
  /// A stored row was altered, moved or damaged: the table names where.
  case damaged(table: String)
  /// The store itself failed.
  case store(StoreProblem)
}

/// What a store met.
@nonexhaustive
public enum StoreProblem: Hashable, Sendable {
  /// There is no store at the place named; create one first.
  case missing
  /// A store stands already at the place where one was to be created.
  case alreadyExists
  /// The folder that should hold the file does not exist.
  case folderMissing
  /// The operating system refuses access.
  case permissionDenied
  /// Others than the owner may read or write the file (its mode); restrict it to 0600.
  case permissionsTooOpen(mode: UInt32)
  /// The file or its file system can only be read.
  case readOnly
  /// Another process holds the store.
  case inUse
  /// The disk is full.
  case diskFull
  /// The file is not a registry.
  case notARegistry
  /// The file is of a newer format than this library writes.
  case formatNewer(found: Int32, known: Int32)
  /// The file's structure is damaged.
  case corrupt
  /// The store is closed.
  case closed
  /// The connection was lost while a write was being committed; write it again under its id.
  case outcomeUnknown
  /// Another transaction was in the way; read everything again and plan anew.
  case conflicted
  /// The store cannot be reached, or went away before anything took effect; try again.
  case unavailable
  /// Too many calls wait for the store already; try again later.
  case overloaded
  /// The store did not answer in time; nothing took effect.
  case timedOut
  /// The store's tables are missing or older than this library; migrate it first.
  case schemaOutdated
  /// Set digests are to be kept and there are none; verify the store and rebuild them.
  case setDigestsMissing
  /// The server's address cannot be read; it is not repeated here, since it may hold a password.
  case addressMalformed
  /// The caller's task was cancelled before the call had begun; nothing took effect.
  case cancelled
  /// Anything else that a server refused, with its five-letter SQLSTATE.
  case refused(state: String)
  /// Anything else, with the database's extended result code.
  case failed(code: Int32)
}
