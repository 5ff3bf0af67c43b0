/// A key of the database role.
///
/// Keys are in IndexedDB's order: every number before every date, then texts, binary keys and
/// arrays. Numbers and dates are ordered by value, texts by code units, binary keys by bytes, and
/// arrays by their first difference, the shorter one first.
///
/// Not every value of this type is a valid key: `NaN` is none, nor is a date that is none on the
/// web. An array is a key when all of its elements are. What takes a key throws
/// ``DatabaseFault/data`` for others. Source: W3C Indexed Database API 3.0, "Keys".
public indirect enum DatabaseKey: Hashable, Sendable {
  /// A number; -0 is the same key as 0, infinities are keys.
  case number(Double)
  /// Milliseconds since 1970-01-01T00:00:00Z, at most 8.64e15 either way.
  case date(Double)
  /// A text as UTF-16 code units.
  case text([UInt16])
  /// Bytes.
  case binary([UInt8])
  /// Several keys as one.
  case array([DatabaseKey])

  /// The key of a text.
  public static func string(_ text: String) -> DatabaseKey { .text(Array(text.utf16)) }

  /// Whether the key is one: neither `NaN`, nor a date out of bounds, in it.
  public var isValid: Bool {
    switch self {
    case .number(let number): !number.isNaN
    case .date(let milliseconds): Self.dateBounds.contains(milliseconds)
    case .text, .binary: true
    case .array(let keys): keys.allSatisfy(\.isValid)
    }
  }

  /// What the web's dates can hold.
  ///
  /// Source: ECMAScript, "TimeClip".
  static let dateBounds = -8.64e15...8.64e15
}

extension DatabaseKey: Comparable {
  /// Whether `left` comes before `right` in IndexedDB's order.
  public static func < (left: Self, right: Self) -> Bool {
    switch (left, right) {
    case (.number(let left), .number(let right)): left < right
    case (.date(let left), .date(let right)): left < right
    case (.text(let left), .text(let right)): left.lexicographicallyPrecedes(right)
    case (.binary(let left), .binary(let right)): left.lexicographicallyPrecedes(right)
    case (.array(let left), .array(let right)): left.lexicographicallyPrecedes(right)
    default: left.rank < right.rank
    }
  }

  private var rank: Int {
    switch self {
    case .number: 0
    case .date: 1
    case .text: 2
    case .binary: 3
    case .array: 4
    }
  }
}

extension DatabaseKey {
  /// The key that a value is; nil for a value that is none.
  public init?(_ value: DatabaseValue) {
    switch value {
    case .null, .boolean, .object: return nil
    case .number(let number): self = .number(number)
    case .date(let milliseconds): self = .date(milliseconds)
    case .text(let units): self = .text(units)
    case .binary(let bytes): self = .binary(bytes)
    case .array(let values):
      var keys: [DatabaseKey] = []
      keys.reserveCapacity(values.count)
      for value in values {
        guard let key = DatabaseKey(value) else { return nil }
        keys.append(key)
      }
      self = .array(keys)
      return
    }
    guard isValid else { return nil }
  }
}
