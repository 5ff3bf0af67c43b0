import ProveKeyModel
import ProveKeyTesting
import Testing

@testable import ProveDeviceRegistry

/// A sweep tidies and decides nothing (R5).
@Suite("A sweep", .onEveryEngine, .namingEngines)
struct SweepTests {
  @Test("notes a key as inactive from the very instant of R5, not a millisecond before")
  func instant() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    let end = UTCInstant.start.adding(months: 12)
    for early in [-86_400_000 * 3, -86_400_000, -1] as [Int64] {
      world.clock.now = end.adding(milliseconds: early)
      #expect(try await world.registry.sweep().deactivated == 0)
    }
    world.clock.now = end
    #expect(try await world.registry.sweep().deactivated == 1)
    let swept = try await world.registration(of: device)
    #expect(swept.deactivatedAt == end)
    #expect(swept.binding?.phoneNumber == .lorant, "the binding stands in the record")
    #expect(try await world.kinds(of: device).last == .deactivated)
    let again = try await world.registry.sweep()
    #expect(again.deactivated == 0)
    #expect(again.isComplete)
  }

  @Test("changes no decision")
  func decisions() async throws {
    let world = try await World(.persistent)
    let presented = try await world.boundDevice(.hardware, visitor: "visitor-1")
    let stored = try await world.boundDevice(visitor: "visitor-1")
    let placed = try TestDevice(.hardware)
    try await world.place(placed)
    world.clock.advance(months: 6)
    let live = try await world.boundDevice(.hardware, to: .inge, visitor: "visitor-1")
    world.clock.advance(months: 6)

    let devices = [presented, placed, live]
    let requests: [KeyRequest] = [
      .browser(), .browser(.inge), .browser(nil), .browser(stored: stored.deviceID),
      .browser(.inge, stored: live.deviceID), .mobile(rebind: true),
    ]
    func outcomes() async throws -> [KeyOutcome] {
      var outcomes: [KeyOutcome] = []
      for request in requests {
        outcomes.append(try await world.registry.decide(request).outcome)
        for device in devices {
          outcomes.append(try await world.decide(request, with: device).outcome)
        }
      }
      return outcomes
    }
    let before = try await outcomes()
    #expect(try await world.registry.sweep().deactivated == 2)
    #expect(try await outcomes() == before)
    #expect(try await world.registry.verify().problems == [])
  }

  @Test("works in bounded batches, and a bounded call says whether more is left")
  func batches() async throws {
    let world = try await World()
    for _ in 0..<450 { _ = try await world.boundDevice(.hardware) }
    let kept = try await world.boundDevice(.hardware)
    world.clock.advance(months: 6)
    try await world.authenticate(kept)
    world.clock.advance(months: 6)
    let items = try await world.store.statistics().items
    let first = try await world.registry.sweep(limit: 100)
    #expect(
      first
        == SweepReport(deactivated: 100, itemsRemoved: 100, detailsErased: 0, isComplete: false))
    let rest = try await world.registry.sweep()
    #expect(rest.deactivated == 350)
    #expect(rest.itemsRemoved == items - 101, "all but the scope's own")
    #expect(rest.isComplete)
    let counts = try await world.store.statistics()
    #expect(counts.registrations == [.dormant: 450, .bound: 1])
    #expect(try await world.registry.verify().problems == [])
    for limit in [0, -1] {
      await #expect(throws: RegistryError.model(.malformed(field: "limit"))) {
        try await world.registry.sweep(limit: limit)
      }
    }
  }

  @Test("beside authentications takes no key that was used meanwhile")
  func concurrent() async throws {
    let world = try await World()
    var devices: [TestDevice] = []
    for _ in 0..<40 { devices.append(try await world.boundDevice(.hardware)) }
    let end = UTCInstant.start.adding(months: 12)
    world.clock.now = end.adding(milliseconds: -1)
    let live = devices[..<20]
    try await withThrowingTaskGroup(of: Void.self) { group in
      for device in live { group.addTask { try await world.authenticate(device) } }
      for _ in 0..<4 { group.addTask { _ = try await world.registry.sweep() } }
      try await group.waitForAll()
    }
    world.clock.now = end
    let deactivated = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<4 { group.addTask { try await world.registry.sweep().deactivated } }
      return try await group.reduce(0, +)
    }
    #expect(deactivated == 20, "each is noted by one of the sweeps")
    for device in live {
      #expect(try await world.registration(of: device).deactivatedAt == nil)
    }
    #expect(try await world.registry.verify().problems == [])
  }
}
