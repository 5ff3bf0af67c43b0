import ProveKeyModel
import ProveKeyTesting
import Testing

@testable import ProveDeviceRegistry

/// Rows D11 to D17: the browser has lost its key.
@Suite("Decisions without a key", .onEveryEngine, .namingEngines)
struct RecoveryDecisionTests {
  private func decide(
    _ world: World, _ request: KeyRequest, policy: RegistryPolicy? = nil
  ) async throws -> RegistryDecision {
    guard let policy else { return try await world.registry.decide(request) }
    return try await world.registry(policy).decide(request)
  }

  @Test("D11: without persistence, a visitor or enough confidence a key is placed")
  func noKey() async throws {
    let world = try await World(.persistent)
    _ = try await world.boundDevice(visitor: "visitor-1")
    let decisions = [
      try await decide(world, .browser(), policy: .prove),
      try await decide(world, .browser(visitor: nil)),
      try await decide(world, .browser(visitor: .named(confidence: 0.89))),
    ]
    for decision in decisions {
      #expect(decision.row == .d11)
      #expect(decision.reason == .noKey)
      #expect(try decision.plan.action == .place)
    }
    let atLimit = try await decide(world, .browser(visitor: .named(confidence: 0.9)))
    #expect(atLimit.row == .d16)
  }

