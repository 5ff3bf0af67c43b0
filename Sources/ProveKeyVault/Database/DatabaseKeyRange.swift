/// Keys between two bounds, each of which may be open or missing.
public struct DatabaseKeyRange: Hashable, Sendable {
  /// The lowest key; nil when there is no lower bound.
  public let lower: DatabaseKey?
  /// The highest key; nil when there is no upper bound.
  public let upper: DatabaseKey?
  /// Whether the lower bound itself is left out.
  public let lowerOpen: Bool
  /// Whether the upper bound itself is left out.
  public let upperOpen: Bool

  private init(_ lower: DatabaseKey?, _ upper: DatabaseKey?, _ lowerOpen: Bool, _ upperOpen: Bool) {
    self.lower = lower
    self.upper = upper
    self.lowerOpen = lowerOpen
    self.upperOpen = upperOpen
  }

  /// Every key.
  public static let all = DatabaseKeyRange(nil, nil, false, false)

  /// One key.
  public static func only(_ key: DatabaseKey) -> DatabaseKeyRange {
    DatabaseKeyRange(key, key, false, false)
  }

  /// Keys from `key` on; an open bound leaves it out.
  public static func lowerBound(_ key: DatabaseKey, open: Bool = false) -> DatabaseKeyRange {
    DatabaseKeyRange(key, nil, open, false)
  }

  /// Keys up to `key`; an open bound leaves it out.
  public static func upperBound(_ key: DatabaseKey, open: Bool = false) -> DatabaseKeyRange {
    DatabaseKeyRange(nil, key, false, open)
  }

  /// Keys between two.
  ///
  /// - Throws: ``DatabaseFault/data`` when a bound is no key, the lower one is above the upper one,
  ///   or they are equal and one of them is left out.
  public static func bound(
    _ lower: DatabaseKey, _ upper: DatabaseKey, lowerOpen: Bool = false, upperOpen: Bool = false
  ) throws(VaultError) -> DatabaseKeyRange {
    guard lower.isValid, upper.isValid, lower <= upper, lower < upper || !(lowerOpen || upperOpen)
    else { throw .database(.data) }
    return DatabaseKeyRange(lower, upper, lowerOpen, upperOpen)
  }

  /// Whether a key is within.
  public func contains(_ key: DatabaseKey) -> Bool {
    if let lower, key < lower || (lowerOpen && key == lower) { return false }
    if let upper, upper < key || (upperOpen && key == upper) { return false }
    return true
  }

  /// The one key, of a range of one key.
  var onlyKey: DatabaseKey? {
    guard let lower, let upper, lower == upper, !lowerOpen, !upperOpen else { return nil }
    return lower
  }
}
