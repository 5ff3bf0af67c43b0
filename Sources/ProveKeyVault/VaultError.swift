public import ProveKeySealing

/// Why a vault refused; each case names its remedy, and none carries a key, an id or an origin.
@nonexhaustive
public enum VaultError: Error, Equatable, Sendable {
  // MARK: The file

  /// There is no vault at the path: create one, or correct the path.
  case missing
  /// There is a vault at the path already: open it, or choose another path.
  case alreadyExists
  /// The path is empty, too long, or names something else than a regular file: correct it.
  case invalidPath
  /// The folder that should hold the vault does not exist: make it.
  case folderMissing
  /// The operating system does not let this process at the file or folder: give it access.
  case permissionDenied
  /// Others than the owner may use the file (mode's lower nine bits): `chmod 600`, and think of
  /// the file as seen.
  case permissionsTooOpen(mode: UInt32)
  /// The file, its folder or its file system cannot be written: make it writable.
  case readOnly
  /// The disk or quota is full and nothing was changed: free some space and repeat.
  case diskFull
  /// Another process or another open vault has the file: close that one, or repeat later.
  case inUse
  /// The file system or the SQLite library lacks what a vault needs, such as a write-ahead log:
  /// keep the vault on a local disk.
  case storageUnsuitable
  /// The operating system or SQLite failed (SQLite's extended result code): see the system's log.
  case io(code: Int32)

  // MARK: Unlocking

  /// The passphrase is not this vault's: ask again.
  case wrongPassphrase
  /// The key is not this vault's: bring the right one.
  case wrongKey
  /// The vault is there and the file of its key is gone, as after a restore from a backup that
  /// left the key out: bring the key back, or delete the vault and place new keys.
  case keyLost
  /// The unlock method itself failed: the error says what to repair.
  case unlock(SealingError)
  /// No guarded or ordinary memory is left: raise the limit on locked memory (`ulimit -l`).
  case memoryExhausted

  // MARK: The content

  /// The file is not a vault: correct the path.
  case notAVault
  /// The vault was written by a newer library: update this one.
  case formatNewer(found: Int, known: Int)
  /// The file is not what the vault wrote: trust nothing in it and restore it, or place new keys.
  case damaged(VaultDamage)
  /// An older state of the vault was put back, under an open vault or against what its anchor has
  /// seen: find out who did it, and place new keys in a new vault.
  case rolledBack
  /// The anchor could not be read or moved; a write of this call is durable all the same.
  case anchor(AnchorError)

  // MARK: Keys of the vault

  /// Records are still sealed under the epoch, or new ones are: rotate first.
  case epochInUse(epoch: UInt32, records: Int)
  /// The vault has never had this epoch: see ``VaultInfo/epochs``.
  case unknownEpoch(UInt32)

  // MARK: The call

  /// The vault has been closed: open it again.
  case closed
  /// The vault holds no such key: place one.
  case unknownKey
  /// The device id names a key of another scope: an id belongs to one scope only.
  case deviceIDTaken
  /// A challenge has 16 to 255 bytes: take the server's as it came.
  case challengeOutOfBounds
  /// The scope or the vault is at its limit: remove keys that are no longer used.
  case tooManyKeys
  /// An origin has 1 to 255 UTF-8 bytes without control characters: correct it.
  case invalidOrigin
  /// A quota has 0 to 67,108,864 code units: choose one within.
  case quotaOutOfBounds
  /// The origin's storage has no room for the item and nothing was changed: remove items, or ask
  /// for a larger quota.
  case quotaExceeded
  /// The key and value of an item have at most 5,242,880 code units together: divide it.
  case itemTooLarge
  /// A stored key or value holds half of a surrogate pair, which no text can: read its code units.
  case loneSurrogate
  /// The database role refused, and nothing was changed: the fault names its remedy.
  case database(DatabaseFault)
}
