import ProveKeyModel
import Testing

/// R5: the exact instant from which a key is inactive.
struct InactivityTests {
  private func key(usedAt instant: UTCInstant) throws -> KeyRegistration {
    try Sample.placed().bound(to: Sample.phone(), proveID: nil, at: instant)
  }

  private func shifted(_ instant: UTCInstant, milliseconds: Int64) -> UTCInstant {
    UTCInstant(millisecondsSinceEpoch: instant.millisecondsSinceEpoch + milliseconds)
  }

  @Test(
    "a key is inactive from the instant twelve months have passed, not a millisecond before",
    arguments: [
      // year, month, day of last use; year, month, day of inactivity
      [2026, 6, 15, 2027, 6, 15], [2024, 2, 29, 2025, 2, 28], [2023, 2, 28, 2024, 2, 28],
      [2023, 3, 1, 2024, 3, 1], [2025, 12, 31, 2026, 12, 31], [2099, 2, 28, 2100, 2, 28],
    ])
  func twelveMonths(dates: [Int]) throws {
    for timeOfDay: Int64 in [0, 1, 43_200_000, 86_399_999] {
      let used = shifted(
        try #require(UTCInstant(year: dates[0], month: dates[1], day: dates[2])),
        milliseconds: timeOfDay)
      let inactive = shifted(
        try #require(UTCInstant(year: dates[3], month: dates[4], day: dates[5])),
        milliseconds: timeOfDay)
      let key = try key(usedAt: used)
      #expect(key.becomesInactive(afterMonths: 12) == inactive)
      #expect(!key.isInactive(at: used, afterMonths: 12))
      #expect(!key.isInactive(at: shifted(inactive, milliseconds: -1), afterMonths: 12))
      #expect(key.isInactive(at: inactive, afterMonths: 12))
      #expect(key.isInactive(at: shifted(inactive, milliseconds: 1), afterMonths: 12))
    }
  }

  @Test("each completed authentication starts the months anew; nothing else does")
  func anew() throws {
    let start = try Sample.now()
    let later = start.adding(months: 11)
    let key = try key(usedAt: start)
    let used = try key.authenticated(at: later)
    #expect(used.becomesInactive(afterMonths: 12) == later.adding(months: 12))
    let untouched = try key.noting(Sample.assertion(counter: 1, generation: 1))
      .associated(
        clientCustomerID: ClientCustomerID("c"), clientHumanID: nil, visitorID: nil
      )
      .rekeyed(Sample.publicKey(2))
    #expect(untouched.becomesInactive(afterMonths: 12) == start.adding(months: 12))
  }

  @Test("before its first authentication a key counts from its placing")
  func neverAuthenticated() throws {
    let key = try Sample.placed()
    #expect(key.lastAuthenticatedAt == nil)
    #expect(key.becomesInactive(afterMonths: 12) == key.placedAt.adding(months: 12))
  }

  @Test("a clock that went backwards makes no key inactive and takes no time from it")
  func clockBackwards() throws {
    let start = try Sample.now()
    let key = try key(usedAt: start)
    let earlier = start.adding(months: -240)
    #expect(!key.isInactive(at: earlier, afterMonths: 12))
    let used = try key.authenticated(at: earlier)
    #expect(used.lastAuthenticatedAt == start)
    let rebound = try key.rebound(to: Sample.phone(4015), proveID: nil, at: earlier)
    #expect(rebound.lastAuthenticatedAt == start)
    #expect(rebound.binding?.boundAt == earlier)
  }

  @Test("once a sweep has noted it a key stays inactive, whatever the clock says")
  func swept() throws {
    let start = try Sample.now()
    let key = try key(usedAt: start).deactivated(at: start.adding(months: 12))
    #expect(key.isInactive(at: start, afterMonths: 120))
    #expect(key.isInactive(at: start.adding(months: -240), afterMonths: 12))
  }

  @Test("the months are the policy's", arguments: [1, 2, 12, 24, 120])
  func months(months: Int) throws {
    let start = try Sample.now()
    let key = try key(usedAt: start)
    let boundary = start.adding(months: months)
    #expect(key.isInactive(at: boundary, afterMonths: months))
    #expect(!key.isInactive(at: shifted(boundary, milliseconds: -1), afterMonths: months))
  }
}
