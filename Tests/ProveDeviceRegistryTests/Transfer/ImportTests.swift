import CampaignSupport
import ProveKeyModel
import Testing

@testable import ProveDeviceRegistry

@Suite("Registrations brought in and taken out", .inTurn)
struct ImportTests {
  private func lines(_ count: Int, seed: UInt64 = 1) -> [[UInt8]] {
    SyntheticRegistrations(count: count, seed: seed, until: .start)
      .map { RegistrationDocument($0).line }
  }

  private func take(
    _ lines: [[UInt8]], into registry: DeviceRegistry
  ) async throws -> ImportReport {
    var run = RegistrationImport(into: registry)
    for line in lines { try await run.take(line) }
    return try await run.finish()
  }

  private func export(_ registry: DeviceRegistry, after id: DeviceID? = nil) async throws
    -> [KeyRegistration]
  {
    var all: [KeyRegistration] = []
    try await registry.exportRegistrations(after: id) { all += $0 }
    return all
  }

  @Test("what one registry exports another imports, and it verifies in every state")
  func roundTrip() async throws {
    let (first, second) = (try await World(), try await World())
    let report = try await take(lines(1_300), into: first.registry)
    #expect(report.imported == 1_300 && report.refused == 0)
    let exported = try await export(first.registry)
    #expect(exported.count == 1_300)
    #expect(Set(exported.map(\.deviceID)).count == 1_300, "each comes once")
    let copied = try await take(
      exported.map { RegistrationDocument($0).line }, into: second.registry)
    #expect(copied.imported == 1_300)
    #expect(Set(try await export(second.registry)) == Set(exported))
    #expect(try await second.registry.verify().problems == [])
    let counts = try await second.registry.statistics().registrations
    #expect(counts.filter { $0.value > 0 }.count == 6)
  }

  @Test("an import that is begun again skips what is there, and refuses what differs")
  func again() async throws {
    let world = try await World()
    let some = lines(300)
    _ = try await take(Array(some[..<120]), into: world.registry)
    let report = try await take(some, into: world.registry)
    #expect(report.identical == 120 && report.imported == 180 && report.refused == 0)
    let device = try RegistrationDocument(line: some[0]).registration.deviceID
    try await world.registry.revoke(device)
    let third = try await take(some, into: world.registry)
    let isRevokedBefore = try RegistrationDocument(line: some[0]).registration.isRevoked
    #expect(third.refused == (isRevokedBefore ? 0 : 1))
    #expect(third.refusedLines.map(\.number) == (isRevokedBefore ? [] : [1]))
    #expect(try await world.registry.verify().problems == [])
  }

