/// How a registry's file is opened.
public struct SQLiteStoreOptions: Hashable, Sendable {
  /// Who else may have the file open.
  public enum Mode: Hashable, Sendable {
    /// Other processes too; each sees what the others wrote.
    case shared
    /// Nobody else; a second process gets ``StoreProblem/inUse``. Look-ups take a quarter less time.
    case exclusive
  }

  /// What becomes of the set digests.
  public enum SetDigests: Hashable, Sendable {
    /// They are kept, and must be there in a store that is not new.
    case kept
    /// None are kept, and those that were there are removed: deleted rows go unnoticed then.
    case off
    /// They are made anew from the rows as they are, and kept: after ``off``, or once what a
    /// verification found is settled.
    case rebuilt
  }

  /// Who else may have the file open; shared by default.
  public var mode: Mode
  /// What becomes of the set digests; kept by default.
  public var setDigests: SetDigests
  /// Kibibytes of the file that each of the four connections that read keeps in memory, at least 64.
  ///
  /// Nothing leaves SQLite's 2,000. The one that writes has as much, and at least 16,384.
  public var pageCacheKibibytes: Int?

  /// States the choices.
  public init(
    mode: Mode = .shared, setDigests: SetDigests = .kept, pageCacheKibibytes: Int? = nil
  ) {
    self.mode = mode
    self.setDigests = setDigests
    self.pageCacheKibibytes = pageCacheKibibytes
  }
}
