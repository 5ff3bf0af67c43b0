import CProveKeyStore
import Glibc
import ProveKeyPlatform

/// Runs asynchronous work on the thread that waits for it.
///
/// Every part of the work runs on the caller's own thread, which sleeps while the work waits for a
/// commit. So nothing depends on Swift's pool of threads: however many threads call at once, and
/// whatever they hold, they cannot use it up.
@safe
private final class CallerExecutor: TaskExecutor, @unchecked Sendable {  // the mutex guards all
  private var jobs: [UnownedJob] = []
  private var isDone = false
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init() {
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(condition, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(condition)
    unsafe pthread_mutex_destroy(mutex)
    unsafe condition.deallocate()
    unsafe mutex.deallocate()
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    locked {
      jobs.append(job)
      unsafe pthread_cond_signal(condition)
    }
  }

  /// Told by the work itself, on the caller's thread.
  func finish() {
    locked { isDone = true }
  }

  /// Runs what there is to run until the work is done.
  func drain() {
    while let job = next() { unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
  }

  private func next() -> UnownedJob? {
    locked {
      while jobs.isEmpty {
        if isDone { return nil }
        unsafe pthread_cond_wait(condition, mutex)
      }
      return jobs.removeFirst()
    }
  }

  private func locked<R>(_ body: () -> R) -> R {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    return body()
  }
}

/// Waits for asynchronous work, and gives what it gives.
func waiting<Value: Sendable>(
  _ body: @escaping @Sendable () async throws -> Value
) throws -> Value {
  let executor = CallerExecutor()
  let result = Locked<Result<Value, any Error>?>(nil)
  Task(executorPreference: executor) {
    let outcome: Result<Value, any Error>
    do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
    result.withLock { $0 = outcome }
    executor.finish()
  }
  executor.drain()
  guard let outcome = result.withLock({ $0 }) else { throw Refusal.call(PKS_INTERNAL, "lost") }
  return try outcome.get()
}
