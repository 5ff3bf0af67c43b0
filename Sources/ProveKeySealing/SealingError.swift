/// Why something could not be sealed, opened or unlocked; each case names its remedy.
///
/// No case carries a key, an id, a locator or any content.
@nonexhaustive
public enum SealingError: Error, Equatable, Sendable {
  /// The raw key is not the one this store was locked with: bring the right key.
  case wrongKey
  /// The passphrase is not the one this store was locked with: ask again.
  case wrongPassphrase
  /// The key file cannot be used: the problem says what to repair.
  case keyFile(KeyFileProblem)
  /// The value that the store is entangled with cannot be used: the problem says what to repair;
  /// ``KeyFileProblem/missing`` is a value that is lost, ``KeyFileProblem/wrongKey`` another one.
  case entanglement(KeyFileProblem)
  /// An entangled method cannot be entangled again: entangle the method itself.
  case nestedEntanglement
  /// The named key-encryption provider failed, or its key is not this store's: see its own log.
  case provider(String)
  /// The named provider's key is gone for good: reset the store, or bring another copy of it that
  /// is locked by another method.
  case providerKeyGone(String)
  /// The person cancelled, or the named provider is locked: ask again.
  case providerRefused(String)
  /// The named provider cannot be reached or does not exist on this system: repeat later.
  case providerUnavailable(String)
  /// The store was locked by another provider: bring the one that is named.
  case wrongProvider(expected: String)
  /// The store is locked by another method than the one brought: use the one that is named.
  case wrongUnlockMethod(stored: UnlockMethod.Kind)

  /// The bytes are not what was written (decay, truncation, a moved or edited record):
  /// restore them from a backup.
  case damaged(SealedPart)
  /// The key is right and the bytes were changed by someone who mended the checksum: trust
  /// nothing in this file and restore it from a backup.
  case tampered(SealedPart)
  /// The record was sealed by another store: look for the file it belongs to.
  case foreignStore
  /// The header belongs to another kind of store: open it as that kind.
  case wrongKind
  /// The data key of this epoch was retired: the record was rotated away or put back from an
  /// older copy, and must not be used.
  case epochRetired(UInt32)
  /// This store has no data key of this epoch: reload the epochs from the file, then retry.
  case unknownEpoch(UInt32)
  /// The epoch is the one that new records are sealed under: add an epoch before retiring it.
  case epochIsCurrent(UInt32)
  /// The bytes were written in a format this library does not know: update the library.
  case unknownFormat(UInt8)

  /// The stored passphrase cost is outside the stated limits: the header was forged or comes
  /// from another library; nothing was computed.
  case costOutOfBounds
  /// No guarded memory is left: raise the limit on locked memory (`ulimit -l`) or hold fewer
  /// secrets at once.
  case lockedMemoryExhausted
  /// There is not enough memory for the passphrase's cost: free some or use a smaller cost.
  case outOfMemory
  /// The content is larger than its stated limit: split it.
  case tooLarge
  /// The passphrase is empty or longer than 1024 bytes: choose another.
  case passphraseLength
  /// A key, a seed or a commitment does not have its fixed number of bytes: pass one that does.
  case wrongByteCount
  /// The provider's name is not 1 to 64 printable ASCII characters: rename it.
  case providerName
}

/// Which sealed thing an error speaks of.
@nonexhaustive
public enum SealedPart: Equatable, Sendable {
  /// The header that wraps a store's root key.
  case header
  /// The sealed data key of an epoch.
  case epochKey
  /// A sealed record.
  case record
  /// The sealed state of the set (generation, count, digest).
  case state
}

/// What is wrong with a key file; each case names its remedy.
@nonexhaustive
public enum KeyFileProblem: Equatable, Sendable {
  /// There is no file at the path: create one or correct the path.
  case missing
  /// The file cannot be read; the number is the system's `errno`.
  case unreadable(Int32)
  /// Group or others have a permission on it: `chmod 600`, and think of the key as seen.
  case exposed
  /// It is a folder, a pipe or a device: name a regular file.
  case notRegularFile
  /// It does not hold exactly 32 bytes: bring the right file.
  case wrongSize
  /// A file exists at the path and is never overwritten: choose another path.
  case alreadyExists
  /// The file cannot be made durable; the number is the system's `errno`.
  case cannotCreate(Int32)
  /// The file is sound and its key is not this store's: bring the right file.
  case wrongKey
}
