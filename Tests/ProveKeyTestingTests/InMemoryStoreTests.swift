import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyTesting
import Testing

@Suite("a registry in memory")
struct InMemoryRegistryTests {
  private let clock = ManualClock(UTCInstant(millisecondsSinceEpoch: 1_741_564_800_000))

  private func registry(
    _ store: InMemoryRegistryStore, _ policy: RegistryPolicy = .prove
  ) async throws -> DeviceRegistry {
    try await DeviceRegistry(
      store: store, scope: try RegistryScope(tenant: "shop", buildConfig: .usUAT), policy: policy,
      clock: clock.wall)
  }

  @Test("canned registrations are what their names say, and verify")
  func canned() async throws {
    let policy = try RegistryPolicy(keyPersistence: true)
    let registry = try await registry(try InMemoryRegistryStore(), policy)
    let today = clock.now
    let canned = try await CannedRegistrations(in: registry, clock: clock)
    #expect(clock.now == today)

    func row(_ device: SimulatedDevice) async throws -> DecisionRow {
      let challenge = registry.issueChallenge()
      return try await registry.decide(
        KeyRequest(channel: .mobile), presenting: device.assertion(for: challenge), for: challenge
      ).row
    }
    #expect(try await row(canned.placed) == .d6)
    #expect(try await row(canned.bound) == .d10)
    #expect(try await row(canned.unbound) == .d6)
    #expect(try await row(canned.revoked) == .d2)
    #expect(try await row(canned.suspended) == .d18)
    #expect(try await row(canned.disconnected) == .d19)
    #expect(try await row(canned.inactive) == .d7)
    #expect(try await row(canned.nearlyInactive) == .d10)
    clock.advance(days: 2)
    #expect(try await row(canned.nearlyInactive) == .d7)
    clock.now = today

    let ofVisitor = try await registry.candidates(of: canned.visitor.id)
    #expect(ofVisitor.map(\.deviceID) == canned.ofVisitor.map(\.deviceID))
    for number in canned.numbers {
      #expect(
        try await registry.candidates(of: canned.visitor.id, phoneNumber: number).count == 4)
    }
    let recovery = try await registry.decide(
      KeyRequest(channel: .mobile, phoneNumber: canned.numbers[0], visitor: canned.visitor))
    #expect(recovery.row == .d17)
    #expect(try await registry.verify().problems == [])
  }

  @Test("what one opening of a store wrote is there for the next")
  func sharing() async throws {
    let store = try InMemoryRegistryStore()
    let first = try await registry(store)
    let canned = try await CannedRegistrations(in: first, clock: clock)
    let second = try await registry(InMemoryRegistryStore(sharing: store))
    try await first.close()
    #expect(try await second.registration(canned.bound.deviceID)?.binding != nil)
    await #expect(throws: RegistryError.store(.closed)) {
      _ = try await first.registration(canned.bound.deviceID)
    }
  }

  @Test("a device that lost its key recovers with a replacement, and a used counter shows a copy")
  func devices() async throws {
    let registry = try await registry(
      try InMemoryRegistryStore(), try RegistryPolicy(keyPersistence: true))
    let canned = try await CannedRegistrations(in: registry, clock: clock)
    let lost = canned.ofVisitor[0]
    let recovery = try await registry.decide(
      KeyRequest(
        channel: .mobile, phoneNumber: canned.numbers[2], storedDeviceID: lost.deviceID,
        visitor: canned.visitor))
    #expect(recovery.outcome == .recover(lost.deviceID))
    let challenge = registry.issueChallenge()
    let replacement = try lost.replacement()
    let recovered = try await registry.complete(
      recovery, newKey: replacement.offer(for: challenge), for: challenge)
    #expect(recovered?.publicKey == replacement.publicKey)

    let again = registry.issueChallenge()
    let copied = try await registry.decide(
      KeyRequest(channel: .mobile), presenting: replacement.assertion(for: again, counter: 1),
      for: again)
    #expect(copied.row == .d3)
  }
}
