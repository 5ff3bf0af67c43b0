import CampaignSupport
import ProveKeyModel
import ProveKeyTesting
import Testing

@testable import ProveDeviceRegistry

/// What a stranger learns who tries out deviceIds without having their keys.
@Suite("Trying out deviceIds", .inTurn)
struct EnumerationTests {
  /// Devices of every kind, and one that nobody has.
  private func devices(_ world: World) async throws -> [(name: String, device: TestDevice)] {
    let inactive = try await world.boundDevice(visitor: "victim")
    world.clock.advance(months: 13)
    let bound = try await world.boundDevice(visitor: "victim")
    let revoked = try await world.boundDevice(visitor: "victim")
    try await world.registry.revoke(revoked.deviceID)
    let suspended = try await world.boundDevice(visitor: "victim")
    try await world.registry.suspend(suspended.deviceID)
    let placed = try TestDevice()
    try await world.place(placed, visitor: "victim")
    return [
      ("inactive", inactive), ("bound", bound), ("revoked", revoked), ("suspended", suspended),
      ("placed", placed), ("unknown", try TestDevice()),
    ]
  }

  @Test("a stored deviceId from a stranger's browser leads to the same plan, whatever became of it")
  func stored() async throws {
    let world = try await World(.persistent)
    for (name, device) in try await devices(world) {
      let request = KeyRequest.browser(stored: device.deviceID, visitor: .named("stranger"))
      let decision = try await world.registry.decide(request)
      #expect(decision.row == .d13, "\(name)")
      #expect(try decision.plan.action == .place, "\(name)")
      #expect(try decision.plan.retires == nil, "\(name)")
      #expect(decision.ticket != nil, "\(name)")
    }
  }

  @Test("a signature that is not the key's own says nothing of the key's state")
  func presented() async throws {
    let world = try await World(.persistent)
    let stranger = try TestDevice()
    for (name, device) in try await devices(world) {
      let challenge = world.registry.issueChallenge()
      let forged = try stranger.assertion(for: challenge)
      let claim = try KeyAssertion(
        deviceID: device.deviceID, counter: forged.counter, vaultState: forged.vaultState,
        signature: forged.signature)
      do {
        let decision = try await world.registry.decide(
          .mobile(), presenting: claim, for: challenge)
        #expect(decision.row == .d5, "\(name)")
        #expect(name == "unknown")
      } catch RegistryError.signatureInvalid {
        #expect(name != "unknown")
      }
    }
  }

  @Test("an unknown deviceId takes about as long as a known one with a forged signature")
  func time() async throws {
    let world = try await World()
    let known = try await world.boundDevice()
    let unknown = try TestDevice()
    let stranger = try TestDevice()
    func time(_ device: TestDevice) async throws -> Duration {
      let challenge = world.registry.issueChallenge()
      let forged = try stranger.assertion(for: challenge)
      let claim = try KeyAssertion(
        deviceID: device.deviceID, counter: forged.counter, vaultState: forged.vaultState,
        signature: forged.signature)
      let start = ContinuousClock.now
      do {
        _ = try await world.registry.decide(.mobile(), presenting: claim, for: challenge)
      } catch RegistryError.signatureInvalid {}
      return .now - start
    }
    var times: (known: [Duration], unknown: [Duration]) = ([], [])
    for _ in 0..<200 {
      times.known.append(try await time(known))
      times.unknown.append(try await time(unknown))
    }
    let medians = (times.known.sorted()[100], times.unknown.sorted()[100])
    // Without a verification the unknown one would take a fraction of the time.
    #expect(medians.1 * 2 > medians.0)
    #expect(medians.0 * 3 > medians.1)
  }
}
