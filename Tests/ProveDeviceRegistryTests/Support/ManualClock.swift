import ProveKeyModel
import ProveKeyPlatform

/// A clock that stands still until it is set.
final class ManualClock: Sendable {
  private let instant: Locked<UTCInstant>

  init(_ start: UTCInstant) {
    instant = Locked(start)
  }

  var now: UTCInstant {
    get { instant.withLock { $0 } }
    set { instant.withLock { $0 = newValue } }
  }

  /// The clock as the registry takes it.
  var wall: WallClock { WallClock { self.now } }

  func advance(seconds: Int64) {
    instant.withLock { $0 = $0.adding(seconds: seconds) }
  }

  func advance(months: Int) {
    instant.withLock { $0 = $0.adding(months: months) }
  }
}

extension UTCInstant {
  /// 2025-03-10T00:00:00Z: where the tests' clocks start.
  static let start = UTCInstant(millisecondsSinceEpoch: 1_741_564_800_000)

  func adding(milliseconds: Int64) -> UTCInstant {
    UTCInstant(millisecondsSinceEpoch: millisecondsSinceEpoch + milliseconds)
  }
}
