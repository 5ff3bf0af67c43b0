// Calendar arithmetic on the proleptic Gregorian calendar in UTC. The conversion between days and
// civil dates is the well-known era-based one; every step is exact integer arithmetic.

extension UTCInstant {
  /// A date of the Gregorian calendar.
  package struct CivilDate: Hashable, Sendable {
    package var year: Int
    package var month: Int
    package var day: Int

    package init(year: Int, month: Int, day: Int) {
      self.year = year
      self.month = month
      self.day = day
    }
  }

  /// Whole days since 1970-01-01, rounded down: the coarse day that a store may show.
  public var daysSinceEpoch: Int64 {
    Self.floorDivide(millisecondsSinceEpoch, Self.dayMilliseconds)
  }

  /// The date in UTC.
  package var civilDate: CivilDate { Self.civilDate(daysSinceEpoch: daysSinceEpoch) }

  /// The same time of day a number of calendar months later (or earlier).
  ///
  /// A day that the month reached does not have becomes that month's last day: 29 February and
  /// 12 months give 28 February. Source: domain rule R5.
  /// - Parameter months: -120,000 to 120,000; the result is clamped to the years 0001 to 9999.
  public func adding(months: Int) -> UTCInstant {
    let timeOfDay = millisecondsSinceEpoch - daysSinceEpoch * Self.dayMilliseconds
    let bounded = min(max(months, -120_000), 120_000)
    var date = civilDate
    let monthIndex = date.year * 12 + (date.month - 1) + bounded
    date.year = Int(Self.floorDivide(Int64(monthIndex), 12))
    date.month = monthIndex - date.year * 12 + 1
    date.day = min(date.day, Self.dayCount(ofMonth: date.month, year: date.year))
    let days = Self.daysSinceEpoch(of: date)
    return UTCInstant(millisecondsSinceEpoch: days * Self.dayMilliseconds + timeOfDay)
  }

  /// The instant a number of seconds later (or earlier), clamped to the years 0001 to 9999.
  public func adding(seconds: Int64) -> UTCInstant {
    let bounded = min(max(seconds, -1_000_000_000_000), 1_000_000_000_000)
    return UTCInstant(millisecondsSinceEpoch: millisecondsSinceEpoch + bounded * 1000)
  }

  /// The instant in ISO 8601 with milliseconds, as in `2026-01-31T00:00:00.000Z`.
  public var iso8601: String {
    let date = civilDate
    let time = Int(millisecondsSinceEpoch - daysSinceEpoch * Self.dayMilliseconds)
    func padded(_ value: Int, _ width: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, width - text.count)) + text
    }
    return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
      + "T\(padded(time / 3_600_000, 2)):\(padded(time / 60_000 % 60, 2))"
      + ":\(padded(time / 1000 % 60, 2)).\(padded(time % 1000, 3))Z"
  }

  /// Midnight in UTC at the start of a date, or nothing when there is no such date in the years
  /// 0001 to 9999.
  public init?(year: Int, month: Int, day: Int) {
    guard (1...9999).contains(year), (1...12).contains(month),
      day >= 1, day <= Self.dayCount(ofMonth: month, year: year)
    else { return nil }
    let days = Self.daysSinceEpoch(of: CivilDate(year: year, month: month, day: day))
    self.init(millisecondsSinceEpoch: days * Self.dayMilliseconds)
  }

  package static let dayMilliseconds: Int64 = 86_400_000

  private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }

  private static func isLeap(_ year: Int) -> Bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
  }

  private static func dayCount(ofMonth month: Int, year: Int) -> Int {
    switch month {
    case 2: isLeap(year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  // Years are counted from March, so that the leap day ends a year; an era is 400 years, which
  // have 146,097 days.
  private static func daysSinceEpoch(of date: CivilDate) -> Int64 {
    let year = Int64(date.month <= 2 ? date.year - 1 : date.year)
    let era = floorDivide(year, 400)
    let yearOfEra = year - era * 400
    let monthFromMarch = Int64((date.month + 9) % 12)
    let dayOfYear = (153 * monthFromMarch + 2) / 5 + Int64(date.day) - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  private static func civilDate(daysSinceEpoch days: Int64) -> CivilDate {
    let shifted = days + 719_468
    let era = floorDivide(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = Int(monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9)
    return CivilDate(
      year: Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0), month: month,
      day: Int(dayOfYear - (153 * monthFromMarch + 2) / 5) + 1)
  }
}
