public import ProveKeyPlatform
public import ProveKeySealing

/// A device's encrypted vault: it keeps Prove Keys and signs with them, and never gives one out.
///
/// ```swift
/// let vault = try KeyVault.open(at: "device.vault", unlock: .passphrase("correct horse"))
/// let scope = try KeyScope(buildConfig: .usUAT, origin: "https://shop.example")
/// let key = try vault.currentKey(in: scope) ?? vault.placeKey(in: scope)
/// let assertion = try vault.sign(challenge, with: key.deviceID)
/// ```
///
/// One SQLite file with its write-ahead log beside it. What a call has written is on disk when the
/// call returns; a call that throws has changed nothing. Safe to use from many threads. The rules
/// it keeps stand as V1 to V7 with `RecordStore` and V8 to V12 with `KeyRing`,
/// those of its other roles with `StorageShelf` and `DatabaseShelf`.
public final class KeyVault: Sendable {
  /// Who else may use the vault while this one is open.
  public let mode: VaultMode

  let clock: WallClock
  /// Where transactions on the vault's databases wait for each other.
  let gate = DatabaseGate()
  private let ring: Locked<KeyRing?>
  /// The custodians that the vault was told of, by name.
  let custodians = Locked<[String: any KeyCustodian]>([:])

  private init(_ ring: sending KeyRing, _ mode: VaultMode, _ clock: WallClock) {
    self.mode = mode
    self.clock = clock
    self.ring = Locked(ring)
  }

  /// Opens the vault at `path`, and creates it when there is none.
  ///
  /// A new file gets mode 0600; its folder must exist. Opening reads every row once and verifies
  /// the whole set, about a microsecond a row.
  /// - Parameters:
  ///   - path: the vault's file.
  ///   - unlock: what the vault is, or will be, locked with.
  ///   - mode: who else may use it meanwhile.
  ///   - clock: where the time of placing and confirming comes from.
  ///   - anchor: what remembers, away from the file, how far the vault had come; each write then
  ///     waits for it as well. A call that throws ``VaultError/anchor(_:)`` has written.
  /// - Throws: ``VaultError`` of the file, of unlocking and of the content.
  public static func open(
    at path: String, unlock: UnlockMethod, mode: VaultMode = .exclusive, clock: WallClock = .system,
    anchor: (any RollbackAnchor)? = nil
  ) throws(VaultError) -> KeyVault {
    let store = try RecordStore.open(at: path, unlock, mode, .openOrCreate, anchor)
    return KeyVault(KeyRing(store), mode, clock)
  }

  /// Creates a vault at `path`.
  ///
  /// - Throws: ``VaultError/alreadyExists`` when there is one, and as
  ///   ``open(at:unlock:mode:clock:anchor:)``.
  public static func create(
    at path: String, unlock: UnlockMethod, mode: VaultMode = .exclusive, clock: WallClock = .system,
    anchor: (any RollbackAnchor)? = nil
  ) throws(VaultError) -> KeyVault {
    let store = try RecordStore.open(at: path, unlock, mode, .create, anchor)
    return KeyVault(KeyRing(store), mode, clock)
  }

  /// Opens the vault at `path`.
  ///
  /// - Throws: ``VaultError/missing`` when there is none, and as ``open(at:unlock:mode:clock:anchor:)``.
  public static func openExisting(
    at path: String, unlock: UnlockMethod, mode: VaultMode = .exclusive, clock: WallClock = .system,
    anchor: (any RollbackAnchor)? = nil
  ) throws(VaultError) -> KeyVault {
    let store = try RecordStore.open(at: path, unlock, mode, .openExisting, anchor)
    return KeyVault(KeyRing(store), mode, clock)
  }

  /// Closes the file and forgets every key; later calls throw ``VaultError/closed``.
  ///
  /// Closing again changes nothing. A vault that nobody holds any longer closes by itself.
  /// - Throws: ``VaultError`` when the log could not be moved into the file; nothing is lost then,
  ///   and the vault counts as closed.
  public func close() throws(VaultError) {
    try ring.withLock { ring throws(VaultError) in
      guard let open = ring else { return }
      ring = nil
      try open.store.close()
    }
  }

  /// Runs `body` on the keys while the lock is held; the vault counts as closed afterwards.
  func takingRing<R>(_ body: (KeyRing) throws(VaultError) -> R) throws(VaultError) -> R {
    try ring.withLock { ring throws(VaultError) in
      guard let open = ring else { throw .closed }
      ring = nil
      return try body(open)
    }
  }

  /// Runs `body` on the keys while the lock is held.
  @inline(__always)
  func withRing<R>(_ body: (KeyRing) throws(VaultError) -> R) throws(VaultError) -> R {
    try ring.withLock { ring throws(VaultError) in
      guard let ring else { throw .closed }
      return try body(ring)
    }
  }
}

extension KeyVault: CustomStringConvertible, CustomReflectable {
  /// The mode and nothing else.
  public var description: String { "KeyVault(\(mode))" }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}
