import ProveKeyPlatform

/// Work whose answer is waited for, but not for ever: of the answer and the end of the wait,
/// whichever comes first counts.
///
/// A task group would wait for work that ignores being cancelled; this does not. The work is
/// cancelled when nobody waits for it any more.
final class FirstAnswer<Value: Sendable>: Sendable {
  private typealias Waiter = CheckedContinuation<Value?, Never>

  private struct State {
    var value: Value?
    var waiters: [Int: Waiter] = [:]
    var timers: [Int: Task<Void, Never>] = [:]
    var nextWaiter = 0
  }

  private let state: Locked<State>
  private let task: Task<Void, Never>

  init(_ work: @escaping @Sendable () async -> Value) {
    let state = Locked(State())
    self.state = state
    task = Task {
      let value = await work()
      let (waiters, timers) = state.withLock { state in
        let ended = (state.waiters.values, state.timers.values)
        (state.value, state.waiters, state.timers) = (value, [:], [:])
        return ended
      }
      for timer in timers { timer.cancel() }
      for waiter in waiters { waiter.resume(returning: value) }
    }
  }

  deinit {
    task.cancel()
  }

  /// The answer; nothing when it did not come in time.
  ///
  /// Cancelling the caller's task cancels the work, and waits for what it then answers.
  func value(within limit: Duration) async -> Value? {
    let (task, state) = (task, state)
    return await withTaskCancellationHandler {
      await withCheckedContinuation { (waiter: Waiter) in
        let (value, number) = state.withLock {
          $0.nextWaiter += 1
          if $0.value == nil { $0.waiters[$0.nextWaiter] = waiter }
          return ($0.value, $0.nextWaiter)
        }
        if let value { return waiter.resume(returning: value) }
        Self.endWait(of: number, after: limit, state)
      }
    } onCancel: {
      task.cancel()
    }
  }

  private static func endWait(of number: Int, after limit: Duration, _ state: Locked<State>) {
    let timer = Task {
      // Ends early when the answer is there, and then there is no waiter.
      try? await Task.sleep(for: limit)
      state.withLock {
        $0.timers[number] = nil
        return $0.waiters.removeValue(forKey: number)
      }?.resume(returning: nil)
    }
    let isAnswered = state.withLock {
      if $0.waiters[number] != nil { $0.timers[number] = timer }
      return $0.value != nil
    }
    if isAnswered { timer.cancel() }
  }
}
