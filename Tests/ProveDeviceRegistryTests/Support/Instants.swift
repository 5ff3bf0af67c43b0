import ProveKeyModel

extension UTCInstant {
  /// 2025-03-10T00:00:00Z: where the tests' clocks start.
  static let start = UTCInstant(millisecondsSinceEpoch: 1_741_564_800_000)

  func adding(milliseconds: Int64) -> UTCInstant {
    UTCInstant(millisecondsSinceEpoch: millisecondsSinceEpoch + milliseconds)
  }
}
