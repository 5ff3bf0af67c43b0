/// The pause before something is tried again.
enum RetryPause {
  /// Waits for a random part of a time that doubles with each attempt, from 4 ms up to 256 ms.
  ///
  /// Returns at once when the task was cancelled: the attempt itself then says what is the matter.
  static func pause(beforeAttempt attempt: Int) async {
    let most = 4 << min(max(attempt - 1, 0), 6)
    let time = Duration.milliseconds(Int.random(in: 0...most))
    // A sleep fails only by cancellation, which the caller's next call meets itself.
    try? await Task.sleep(for: time)
  }
}
