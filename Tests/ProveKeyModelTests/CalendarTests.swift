import ProveKeyModel
import Testing

struct CalendarTests {
  /// An instant from `2026-01-31` or `2026-01-31T23:59:59.999`, read without the library's calendar
  /// beyond midnight.
  private func instant(_ text: String) throws -> UTCInstant {
    let parts = text.split(whereSeparator: { "-T:.".contains($0) }).map { Int($0) ?? -1 }
    let midnight = try #require(UTCInstant(year: parts[0], month: parts[1], day: parts[2]))
    guard parts.count == 7 else { return midnight }
    let time = ((parts[3] * 60 + parts[4]) * 60 + parts[5]) * 1000 + parts[6]
    return UTCInstant(millisecondsSinceEpoch: midnight.millisecondsSinceEpoch + Int64(time))
  }

  // MARK: - Adding months

  @Test(
    "months are added on the calendar; a day the month does not have becomes its last",
    arguments: [
      // 29 February and years.
      ("2024-02-29", 12, "2025-02-28"), ("2024-02-29", 48, "2028-02-29"),
      ("2024-02-29", -12, "2023-02-28"), ("2023-02-28", 12, "2024-02-28"),
      ("2096-02-29", 48, "2100-02-28"), ("1996-02-29", 48, "2000-02-29"),
      ("1896-02-29", 48, "1900-02-28"), ("2000-02-29", 1200, "2100-02-28"),
      ("2000-02-29", 4800, "2400-02-29"), ("1600-02-29", 3600, "1900-02-28"),
      // Month ends.
      ("2026-01-31", 1, "2026-02-28"), ("2024-01-31", 1, "2024-02-29"),
      ("2026-03-31", 1, "2026-04-30"), ("2026-05-31", 1, "2026-06-30"),
      ("2026-08-31", 1, "2026-09-30"), ("2026-10-31", 1, "2026-11-30"),
      ("2026-07-31", 1, "2026-08-31"), ("2026-04-30", 1, "2026-05-30"),
      ("2026-03-31", -1, "2026-02-28"), ("2026-12-31", -1, "2026-11-30"),
      // Year ends.
      ("2025-12-31", 1, "2026-01-31"), ("2025-12-31", 2, "2026-02-28"),
      ("2026-01-01", -1, "2025-12-01"), ("2025-12-15", 12, "2026-12-15"),
      ("2025-11-30", 13, "2026-12-30"), ("2026-01-31", -13, "2024-12-31"),
      // Before 1970.
      ("1970-01-01", -1, "1969-12-01"), ("1969-12-31", 2, "1970-02-28"),
      ("1968-02-29", 12, "1969-02-28"), ("1969-01-31", 1, "1969-02-28"),
      ("0001-01-31", 1, "0001-02-28"), ("0004-02-29", 12, "0005-02-28"),
      // None, and many.
      ("2024-02-29", 0, "2024-02-29"), ("0001-01-01", 119_976, "9999-01-01"),
      // The time of day stays, on both sides of 1970.
      ("2024-02-29T23:59:59.999", 12, "2025-02-28T23:59:59.999"),
      ("1968-02-29T00:00:00.001", 12, "1969-02-28T00:00:00.001"),
      ("1969-12-31T23:59:59.999", 1, "1970-01-31T23:59:59.999"),
    ])
  func addingMonths(from: String, months: Int, to: String) throws {
    #expect(try instant(from).adding(months: months).iso8601 == instant(to).iso8601)
    #expect(try instant(from).adding(months: months) == instant(to))
  }

  @Test("29 February does not return by itself: 12 months twice is 28 February")
  func leapDayIsLost() throws {
    let twice = try instant("2024-02-29").adding(months: 12).adding(months: 36)
    #expect(try twice == instant("2028-02-28"))
  }