  @Test("an actor that no event can keep is refused, and nothing is registered")
  func longActor() async throws {
    let world = try await World()
    var run = RegistrationImport(into: world.registry, actor: String(repeating: "a", count: 256))
    try await run.take(lines(1)[0])
    await #expect(throws: RegistryError.model(.malformed(field: "actor"))) {
      try await run.finish()
    }
    #expect(try await export(world.registry) == [])
    #expect(try await world.registry.verify().problems == [])
  }

  @Test("an export in single pages gives each registration once, from wherever it goes on")
  func pages() async throws {
    let world = try await World()
    _ = try await take(lines(1_300), into: world.registry)
    var all: [DeviceID] = []
    while true {
      let page = try await world.registry.nextRegistrations(after: all.last)
      guard !page.isEmpty else { break }
      #expect(page.count <= RegistryLimits.pageLimit)
      all += page.map(\.deviceID)
    }
    #expect(all == (try await export(world.registry)).map(\.deviceID))
    let rest = try await world.registry.nextRegistrations(after: all[1_200])
    #expect(rest.map(\.deviceID) == Array(all[1_201...]))
  }

  @Test("refused lines are told by number, and the others are taken")
  func refusedLines() async throws {
    let world = try await World()
    var some = lines(5)
    some.insert(Array("not JSON".utf8), at: 1)
    some.insert(some[0], at: 3)
    some.append(
      Array(
        String(decoding: some[0], as: UTF8.self).replacing("\"version\":", with: "\"version\":9")
          .utf8))
    let report = try await take(some, into: world.registry)
    #expect(report.lines == 8)
    #expect(report.imported == 5 && report.identical == 1)
    #expect(report.refusedLines.map(\.number) == [2, 8])
  }

  @Test(
    "a deviceId that was erased is never brought in again (R9), and its batch goes on without it")
  func erased() async throws {
    let world = try await World()
    let some = lines(40)
    _ = try await take(some, into: world.registry)
    let keys = try some.map { try RegistrationDocument(line: $0).registration }
    _ = try await world.registry.erase(.deviceID(keys[3].deviceID))
    _ = try await world.registry.erase(.deviceID(keys[30].deviceID))
    let more = lines(20, seed: 2)
    let report = try await take(some + more, into: world.registry)
    #expect(report.identical == 38 && report.imported == 20)
    #expect(report.refusedLines.map(\.number) == [4, 31])
    #expect(report.refusedLines.first?.reason.contains("erased") == true)
    #expect(try await world.registry.verify().problems == [])
  }

  @Test("an imported key is decided on as any other")
  func decides() async throws {
    let (first, second) = (try await World(), try await World())
    let device = try await first.boundDevice()
    let exported = try await export(first.registry)
    _ = try await take(exported.map { RegistrationDocument($0).line }, into: second.registry)
    #expect(try await second.decide(with: device).row == .d10)
    #expect(try await second.kinds(of: device) == [.imported])
    let event = try #require(try await second.registry.events(of: device.deviceID).first)
    #expect(event.reason == "bound" && event.actor == "import")
  }

  @Test("an export goes on after any registration, and passes over chains of thousands of events")
  func resumed() async throws {
    let world = try await World()
    _ = try await take(lines(60), into: world.registry)
    let all = try await export(world.registry)
    let rest = try await export(world.registry, after: all[24].deviceID)
    #expect(rest == Array(all[25...]))
    // One chain fills pages of its own.
    let busy = try #require(all.dropFirst(20).first { $0.binding != nil && !$0.isSuspended })
    let everything = try RegistryPolicy(inactivityMonths: 120, eventDetail: .everyDecision)
    let registry = try await world.registry(everything)
    for _ in 0..<1_100 { try await registry.recordAuthentication(of: busy.deviceID) }
    #expect(try await export(world.registry).map(\.deviceID) == all.map(\.deviceID))
  }
}

@Suite("Synthetic registrations", .inTurn)
struct SyntheticTests {
  @Test("the same seed and day give the same registrations, another seed others")
  func seeds() {
    let first = Array(SyntheticRegistrations(count: 500, seed: 1, until: .start))
    #expect(first == Array(SyntheticRegistrations(count: 500, seed: 1, until: .start)))
    let other = Array(SyntheticRegistrations(count: 500, seed: 2, until: .start))
    #expect(Set(first.map(\.deviceID)).isDisjoint(with: other.map(\.deviceID)))
    let fewer = Array(SyntheticRegistrations(count: 100, seed: 1, until: .start))
    #expect(Array(first.prefix(100)) == fewer)
  }

  @Test("browsers have 1 to 5 registrations and a heavy tail, over the two years before the day")
  func shape() {
    var visitors: [VisitorID: Int] = [:]
    var numbers: [String: Set<PhoneNumber>] = [:]
    let day = UTCInstant.start
    let start = day.adding(seconds: -731 * 86_400)
    for key in SyntheticRegistrations(count: 60_000, seed: 3, until: day) {
      if let visitor = key.visitorID { visitors[visitor, default: 0] += 1 }
      if let id = key.association?.proveID, let number = key.association?.phoneNumber {
        numbers[id.rawValue, default: []].insert(number)
        #expect(number.e164.hasPrefix("+11"), "nobody's number")
      }
      #expect(key.placedAt >= start && key.placedAt <= day)
      #expect((key.lastAuthenticatedAt ?? key.placedAt) <= day.adding(seconds: 600))
    }
    let counts = visitors.values.sorted()
    let few = counts.count { $0 <= 5 }
    #expect(few * 100 > counts.count * 90)
    #expect(counts.last ?? 0 > 1_000, "the tail is heavy")
    #expect(counts.last ?? 0 <= SyntheticRegistrations.perVisitorLimit)
    #expect(numbers.values.map(\.count).max() ?? 0 > 1)
    #expect(numbers.values.map(\.count).max() ?? 0 <= 3)
  }

  @Test("generating again goes on where it was, and the registry verifies")
  func generate() async throws {
    let world = try await World()
    let registry = world.registry
    #expect(try await registry.generate(.init(count: 260, seed: 5, until: .start)) == 260)
    var told: [Int] = []
    let added = try await registry.generate(.init(count: 700, seed: 5, until: .start)) {
      told.append($0)
    }
    #expect(added == 440)
    #expect(told.count == 3 && told.last == 700 && told == told.sorted())
    #expect(try await registry.verify().problems == [])
  }
}
