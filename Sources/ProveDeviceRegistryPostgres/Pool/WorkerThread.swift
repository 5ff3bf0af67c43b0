import Glibc

/// Starts a thread of the pool's own.
///
/// Calls on a server wait for it: on Swift's cooperative threads, of which there are as many as
/// processors, they would keep every other task from running.
enum WorkerThread {
  fileprivate final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Runs `body` on a new thread; false when the system gives none.
  static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
    let context = unsafe Unmanaged.passRetained(Body(body)).toOpaque()
    let isStarted = unsafe spawn(context)
    if !isStarted { unsafe Unmanaged<Body>.fromOpaque(context).release() }
    return isStarted
  }

  private static func spawn(_ context: UnsafeMutableRawPointer) -> Bool {
    var thread = pthread_t()
    guard unsafe pthread_create(&thread, nil, runBody, context) == 0 else { return false }
    // Its end is told through the pool, not by joining it.
    pthread_detach(thread)
    return true
  }
}

private func runBody(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  if let context = unsafe context {
    unsafe Unmanaged<WorkerThread.Body>.fromOpaque(context).takeRetainedValue().run()
  }
  return nil
}
