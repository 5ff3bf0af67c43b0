/// How a database is opened; the defaults are the safe ones.
package struct ConnectionOptions: Sendable {
  /// What the connection may do with the file.
  package var access = Access.readWriteCreate
  /// Who else may use the file meanwhile.
  package var locking = Locking.exclusive
  /// When a commit that has returned is on disk.
  package var durability = Durability.full
  /// How changes are journalled.
  package var journal = Journal.wal
  /// Whether freed pages can be given back to the file system.
  package var autoVacuum = AutoVacuum.incremental
  /// How long a statement waits for another connection's lock.
  package var busyTimeoutMilliseconds: Int32 = 5000
  /// How long opening waits for a lock; nothing for as long as a statement does.
  ///
  /// Where the lock is to be exclusive, nothing is 100 ms. A holder of an exclusive lock stays: waiting
  /// long for it is in vain.
  package var openingTimeoutMilliseconds: Int32?
  /// The id that the file must have unless it is empty; nothing takes any.
  ///
  /// Another application's file is refused as it stands, before anything of it is changed.
  package var applicationID: Int32?
  /// How much of the file is kept in memory; nothing leaves SQLite's default (2 MB).
  package var cache: CacheSize?
  /// Pages that the log has when a commit moves them into the file; nothing leaves SQLite's 1,000.
  package var checkpointPages: Int32?
  /// Whether deleted content is overwritten with zeros.
  package var secureDelete = true
  /// The SQLite VFS by name; nothing chooses the platform's own.
  package var vfs: String?

  /// The safe defaults: exclusive, created when missing, each commit on disk when it returns.
  package init() {}

  /// The defaults with another access and locking.
  package init(access: Access, locking: Locking = .exclusive) {
    self.access = access
    self.locking = locking
  }
}

extension ConnectionOptions {
  /// What a connection may do with the file.
  package enum Access: Sendable {
    /// Read and write; make the file if it is missing.
    case readWriteCreate
    /// Read and write a file that exists.
    case readWrite
    /// Read only; others may use the file meanwhile whatever the locking says.
    case readOnly
  }

  /// Who else may use the file.
  package enum Locking: Sendable {
    /// Nobody: the lock is held from opening to closing, and no shared memory is needed.
    case exclusive
    /// Any connection, in turn.
    case normal
  }

  /// When a commit that has returned is on disk.
  package enum Durability: Sendable {
    /// At once.
    case full
    /// At the next checkpoint: a power cut loses the commits since the last one.
    case normal
  }

  /// How changes are journalled.
  package enum Journal: Sendable {
    /// A write-ahead log beside the file.
    case wal
    /// In memory, for databases that live in memory themselves.
    case memory
  }

  /// Whether freed pages can be given back to the file system.
  package enum AutoVacuum: Sendable {
    /// Only by rewriting the file.
    case none
    /// By `PRAGMA incremental_vacuum`.
    case incremental
  }

  /// How much of the file is kept in memory.
  package enum CacheSize: Equatable, Sendable {
    /// A number of pages.
    case pages(Int32)
    /// An amount of memory.
    case kibibytes(Int32)
  }
}
