import ProveKeyPlatform

/// Remembers, away from the vault's file, the last state of the vault that was seen.
///
/// A vault that is opened with an anchor refuses an older file put back whole, and a copy that has
/// gone on by itself. Keep it where whoever can write the vault's file cannot: another disk, a
/// system key store, a server. Safe to use from many threads.
public protocol RollbackAnchor: Sendable {
  /// What was seen last; nothing when nothing has been.
  func last() throws(AnchorError) -> AnchorMark?

  /// Remembers `mark` durably, unless a mark of a higher generation of the same vault is there.
  ///
  /// Two processes may call it in the wrong order: the higher generation stays.
  func advance(to mark: AnchorMark) throws(AnchorError)

  /// Remembers nothing any more: the vault was destroyed.
  func forget() throws(AnchorError)
}

/// One state of one vault.
public struct AnchorMark: Hashable, Sendable {
  /// The vault's id, 16 bytes.
  public let vaultID: [UInt8]
  /// How many transactions had written.
  public let generation: UInt64
  /// 32 bytes that no other state of the vault has, and that tell nothing of it.
  public let digest: [UInt8]

  /// Puts a mark together again; nil unless id and digest have their lengths.
  public init?(vaultID: [UInt8], generation: UInt64, digest: [UInt8]) {
    guard vaultID.count == 16, digest.count == 32 else { return nil }
    self.vaultID = vaultID
    self.generation = generation
    self.digest = digest
  }
}

extension AnchorMark: CustomStringConvertible {
  /// The generation and nothing else.
  public var description: String { "AnchorMark(generation \(generation))" }
}

/// Why an anchor cannot be used.
@nonexhaustive
public enum AnchorError: Error, Equatable, Sendable {
  /// What it keeps is damaged: find out why, and remove it only when the vault is known to be right.
  case damaged
  /// Others than the owner may use its file (mode's lower nine bits): `chmod 600`.
  case permissionsTooOpen(mode: UInt32)
  /// The system that keeps it failed; `errno`, or a code of its own.
  case failed(code: Int32)
}

/// An anchor that lasts as long as the process: for tests, and against exchanges while it runs.
public final class InMemoryRollbackAnchor: RollbackAnchor {
  private let mark = Locked<AnchorMark?>(nil)

  /// Begins with nothing seen.
  public init() {}

  /// What was seen last.
  public func last() -> AnchorMark? { mark.withLock { $0 } }

  /// Remembers a mark.
  public func advance(to mark: AnchorMark) {
    self.mark.withLock { kept in
      if mark.follows(kept) { kept = mark }
    }
  }

  /// Remembers nothing any more.
  public func forget() { mark.withLock { $0 = nil } }
}

extension AnchorMark {
  /// Whether this mark takes the place of another one.
  func follows(_ other: AnchorMark?) -> Bool {
    guard let other, other.vaultID == vaultID else { return true }
    return generation >= other.generation
  }
}
