import ProveKeyModel
import ProveKeyTesting
import Testing

@testable import ProveDeviceRegistry

/// D10 and what stands before it: a key that is presented, and good.
@Suite("A presented key", .onEveryEngine, .namingEngines)
struct AuthenticationTests {
  @Test(
    "a bound, live key for the same number needs no possession check (R4, D10)",
    arguments: TestDevice.Kind.allCases)
  func bypass(kind: TestDevice.Kind) async throws {
    let world = try await World()
    let device = try await world.boundDevice(kind)
    let decision = try await world.decide(with: device)
    #expect(decision.row == .d10)
    #expect(decision.outcome == .authenticate(device.deviceID))
    world.clock.advance(seconds: 60)
    let after = try await world.registry.complete(decision.needed)
    #expect(after?.lastAuthenticatedAt == world.clock.now)
    #expect(try await world.registration(of: device) == after)
  }
}
