import Dispatch
import ProveKeyPlatform

/// Runs work on a bounded number of connections, each with a thread of its own.
///
/// - P1: there are never more connections than the limit, nor more waiting callers than theirs;
///   one too many is refused at once, and one who waits too long is told so.
/// - P2: a caller who gives up while waiting is forgotten and costs nothing.
/// - P3: work begins on a connection that was not known to be broken; one found closed while it
///   lay idle is replaced first.
/// - P4: after `close` has returned no connection is open and no thread runs.
final class ConnectionPool: Sendable {
  private let limits: PoolLimits
  private let makeConnection: @Sendable () throws(PostgresError) -> ServerConnection
  private let state = Locked(State())
  private let timer = DispatchQueue(label: "prove-device-registry.pool")

  private struct State {
    var isClosed = false
    var waiting: [PoolJob] = []
    var idle: [PoolWorker] = []
    var workerCount = 0
    var nextID: UInt64 = 0
    var isTimerSet = false
    var closers: [CheckedContinuation<Void, Never>] = []
  }

  /// What a call to the pool leads to, decided under the lock.
  private enum Turn {
    case refused(PostgresError)
    case hand(PoolWorker)
    case start
    case waits(isFirst: Bool)
  }

  /// Makes a pool that connects when there is work.
  init(
    _ limits: PoolLimits,
    connecting makeConnection: @escaping @Sendable () throws(PostgresError) -> ServerConnection
  ) {
    self.limits = limits
    self.makeConnection = makeConnection
  }

