public import ProveKeyModel
public import ProveKeyPlatform

/// A clock that stands still until it is set or moved: years pass in a test as fast as it likes.
public final class ManualClock: Sendable {
  private let instant: Locked<UTCInstant>

  /// Sets the clock.
  public init(_ start: UTCInstant) {
    instant = Locked(start)
  }

  /// The present instant; may be set forwards or backwards.
  public var now: UTCInstant {
    get { instant.withLock { $0 } }
    set { instant.withLock { $0 = newValue } }
  }

  /// The clock as registries take it.
  public var wall: WallClock { WallClock { self.now } }

  /// Moves the clock by seconds, backwards when they are negative.
  public func advance(seconds: Int64) {
    instant.withLock { $0 = $0.adding(seconds: seconds) }
  }

  /// Moves the clock by days of 24 hours, backwards when they are negative.
  public func advance(days: Int) {
    advance(seconds: Int64(days) * 86_400)
  }

  /// Moves the clock by calendar months in UTC, backwards when they are negative.
  public func advance(months: Int) {
    instant.withLock { $0 = $0.adding(months: months) }
  }
}
