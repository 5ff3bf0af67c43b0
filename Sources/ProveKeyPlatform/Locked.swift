package import Glibc

/// A value that is reached only while holding its lock.
///
/// A `pthread_mutex_t` rather than `Synchronization.Mutex`: the thread sanitizer cannot see the
/// latter on Linux and reports races that are none. The value stands beside the mutex in memory of
/// its own, where Swift has no check of exclusive access to make: the lock is that check.
@safe
package final class Locked<Value: ~Copyable>: @unchecked Sendable {  // the mutex guards `value`
  @usableFromInline let mutex: UnsafeMutablePointer<pthread_mutex_t>
  @usableFromInline let value: UnsafeMutablePointer<Value>

  /// Puts `value` under a lock of its own.
  package init(_ value: consuming sending Value) {
    unsafe mutex = .allocate(capacity: 1)
    let status = unsafe pthread_mutex_init(mutex, nil)
    precondition(status == 0, "a mutex could not be made (\(status))")
    unsafe self.value = .allocate(capacity: 1)
    unsafe self.value.initialize(to: value)
  }

  deinit {
    unsafe value.deinitialize(count: 1)
    unsafe value.deallocate()
    unsafe pthread_mutex_destroy(mutex)
    unsafe mutex.deallocate()
  }

  /// Lends the value to `body` while the lock is held; not reentrant.
  @inlinable
  package func withLock<Result: ~Copyable, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    return try unsafe body(&value.pointee)
  }

  /// Lends the value to `body` if the lock is free; else returns nothing at once.
  @inlinable
  package func withLockIfFree<Result: ~Copyable, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result? {
    guard unsafe pthread_mutex_trylock(mutex) == 0 else { return nil }
    defer { unsafe pthread_mutex_unlock(mutex) }
    return try unsafe body(&value.pointee)
  }
}