  /// Runs `work` on a connection that nobody else uses meanwhile.
  ///
  /// - Throws: what `work` throws; `poolFull`, `poolTimedOut`, `closed` or `cancelled` when it was
  ///   never begun; what connecting met.
  func run<Value: Sendable>(
    _ work: @escaping @Sendable (ServerConnection) throws(PostgresError) -> Value
  ) async throws(PostgresError) -> Value {
    let id = newID()
    // Handed over under a lock, which the thread sanitizer sees; that a continuation orders what
    // was before it, it does not see on Linux.
    let handed = Locked<Result<Value, PostgresError>?>(nil)
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        submit(
          PoolJob(
            id: id, deadline: .after(milliseconds: limits.waitTimeoutMilliseconds),
            run: { connection in
              let result: Result<Value, PostgresError>
              do throws(PostgresError) { result = .success(try work(connection.get())) } catch {
                result = .failure(error)
              }
              handed.withLock { $0 = result }
              continuation.resume()
            }),
          // Cancelled already, the handler has found nothing to take away.
          isCancelled: Task.isCancelled)
      }
    } onCancel: {
      cancel(id)
    }
    guard let result = handed.withLock({ $0 }) else { preconditionFailure("no result was handed") }
    return try result.get()
  }

  /// Runs `work` when a connection is free, or with the reason why there is none; does not wait.
  func submit(_ work: @escaping @Sendable (Result<ServerConnection, PostgresError>) -> Void) {
    submit(
      PoolJob(
        id: newID(), deadline: .after(milliseconds: limits.waitTimeoutMilliseconds), run: work),
      isCancelled: false)
  }

  /// How many callers may wait at once.
  var waiterLimit: Int { limits.waiters }

  /// What the pool is doing.
  var counts: PoolCounts {
    state.withLock {
      PoolCounts(workers: $0.workerCount, idle: $0.idle.count, waiting: $0.waiting.count)
    }
  }

  /// Refuses new work, lets what runs come to its end and closes every connection (P4).
  /// - Returns: whether the pool was open before.
  func close() async -> Bool {
    let wasOpen = state.withLock { state in
      defer { state.isClosed = true }
      return !state.isClosed
    }
    await withCheckedContinuation { continuation in
      let (jobs, workers, isOver) = state.withLock { state in
        defer {
          state.waiting = []
          state.idle = []
        }
        if state.workerCount > 0 { state.closers.append(continuation) }
        return (state.waiting, state.idle, state.workerCount == 0)
      }
      for job in jobs { job.fail(.closed) }
      for worker in workers { worker.hand(nil) }
      if isOver { continuation.resume() }
    }
    return wasOpen
  }

  // MARK: Callers

  private func newID() -> UInt64 {
    state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
  }

  private func submit(_ asked: PoolJob, isCancelled: @autoclosure () -> Bool) {
    let start = ContinuousClock.now
    let job = PoolJob(
      id: asked.id, deadline: asked.deadline,
      run: { [limits] connection in
        limits.noteWait(start)
        asked.run(connection)
      })
    let turn = state.withLock { state -> Turn in
      if isCancelled() { return .refused(PostgresError(.cancelled, operation: "wait")) }
      if state.isClosed { return .refused(PostgresError(.closed, operation: "wait")) }
      if let worker = state.idle.popLast() { return .hand(worker) }
      if state.workerCount < limits.connections {
        state.workerCount += 1
        return .start
      }
      guard state.waiting.count < limits.waiters else {
        return .refused(PostgresError(.poolFull, operation: "wait"))
      }
      state.waiting.append(job)
      defer { state.isTimerSet = true }
      return .waits(isFirst: !state.isTimerSet)
    }
    switch turn {
    case .refused(let error): job.run(.failure(error))
    case .hand(let worker): worker.hand(job)
    case .start: self.start(job)
    case .waits(let isFirst): if isFirst { setTimer(job.deadline) }
    }
  }

  private func cancel(_ id: UInt64) {
    let job = state.withLock { state -> PoolJob? in
      guard let index = state.waiting.firstIndex(where: { $0.id == id }) else { return nil }
      return state.waiting.remove(at: index)
    }
    job?.fail(.cancelled)
  }

  private func setTimer(_ deadline: Deadline) {
    timer.asyncAfter(deadline: .now() + .milliseconds(deadline.millisecondsLeft)) { [weak self] in
      self?.expire()
    }
  }

  /// Refuses whoever has waited too long; all wait equally long, so the first is due first.
  private func expire() {
    let (expired, next) = state.withLock { state in
      let count = state.waiting.prefix { $0.deadline.isOver }.count
      let expired = Array(state.waiting.prefix(count))
      state.waiting.removeFirst(count)
      state.isTimerSet = !state.waiting.isEmpty
      return (expired, state.waiting.first?.deadline)
    }
    for job in expired { job.fail(.poolTimedOut) }
    if let next { setTimer(next) }
  }

  // MARK: Workers

  private func start(_ job: PoolJob) {
    let worker = PoolWorker(limits: limits, makeConnection)
    let isStarted = WorkerThread.start { [self] in
      worker.serve(first: job, next: { self.nextJob(for: $0) }, idleEnded: { self.retire($0) })
      ended()
    }
    guard isStarted else {
      job.run(.failure(PostgresError(.other, operation: "start a thread")))
      return ended()
    }
  }

  /// The job that a worker goes on with; without one it lies idle, or ends when the pool is closed.
  private func nextJob(for worker: PoolWorker) -> PoolWorker.Next {
    state.withLock { state in
      if !state.waiting.isEmpty { return .job(state.waiting.removeFirst()) }
      if state.isClosed { return .end }
      state.idle.append(worker)
      return .idle
    }
  }

  /// Takes an idle worker away; false when it has been handed a job meanwhile.
  private func retire(_ worker: PoolWorker) -> Bool {
    state.withLock { state in
      guard let index = state.idle.firstIndex(where: { $0 === worker }) else { return false }
      state.idle.remove(at: index)
      return true
    }
  }

  private func ended() {
    let closers = state.withLock { state in
      state.workerCount -= 1
      guard state.isClosed, state.workerCount == 0 else {
        return [CheckedContinuation<Void, Never>]()
      }
      defer { state.closers = [] }
      return state.closers
    }
    for closer in closers { closer.resume() }
  }
}
