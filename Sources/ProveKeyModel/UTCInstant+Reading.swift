extension UTCInstant {
  /// Reads an instant in ISO 8601 and UTC, as in `2026-01-31T00:00:00Z`, with up to three decimals of
  /// the second; nothing when the text is anything else.
  public init?(iso8601 text: String) {
    var reader = Digits(Array(text.utf8)[...])
    guard let year = reader.number(4), reader.take("-"), let month = reader.number(2),
      reader.take("-"), let day = reader.number(2), reader.take("T"),
      let hour = reader.number(2), reader.take(":"), let minute = reader.number(2),
      reader.take(":"), let second = reader.number(2), hour < 24, minute < 60, second < 60,
      let midnight = UTCInstant(year: year, month: month, day: day)
    else { return nil }
    var milliseconds = 0
    if reader.take(".") {
      guard let decimals = reader.decimals() else { return nil }
      milliseconds = decimals
    }
    guard reader.take("Z"), reader.isAtEnd else { return nil }
    let time = (hour * 3600 + minute * 60 + second) * 1000 + milliseconds
    self.init(millisecondsSinceEpoch: midnight.millisecondsSinceEpoch + Int64(time))
  }
}

/// Reads digits of a text one after another.
private struct Digits {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard let first = rest.first, UInt32(first) == character.value else { return false }
    rest = rest.dropFirst()
    return true
  }

  /// A number of exactly so many digits.
  mutating func number(_ count: Int) -> Int? {
    var value = 0
    for _ in 0..<count {
      guard let digit = digit() else { return nil }
      value = value * 10 + digit
    }
    return value
  }

  /// One to three decimals, in thousandths.
  mutating func decimals() -> Int? {
    guard let first = digit() else { return nil }
    return first * 100 + (digit() ?? 0) * 10 + (digit() ?? 0)
  }

  private mutating func digit() -> Int? {
    guard let first = rest.first, (0x30...0x39).contains(first) else { return nil }
    rest = rest.dropFirst()
    return Int(first - 0x30)
  }
}