  @Test("arithmetic ends at the years 0001 and 9999 and never overflows")
  func clamping() throws {
    let first = try instant("0001-01-01")
    let last = try instant("9999-12-31T23:59:59.999")
    #expect(UTCInstant(millisecondsSinceEpoch: .min) == first)
    #expect(UTCInstant(millisecondsSinceEpoch: .max) == last)
    #expect(first.millisecondsSinceEpoch == -62_135_596_800_000)
    #expect(last.millisecondsSinceEpoch == 253_402_300_799_999)
    for months in [Int.min, -120_001, -1] { #expect(first.adding(months: months) == first) }
    for months in [Int.max, 120_001, 1] { #expect(last.adding(months: months) == last) }
    for months in [Int.max, 120_000] { #expect(first.adding(months: months) == last) }
    for months in [Int.min, -120_000] { #expect(last.adding(months: months) == first) }
    for seconds in [Int64.min, -1] { #expect(first.adding(seconds: seconds) == first) }
    for seconds in [Int64.max, 1] { #expect(last.adding(seconds: seconds) == last) }
    #expect(first.adding(seconds: .max) == last)
    #expect(last.adding(seconds: .min) == first)
  }

  @Test("seconds are added exactly")
  func addingSeconds() throws {
    #expect(try instant("1970-01-01").adding(seconds: -1).millisecondsSinceEpoch == -1000)
    #expect(
      try instant("2024-02-28T23:59:59.999").adding(seconds: 1)
        == instant("2024-02-29T00:00:00.999"))
  }

  // MARK: - Civil dates

  @Test(
    "each day of these centuries has the date that counting day by day gives",
    arguments: [1..<104, 1583..<1705, 1896..<2105, 2396..<2405, 9900..<10_000])
  func everyDay(years: Range<Int>) throws {
    var day = try #require(UTCInstant(year: years.lowerBound, month: 1, day: 1)).daysSinceEpoch
    var wrong: [String] = []
    for year in years {
      for (index, count) in Self.dayCounts(ofYear: year).enumerated() {
        for dayOfMonth in 1...count {
          let midnight = UTCInstant(millisecondsSinceEpoch: day * 86_400_000)
          let date = UTCInstant.CivilDate(year: year, month: index + 1, day: dayOfMonth)
          let made = UTCInstant(year: year, month: index + 1, day: dayOfMonth)
          if midnight.civilDate != date || made != midnight { wrong.append("\(date)") }
          day += 1
        }
        #expect(UTCInstant(year: year, month: index + 1, day: count + 1) == nil)
      }
    }
    #expect(wrong == [])
  }

  @Test(
    "well-known days have their numbers",
    arguments: [
      (1, 1, 1, -719_162), (1582, 10, 15, -141_427), (1900, 3, 1, -25_508), (1969, 12, 31, -1),
      (1970, 1, 1, 0), (2000, 2, 29, 11_016), (2000, 3, 1, 11_017), (2001, 9, 9, 11_574),
      (2038, 1, 19, 24_855), (9999, 12, 31, 2_932_896),
    ])
  func wellKnown(year: Int, month: Int, day: Int, number: Int64) throws {
    #expect(try #require(UTCInstant(year: year, month: month, day: day)).daysSinceEpoch == number)
  }

  @Test(
    "there is no such date",
    arguments: [
      (0, 1, 1), (10_000, 1, 1), (2026, 0, 1), (2026, 13, 1), (2026, 1, 0), (2026, 1, 32),
      (2026, 2, 29), (1900, 2, 29), (2100, 2, 29), (2024, 2, 30), (2026, 4, 31), (2026, -1, 1),
    ])
  func noSuchDate(year: Int, month: Int, day: Int) {
    #expect(UTCInstant(year: year, month: month, day: day) == nil)
  }

  @Test("a day begins at its midnight in UTC, before 1970 too")
  func dayBoundaries() {
    let days = [-86_400_001, -86_400_000, -1, 0, 86_399_999, 86_400_000].map {
      UTCInstant(millisecondsSinceEpoch: $0).daysSinceEpoch
    }
    #expect(days == [-2, -1, -1, 0, 0, 1])
  }

  @Test("an instant is written in ISO 8601 with milliseconds")
  func iso8601() throws {
    #expect(UTCInstant(millisecondsSinceEpoch: 0).iso8601 == "1970-01-01T00:00:00.000Z")
    #expect(UTCInstant(millisecondsSinceEpoch: -1).iso8601 == "1969-12-31T23:59:59.999Z")
    let billion = UTCInstant(millisecondsSinceEpoch: 1_000_000_000_007)
    #expect(billion.iso8601 == "2001-09-09T01:46:40.007Z")
    #expect(UTCInstant(millisecondsSinceEpoch: .min).iso8601 == "0001-01-01T00:00:00.000Z")
    #expect(UTCInstant(millisecondsSinceEpoch: .max).iso8601 == "9999-12-31T23:59:59.999Z")
  }

  private static func dayCounts(ofYear year: Int) -> [Int] {
    let century = year % 100 == 0
    let leap = century ? year % 400 == 0 : year % 4 == 0
    return [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  }
}