  @Test("D12: a stored deviceId that is a candidate is recovered and keeps its id (R12, R13)")
  func stored() async throws {
    let world = try await World(.persistent)
    let old = try await world.boundDevice(visitor: "visitor-1")
    let other = try await world.boundDevice(visitor: "visitor-1")
    world.clock.advance(seconds: 60)
    let decision = try await decide(world, .browser(nil, stored: old.deviceID))
    #expect(decision.row == .d12)
    #expect(decision.outcome == .recover(old.deviceID))
    let new = try old.replacement()
    let after = try await world.complete(decision, offering: new)
    #expect(after.deviceID == old.deviceID)
    #expect(after.publicKey == new.publicKey)
    #expect(after.lastAuthenticatedAt == world.clock.now)
    #expect(try await world.kinds(of: old).last == .recovered)
    await #expect(throws: RegistryError.signatureInvalid, "the old key is retired at once") {
      try await world.decide(with: old)
    }
    #expect(try await world.decide(with: new).row == .d10)
    #expect(try await world.decide(with: other).row == .d10)
  }

  @Test("D12: a stored deviceId of another number or consumer is refused")
  func storedMismatch() async throws {
    let world = try await World(.persistent)
    let old = try await world.boundDevice(proveID: .lorant, visitor: "visitor-1")
    let number = try await decide(world, .browser(.inge, stored: old.deviceID))
    #expect(number.row == .d12)
    #expect(number.outcome == .reject(.phoneMismatch))
    let person = try await decide(world, .browser(nil, proveID: .inge, stored: old.deviceID))
    #expect(person.outcome == .reject(.identityMismatch))
    #expect(try await world.kinds(of: old).suffix(2) == [.rejected, .rejected])
  }

  @Test("D13: a stored deviceId that is no live candidate places a new key (R13)")
  func storedNot() async throws {
    let world = try await World(.persistent)
    let revoked = try await world.boundDevice(visitor: "visitor-1")
    try await world.registry.revoke(revoked.deviceID)
    let elsewhere = try await world.boundDevice(visitor: "visitor-2")
    let unbound = try await world.boundDevice(visitor: "visitor-1")
    try await world.registry.unbind(unbound.deviceID)
    let inactive = try await world.boundDevice(visitor: "visitor-1")
    let unknown = try TestDevice()
    let expected: [(TestDevice, PossessionReason)] = [
      (revoked, .storedDeviceRevoked), (elsewhere, .storedDeviceNotCandidate),
      (unbound, .storedDeviceNotCandidate), (unknown, .unknownKey),
    ]
    for (device, reason) in expected {
      let decision = try await decide(world, .browser(stored: device.deviceID))
      #expect(decision.row == .d13)
      #expect(decision.reason == reason)
      #expect(try decision.plan.action == .place)
    }
    world.clock.advance(months: 12)
    let late = try await decide(world, .browser(stored: inactive.deviceID))
    #expect(late.row == .d13)
    #expect(late.reason == .keyInactive)
  }

  @Test("D14: a visitor ID alone recovers nothing, unless the policy says so for one candidate")
  func visitorAlone() async throws {
    let world = try await World(.persistent)
    let device = try await world.boundDevice(visitor: "visitor-1")
    let alone = try await decide(world, .browser(nil))
    #expect(alone.row == .d14)
    #expect(alone.reason == .visitorAlone)
    let lax = try RegistryPolicy(keyPersistence: true, recoversByVisitorAlone: true)
    let recovered = try await decide(world, .browser(nil), policy: lax)
    #expect(recovered.outcome == .recover(device.deviceID))
    _ = try await world.boundDevice(to: .inge, visitor: "visitor-1")
    #expect(try await decide(world, .browser(nil), policy: lax).reason == .visitorAlone)
  }

  @Test("D15: a number or consumer without candidates places a new key")
  func noRegistration() async throws {
    let world = try await World(.persistent)
    _ = try await world.boundDevice(proveID: .lorant, visitor: "visitor-1")
    let requests: [KeyRequest] = [
      .browser(.inge), .browser(nil, proveID: .inge), .browser(.lorant, proveID: .inge),
      .browser(visitor: .named("visitor-2")),
    ]
    for request in requests {
      let decision = try await decide(world, request)
      #expect(decision.row == .d15)
      #expect(decision.reason == .noRegistration)
    }
    world.clock.advance(months: 12)
    #expect(try await decide(world, .browser()).row == .d15)
  }

  @Test("D16: the one candidate of the number, or the consumer, is recovered")
  func oneCandidate() async throws {
    let world = try await World(.persistent)
    let device = try await world.boundDevice(proveID: .lorant, visitor: "visitor-1")
    _ = try await world.boundDevice(to: .inge, proveID: .inge, visitor: "visitor-1")
    for request in [KeyRequest.browser(), .browser(nil, proveID: .lorant)] {
      let decision = try await decide(world, request)
      #expect(decision.row == .d16)
      #expect(decision.outcome == .recover(device.deviceID))
    }
  }

  @Test("D17: of several candidates the most recently authenticated is recovered, to the second")
  func several() async throws {
    let world = try await World(.persistent)
    var devices: [TestDevice] = []
    for _ in 0..<5 { devices.append(try await world.boundDevice(visitor: "visitor-1")) }
    for index in [3, 1, 4, 0, 2] {
      world.clock.advance(seconds: 1)
      try await world.authenticate(devices[index])
      let decision = try await decide(world, .browser())
      #expect(decision.row == .d17)
      #expect(decision.outcome == .recover(devices[index].deviceID))
    }
    let strict = try RegistryPolicy(keyPersistence: true, selection: .none)
    let none = try await decide(world, .browser(), policy: strict)
    #expect(none.row == .d17)
    #expect(none.reason == .ambiguous(5))
  }

  @Test("D17: candidates of one instant go by deviceId")
  func ties() async throws {
    let world = try await World(.persistent)
    var ids: [DeviceID] = []
    for _ in 0..<5 { ids.append(try await world.boundDevice(visitor: "visitor-1").deviceID) }
    let lowest = try #require(ids.min { $0.rawValue < $1.rawValue })
    #expect(try await decide(world, .browser()).outcome == .recover(lowest))
  }

  @Test("a recovery is refused once its registration is inactive, revoked or changed (R13)")
  func staleRecovery() async throws {
    let world = try await World(.persistent)
    let device = try await world.boundDevice(visitor: "visitor-1")
    world.clock.now = UTCInstant.start.adding(months: 12).adding(seconds: -60)
    let decision = try await decide(world, .browser())
    #expect(decision.row == .d16)
    world.clock.advance(seconds: 60)
    await #expect(throws: RegistryError.planStale) {
      try await world.complete(decision, offering: try device.replacement())
    }
    world.clock.advance(seconds: -60)
    try await world.registry.revoke(device.deviceID)
    await #expect(throws: RegistryError.deviceRevoked) {
      try await world.complete(decision, offering: try device.replacement())
    }
  }
}
