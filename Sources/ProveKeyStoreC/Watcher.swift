import CProveKeyStore

/// A caller's callback that is told how far long work has come, if there is one.
@safe
struct Watcher: @unchecked Sendable {  // asked on the thread of its own call only
  private let progress: pks_progress?
  private let context: UnsafeMutableRawPointer?

  init(_ progress: pks_progress?, _ context: UnsafeMutableRawPointer?) {
    unsafe self.progress = unsafe progress
    unsafe self.context = unsafe context
  }

  /// Tells the caller, and says whether to go on.
  @discardableResult
  func tell(_ done: Int, _ total: Int) -> Bool {
    guard let progress = unsafe progress else { return true }
    return unsafe progress(context, UInt64(done), UInt64(total)) == 0
  }
}
