/// A point in time in UTC, kept in whole milliseconds since 1970-01-01T00:00:00Z.
///
/// The rules of a key's life are written against this type and never read a clock themselves.
public struct UTCInstant: Hashable, Comparable, Sendable {
  /// Milliseconds since 1970-01-01T00:00:00Z; negative before it.
  public let millisecondsSinceEpoch: Int64

  /// Makes an instant from milliseconds since 1970-01-01T00:00:00Z.
  ///
  /// Values beyond the years 0001 to 9999 are clamped to them, so that calendar arithmetic
  /// cannot overflow.
  public init(millisecondsSinceEpoch: Int64) {
    self.millisecondsSinceEpoch = min(
      max(millisecondsSinceEpoch, Self.lowestMilliseconds), Self.highestMilliseconds)
  }

  /// Orders instants by time.
  public static func < (left: Self, right: Self) -> Bool {
    left.millisecondsSinceEpoch < right.millisecondsSinceEpoch
  }

  /// 0001-01-01T00:00:00.000Z.
  private static let lowestMilliseconds: Int64 = -62_135_596_800_000
  /// 9999-12-31T23:59:59.999Z.
  private static let highestMilliseconds: Int64 = 253_402_300_799_999
}
