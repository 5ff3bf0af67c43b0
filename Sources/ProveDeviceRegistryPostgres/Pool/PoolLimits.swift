/// How many connections a pool has, and how long anything may wait for one.
struct PoolLimits: Sendable {
  /// Connections at most; each has a thread.
  var connections = 8
  /// Callers that may wait for a connection at once; one more is refused.
  var waiters = 1000
  /// How long a caller waits for a connection, in milliseconds.
  var waitTimeoutMilliseconds = 5000
  /// How long a connection may lie idle before it is closed.
  var idleLimitMilliseconds = 300_000
  /// How long a connection may lie idle before it must answer a question ahead of its next use.
  var unaskedLimitMilliseconds = 30_000
  /// How old a connection grows before another takes its place.
  var lifetimeMilliseconds = 1_800_000
  /// Is told when a caller asked whose wait for a connection has just ended, also in vain.
  var noteWait: @Sendable (_ since: ContinuousClock.Instant) -> Void = { _ in }
}

/// What a pool is doing, for metrics.
struct PoolCounts: Equatable, Sendable {
  /// Connections with their threads, in use or idle.
  var workers: Int
  /// Of these, the idle ones.
  var idle: Int
  /// Callers that wait.
  var waiting: Int
}
