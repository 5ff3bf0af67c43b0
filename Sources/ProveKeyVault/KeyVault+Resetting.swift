public import ProveKeyPlatform
public import ProveKeySealing
import SQLiteDatabase

/// What was erased with a vault whose key is lost; what was in it nobody can tell any more.
public struct ResetReceipt: Hashable, Sendable {
  /// Bytes of the old file that were overwritten in place.
  public let overwrittenBytes: Int
}

extension KeyVault {
  /// Gives up a vault whose key is lost, and makes an empty one in its place.
  ///
  /// Only when opening says ``VaultError/keyLost``. The new vault is made beside the old one, takes
  /// its name in one step, and only then the old file is overwritten and removed. A crash at any
  /// point leaves the old vault or the new one at the path; what else it leaves beside, `.reset-new`
  /// or `.reset-old`, goes with the next call, which finishes the work. The server still has the
  /// registrations of the lost keys: place new keys with the ids they had, or revoke them. Keys that
  /// a ``KeyCustodian`` holds stay with it.
  ///
  /// The anchor forgets the old vault just before it is replaced, and holds the new one when this
  /// returns.
  /// - Parameters:
  ///   - path: the vault's file.
  ///   - unlock: the method whose key is lost.
  ///   - next: what the new vault is locked with; nil for the same method, when that can lock again,
  ///     as an entangled one can.
  ///   - mode: who else may use the new vault.
  ///   - clock: where the new vault's time comes from.
  ///   - anchor: the anchor of the old vault, which becomes that of the new one.
  /// - Throws: ``VaultError/keyNotLost`` when the vault opens, ``VaultError/inUse`` while another
  ///   process has it; else what opening the old or locking the new one reports. Nothing has changed
  ///   then but, when the renaming failed, that the anchor has forgotten; or the error is of the last
  ///   steps, and the next call finishes them.
  public static func reset(
    at path: String, unlock: UnlockMethod, lockingWith next: UnlockMethod? = nil,
    mode: VaultMode = .exclusive, clock: WallClock = .system,
    anchor: (any RollbackAnchor)? = nil
  ) throws(VaultError) -> (vault: KeyVault, receipt: ResetReceipt) {
    try VaultReset(
      path: path, lost: unlock, next: next ?? unlock, mode: mode, clock: clock, anchor: anchor
    ).run()
  }
}

/// The steps of a reset, so that a test can look at what a crash between two of them leaves.
struct VaultReset {
  /// What is done when `reached` is called.
  enum Step: CaseIterable {
    case made
    case settled
    case forgotten
    case named
    case replaced
    case erased
  }

  let path: String
  let lost: UnlockMethod
  let next: UnlockMethod
  let mode: VaultMode
  let clock: WallClock
  let anchor: (any RollbackAnchor)?
  var reached: (Step) -> Void = { _ in }

  private var new: String { path + ".reset-new" }
  /// A second name of the old file, under which it is found again once the new one has taken its own.
  private var old: DurableFile { DurableFile(path: path + ".reset-old") }

  func run() throws(VaultError) -> (vault: KeyVault, receipt: ResetReceipt) {
    guard path.utf8.count + 16 <= VaultLimits.pathByteCount else { throw .invalidPath }
    if let finished = try finishEarlier() { return finished }
    try confirmLost()
    try makeNew()
    reached(.made)
    do throws(VaultError) {
      try settleOld()
      reached(.settled)
      if let anchor { try wrapping { () throws(AnchorError) in try anchor.forget() } }
      reached(.forgotten)
      try filing { () throws(DurableFile.Problem) in
        try DurableFile(path: path).link(to: old.path)
        reached(.named)
        try DurableFile(path: new).move(to: path)
      }
    } catch {
      // What stays goes with the next call; the failure that led here is the one to tell.
      try? removeNew()
      throw error
    }
    reached(.replaced)
    return try finish()
  }

  /// Goes on with a reset that was cut short after the new vault had taken its place.
  private func finishEarlier() throws(VaultError) -> (vault: KeyVault, receipt: ResetReceipt)? {
    guard old.isThere else { return nil }
    guard !old.isSameFile(as: path) else {
      // Cut short just before: the other name is all that there is of it.
      try filing { () throws(DurableFile.Problem) in try old.remove() }
      return nil
    }
    do throws(VaultError) {
      return try finish()
    } catch .keyLost {
      // The new vault's key is lost as well by now; the older file is to go in any case.
      _ = try eraseOld()
      return nil
    }
  }

  /// Opens the new vault first: only then is the old one erased.
  private func finish() throws(VaultError) -> (vault: KeyVault, receipt: ResetReceipt) {
    let vault = try KeyVault.openExisting(
      at: path, unlock: next, mode: mode, clock: clock, anchor: anchor)
    let bytes = try eraseOld()
    try removeNew()
    reached(.erased)
    return (vault, ResetReceipt(overwrittenBytes: bytes))
  }

  private func confirmLost() throws(VaultError) {
    do throws(VaultError) {
      let store = try RecordStore.open(at: path, lost, .exclusive, .openExisting)
      try store.close()
    } catch .keyLost {
      return
    }
    throw .keyNotLost
  }

  /// Makes the new vault beside the old one; when its method cannot lock, nothing has changed.
  private func makeNew() throws(VaultError) {
    try removeNew()
    do throws(VaultError) {
      try KeyVault.create(at: new, unlock: next, clock: clock).close()
    } catch {
      // What stays goes with the next call; why it could not be made is what is to be told.
      try? removeNew()
      throw error
    }
  }

  /// Moves the old log into the old file, so that no log is left beside the new vault.
  private func settleOld() throws(VaultError) {
    try wrapping { () throws(DatabaseError) in
      let connection = try DatabaseFile(path: path).open(
        ConnectionOptions(access: .readWrite, locking: .exclusive))
      try connection.checkpoint(.truncate)
      try connection.close()
    }
    for suffix in ["-wal", "-shm"] {
      let file = DurableFile(path: path + suffix)
      guard file.isThere else { continue }
      try filing { () throws(DurableFile.Problem) in
        _ = try file.overwrite()
        try file.remove()
      }
    }
  }

  private func eraseOld() throws(VaultError) -> Int {
    try filing { () throws(DurableFile.Problem) in
      let bytes = try old.overwrite()
      try old.remove()
      return bytes
    }
  }

  private func removeNew() throws(VaultError) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
      let file = DurableFile(path: new + suffix)
      guard file.isThere else { continue }
      try filing { () throws(DurableFile.Problem) in try file.remove() }
    }
  }
}
