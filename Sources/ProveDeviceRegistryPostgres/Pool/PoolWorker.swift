import Dispatch
import ProveKeyPlatform

/// Work that waits for a connection.
struct PoolJob: Sendable {
  let id: UInt64
  /// When it is too late to begin.
  let deadline: Deadline
  /// Runs the work on a connection, or tells its caller why there is none.
  let run: @Sendable (Result<ServerConnection, PostgresError>) -> Void

  /// Tells the caller that the work was never begun.
  func fail(_ kind: PostgresError.Kind) {
    run(.failure(PostgresError(kind, operation: "wait")))
  }
}

/// One connection of a pool and the thread that it is used on.
final class PoolWorker: Sendable {
  /// What a worker does after a job.
  enum Next {
    case job(PoolJob)
    case idle
    case end
  }

  private let limits: PoolLimits
  private let makeConnection: @Sendable () throws(PostgresError) -> ServerConnection
  private let handed = Locked<PoolJob?>(nil)
  private let signal = DispatchSemaphore(value: 0)

  init(
    limits: PoolLimits,
    _ makeConnection: @escaping @Sendable () throws(PostgresError) -> ServerConnection
  ) {
    self.limits = limits
    self.makeConnection = makeConnection
  }

  /// Hands an idle worker a job, or nothing to let it end.
  func hand(_ job: PoolJob?) {
    handed.withLock { $0 = job }
    signal.signal()
  }

  /// Serves until the pool is closed or nothing was to do for long; the thread's whole life.
  func serve(
    first: PoolJob, next: (PoolWorker) -> Next, idleEnded: (PoolWorker) -> Bool
  ) {
    var connection: ServerConnection?
    var idleSince = ContinuousClock.now
    var job: PoolJob? = first
    while let current = job {
      do throws(PostgresError) {
        let ready = try readied(connection, idleSince)
        connection = ready
        current.run(.success(ready))
        if ready.isBroken || age(ready.madeAt) > limits.lifetimeMilliseconds { connection = nil }
      } catch {
        connection = nil
        current.run(.failure(error))
      }
      idleSince = .now
      switch next(self) {
      case .job(let following): job = following
      case .idle: job = awaitJob(idleEnded)
      case .end: job = nil
      }
    }
  }

  private func awaitJob(_ idleEnded: (PoolWorker) -> Bool) -> PoolJob? {
    let limit = DispatchTime.now() + .milliseconds(limits.idleLimitMilliseconds)
    if signal.wait(timeout: limit) == .timedOut {
      if idleEnded(self) { return nil }
      // A job came in the last moment; its signal is on its way.
      signal.wait()
    }
    return handed.withLock { job in
      defer { job = nil }
      return job
    }
  }

  /// The connection when it is fit for use, else another (P3).
  private func readied(
    _ connection: ServerConnection?, _ idleSince: ContinuousClock.Instant
  ) throws(PostgresError) -> ServerConnection {
    guard let connection, !connection.hasBeenClosed() else { return try makeConnection() }
    guard age(idleSince) > limits.unaskedLimitMilliseconds else { return connection }
    do throws(PostgresError) {
      try connection.run(Self.question)
      return connection
    } catch { return try makeConnection() }
  }

  private static let question = SQLStatement(once: "are you there", "SELECT 1")

  private func age(_ instant: ContinuousClock.Instant) -> Int {
    Int(instant.duration(to: .now) / .milliseconds(1))
  }
}
