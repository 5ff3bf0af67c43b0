import Glibc

/// A lock that a process holds on a store for as long as it has the store open: alone, or with others.
///
/// It is taken on a small file beside the store's (`flock`), never on the store's own, whose locks
/// are the database's. The operating system lets go of it when the process ends, however it ends;
/// the small file stays.
package final class OwnershipLock: Sendable {
  /// Why the lock could not be had.
  package enum Problem: Error, Equatable, Sendable {
    /// Somebody holds it in a way that does not go with this one.
    case inUse
    /// The operating system refused: `errno`.
    case system(Int32)
  }

  private let descriptor: Int32

  /// Takes the lock, without waiting.
  /// - Parameters:
  ///   - path: the small file; made with mode 0600 when it is not there.
  ///   - isExclusive: alone, rather than with others that share it.
  package init(path: String, isExclusive: Bool) throws(Problem) {
    let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW
    let descriptor = unsafe open(path, flags, 0o600)
    guard descriptor >= 0 else { throw .system(errno) }
    // From here on `deinit` closes it, also when this throws.
    self.descriptor = descriptor
    while flock(descriptor, (isExclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0 {
      let number = errno
      if number == EINTR { continue }
      throw number == EWOULDBLOCK ? .inUse : .system(number)
    }
  }

  deinit {
    // A child that was forked and has not run its program yet has a copy of the descriptor: closing
    // this one alone would leave the lock with it.
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }
}
