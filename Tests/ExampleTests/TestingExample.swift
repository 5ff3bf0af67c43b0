import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyTesting
import Testing

/// The examples of docs/testing.md, to the letter.
struct TestingExample {
  @Test("a key that was not used for a year needs possession again")
  func inactivity() async throws {
    let clock = ManualClock(try #require(UTCInstant(year: 2026, month: 3, day: 10)))
    let registry = try await DeviceRegistry(
      store: try InMemoryRegistryStore(),
      scope: try RegistryScope(tenant: "shop", buildConfig: .usUAT), clock: clock.wall)

    let device = try SimulatedDevice()
    let placing = registry.issueChallenge()
    try await registry.place(device.offer(for: placing), for: placing, on: .mobile)
    try await registry.bind(device.deviceID, to: try PhoneNumber("2001004014"))

    clock.advance(months: 12)
    let challenge = registry.issueChallenge()
    let decision = try await registry.decide(
      KeyRequest(channel: .mobile), presenting: device.assertion(for: challenge), for: challenge)
    #expect(decision.row == .d7)
  }

  @Test("the most recent of a visitor's four registrations of a number is recovered")
  func recovery() async throws {
    let clock = ManualClock(try #require(UTCInstant(year: 2026, month: 3, day: 10)))
    let registry = try await DeviceRegistry(
      store: try InMemoryRegistryStore(),
      scope: try RegistryScope(tenant: "shop", buildConfig: .usUAT),
      policy: try RegistryPolicy(keyPersistence: true), clock: clock.wall)
    let canned = try await CannedRegistrations(in: registry, clock: clock)

    let number = canned.numbers[2]
    let decision = try await registry.decide(
      KeyRequest(channel: .mobile, phoneNumber: number, visitor: canned.visitor))
    #expect(decision.outcome == .recover(canned.ofVisitor[0].deviceID))
  }

  @Test("my store conforms")
  func conformance() async {
    let report = await RegistryStoreConformance.check {
      let content = try InMemoryRegistryStore()
      return .init { InMemoryRegistryStore(sharing: content) }
    }
    #expect(report.isConformant, "\(report)")
  }
}
