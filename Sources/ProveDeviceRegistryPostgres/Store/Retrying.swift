/// How often, and for how long, a call is tried again on another connection.
struct Retrying: Sendable {
  /// Attempts at most, the first one included.
  var attemptLimit: Int
  /// Milliseconds after which no further attempt begins.
  var windowMilliseconds: Int
  /// A number from 0 up to its argument, which spreads callers who lost their connections at once.
  var jitter: @Sendable (Int) -> Int = { Int.random(in: 0...$0) }
  /// Is told of each further attempt.
  var noteRetry: @Sendable () -> Void = {}

  /// The longest pause between two attempts, in milliseconds.
  private static let longestPauseMilliseconds = 2000

  /// The attempts of one call.
  struct Attempts {
    private let policy: Retrying
    private let deadline: Deadline
    private var count = 1

    fileprivate init(_ policy: Retrying) {
      self.policy = policy
      deadline = .after(milliseconds: policy.windowMilliseconds)
    }

    /// Waits before the next attempt; false when there shall be none.
    mutating func next() async -> Bool {
      guard count < policy.attemptLimit, !deadline.isOver, !Task.isCancelled else { return false }
      // 50, 100, 200 ... up to two seconds, at random from nothing up.
      let most = min(50 << min(count - 1, 10), Retrying.longestPauseMilliseconds)
      count += 1
      policy.noteRetry()
      let pause = Duration.milliseconds(policy.jitter(most))
      // A cancelled task goes on to its last attempt, which is refused as cancelled.
      try? await Task.sleep(for: pause)
      return true
    }
  }

  /// Begins a call.
  func begin() -> Attempts { Attempts(self) }

  /// Runs a call that may be run twice, again when its connection fails it.
  func run<Value>(
    _ body: () async throws(PostgresError) -> Value
  ) async throws(PostgresError) -> Value {
    var attempts = begin()
    while true {
      do throws(PostgresError) { return try await body() } catch {
        guard error.kind.isOfConnection, await attempts.next() else { throw error }
      }
    }
  }
}
