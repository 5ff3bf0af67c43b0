import Glibc

extension DatabaseFile {
  /// Runs `body` on a file that no connection of this or another process has open, and keeps others
  /// from opening it until then; for who reads the file itself and not through SQLite.
  ///
  /// The file is not written. Where it may only be read, others are not kept out for the time, and those
  /// who have it open are noticed all the same. `body` may open and close the file, which gives the lock
  /// up: let it be the last thing that it does.
  /// - Throws: ``DatabaseError`` with `.inUse`, `.fileMissing`, `.notARegularFile` or
  ///   `.permissionsTooOpen`, or what `body` throws.
  package func withoutUsers<R, Failure: DatabaseErrorConvertible>(
    _ body: () throws(Failure) -> R
  ) throws(Failure) -> R {
    let claim: (FileUse, Int32)
    do throws(DatabaseError) {
      claim = try claimAlone()
    } catch {
      throw Failure(database: error)
    }
    defer {
      close(claim.1)
      withExtendedLifetime(claim.0) {}
    }
    return try body()
  }

  private func claimAlone() throws(DatabaseError) -> (FileUse, Int32) {
    let path = try DatabaseLocation(path, vfs: nil).path
    let isThere = try Self.checkExisting(path, access: .readOnly, tighten: false)
    // Before the file is opened: closing it would drop the locks of a connection in this process.
    guard isThere, let use = try FileUse(alone: path) else {
      throw DatabaseError(.fileMissing, operation: "look at file")
    }
    let flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
    var descriptor = unsafe Glibc.open(path, O_RDWR | flags)
    let isWritable = descriptor >= 0
    if !isWritable { descriptor = unsafe Glibc.open(path, O_RDONLY | flags) }
    guard descriptor >= 0 else { throw Self.failure("open file") }
    guard Self.isUnlocked(descriptor, locking: isWritable) else {
      close(descriptor)
      throw DatabaseError(.inUse, operation: "lock file")
    }
    return (use, descriptor)
  }

  /// Whether no other process holds any of SQLite's locks; takes them all where that is asked for.
  ///
  /// Source: the SQLite file `os.h`: the pending byte, the reserved byte and 510 shared bytes. Every
  /// connection that has read from a write-ahead log holds a shared one until it is closed.
  private static func isUnlocked(_ descriptor: Int32, locking: Bool) -> Bool {
    var lock = flock()
    lock.l_type = Int16(F_WRLCK)
    lock.l_whence = Int16(SEEK_SET)
    lock.l_start = 0x4000_0000
    lock.l_len = 512
    let status = unsafe fcntl(descriptor, locking ? F_SETLK : F_GETLK, &lock)
    // A file system without locks keeps nobody apart, here as elsewhere.
    guard status == 0 else { return errno != EACCES && errno != EAGAIN }
    return locking || lock.l_type == Int16(F_UNLCK)
  }
}
