/// An instant of the monotonic clock by which something must have happened.
struct Deadline: Comparable, Sendable {
  private let instant: ContinuousClock.Instant

  /// The instant so many milliseconds from now.
  static func after(milliseconds: Int) -> Deadline {
    Deadline(instant: .now + .milliseconds(milliseconds))
  }

  /// The milliseconds that are left, at least 0, rounded up.
  var millisecondsLeft: Int {
    let left = ContinuousClock.now.duration(to: instant).components
    guard left.seconds >= 0, left.attoseconds >= 0 else { return 0 }
    let part = (left.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    return Int(clamping: left.seconds) * 1000 + Int(part)
  }

  /// Whether it has passed.
  var isOver: Bool { ContinuousClock.now >= instant }

  static func < (left: Self, right: Self) -> Bool { left.instant < right.instant }
}
