import Glibc
import ProveKeyPlatform

/// The file system's side of a database file: who may read it, and whether it can be there.
///
/// - F1: the file is made with mode 0600 before SQLite sees it; SQLite gives its log the same mode.
/// - F2: a file that others may read or write is refused, or tightened when that is asked for.
/// - F3: an existing file is never opened here: closing any descriptor of it would drop the locks
///   that this process holds on it through SQLite (POSIX record locks).
package struct DatabaseFile: Sendable {
  /// The path as given.
  package let path: String

  /// Names a file; nothing is looked at yet.
  package init(path: String) {
    self.path = path
  }

  /// Prepares the file and opens it.
  ///
  /// - Parameters:
  ///   - options: how to open it.
  ///   - tighten: take access from group and others where they have any, instead of refusing.
  package func open(
    _ options: ConnectionOptions, tighten: Bool = false
  ) throws(DatabaseError) -> Connection {
    try prepare(access: options.access, tighten: tighten)
    return try Connection(path: path, options: options)
  }

  /// Checks the file, and creates it where the access asks for that.
  ///
  /// - Returns: whether the file was created.
  /// - Throws: ``DatabaseError`` with `.folderMissing`, `.fileMissing`, `.notARegularFile`,
  ///   `.permissionsTooOpen`, `.permissionDenied`, `.readOnly`, `.full` or `.inputOutput`.
  @discardableResult
  package func prepare(
    access: ConnectionOptions.Access, tighten: Bool = false
  ) throws(DatabaseError) -> Bool {
    let location = try DatabaseLocation(path, vfs: nil)
    guard location.path != ":memory:" else {
      throw DatabaseError(.invalidPath, operation: "prepare file")
    }
    // Under one lock for the process: nobody else here can have opened the file that is being
    // created when its first descriptor is closed (F3).
    return try Self.creation.withLock { (_) throws(DatabaseError) in
      var isCreated = false
      while try !Self.checkExisting(location.path, access: access, tighten: tighten) {
        guard access == .readWriteCreate else {
          throw DatabaseError(.fileMissing, operation: "prepare file")
        }
        isCreated = try Self.create(location)
      }
      for suffix in ["-wal", "-shm", "-journal"] {
        _ = try Self.checkExisting(location.path + suffix, access: access, tighten: tighten)
      }
      return isCreated
    }
  }

  /// The value is of no use; with one of no size the thread sanitizer sees a race that is none.
  private static let creation = Locked(0)

  // MARK: Steps

  /// Checks type and mode of a file (F2); false when there is none.
  static func checkExisting(
    _ path: String, access: ConnectionOptions.Access, tighten: Bool
  ) throws(DatabaseError) -> Bool {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return try falseIfAbsent("look at file") }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw DatabaseError(.notARegularFile, operation: "look at file")
    }
    let mode = status.st_mode & 0o777
    if mode & 0o077 != 0 {
      guard tighten else {
        throw DatabaseError(.permissionsTooOpen(mode: mode), operation: "look at file")
      }
      guard unsafe chmod(path, mode & 0o700) == 0 else { return try falseIfAbsent("tighten file") }
    }
    if access != .readOnly {
      // The superuser may write anything; a file without write permission is still not for it.
      guard mode & 0o200 != 0 else { throw DatabaseError(.readOnly, operation: "look at file") }
    }
    let wanted = access == .readOnly ? R_OK : R_OK | W_OK
    guard unsafe Glibc.access(path, wanted) == 0 else { return try falseIfAbsent("reach file") }
    return true
  }

  /// False, for a file that is not there (any more: SQLite removes a log with its last
  /// connection); throws for any other trouble of the call made last.
  private static func falseIfAbsent(_ operation: String) throws(DatabaseError) -> Bool {
    guard errno == ENOENT else { throw failure(operation) }
    return false
  }

  /// Creates an empty file that only its owner may use (F1), and makes its name durable.
  ///
  /// - Returns: false when another process was quicker, whose file is then to be checked.
  private static func create(_ location: DatabaseLocation) throws(DatabaseError) -> Bool {
    let flags = O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW
    let descriptor = unsafe Glibc.open(location.path, flags, 0o600)
    if descriptor < 0 {
      if errno == EEXIST { return false }
      throw failure("create file")
    }
    // The umask may have taken permissions away that the owner needs.
    let isUsable = fchmod(descriptor, 0o600) == 0 && fsync(descriptor) == 0
    let problem = isUsable ? nil : failure("create file")
    close(descriptor)  // nothing was written through it that closing could lose
    if let problem { throw problem }
    try synchronizeFolder(location.folder)
    return true
  }

  private static func synchronizeFolder(_ folder: String) throws(DatabaseError) {
    let descriptor = unsafe Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("open folder") }
    let problem = fsync(descriptor) == 0 ? nil : failure("synchronize folder")
    close(descriptor)  // nothing was written through it that closing could lose
    // Some file systems cannot synchronize a folder and say so: nothing more can be done there.
    if let problem, problem.systemErrno != EINVAL { throw problem }
  }

  /// The error for `errno` as the last call left it.
  static func failure(_ operation: String) -> DatabaseError {
    let number = errno
    return DatabaseError(
      DatabaseError.Kind(systemErrno: number) ?? .other, operation: operation,
      systemErrno: number)
  }
}
