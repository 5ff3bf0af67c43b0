import Glibc
public import ProveKeyModel

/// Where the time of day comes from; tests and demonstrations supply their own.
public struct WallClock: Sendable {
  private let read: @Sendable () -> UTCInstant

  /// Makes a clock that answers with what `read` returns.
  public init(_ read: @escaping @Sendable () -> UTCInstant) {
    self.read = read
  }

  /// The present instant.
  public var now: UTCInstant { read() }

  /// The machine's real-time clock.
  public static let system = WallClock {
    var time = timespec()
    let status = unsafe clock_gettime(CLOCK_REALTIME, &time)
    precondition(status == 0, "the machine has no real-time clock")
    return UTCInstant(
      millisecondsSinceEpoch: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }
}
