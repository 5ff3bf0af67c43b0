import CProveKeyStore
import Glibc
import Synchronization

/// Whether this process is a fork of one that had opened something.
///
/// SQLite's files, locks and the threads that commit do not survive a fork: a child that went on
/// would damage what the parent writes.
enum ForkWatch {
  private static let isForked = Atomic<Bool>(false)
  /// Made once, when the first handle is given out.
  private static let watch: Int32 = pthread_atfork(nil, nil) {
    ForkWatch.isForked.store(true, ordering: .relaxed)
  }

  /// Begins to watch, and checks.
  static func begin() throws(Refusal) {
    guard watch == 0 else {
      throw .call(PKS_INTERNAL, "forks of this process cannot be watched")
    }
    try check()
  }

  /// - Throws: ``Refusal`` in a forked child.
  static func check() throws(Refusal) {
    if isForked.load(ordering: .relaxed) { throw .forked }
  }
}
