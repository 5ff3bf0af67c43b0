import ProveKeyModel
import ProveKeyTesting
import Testing

@testable import ProveDeviceRegistry

/// Row D3: signs that a key was copied.
@Suite("Signs of a copied key", .onEveryEngine, .namingEngines)
struct CloneDecisionTests {
  /// Decides over an assertion whose counter and vault state the test chooses.
  private func decide(
    _ world: World, _ device: TestDevice, counter: UInt64, vault: KeyAssertion.VaultState?
  ) async throws -> RegistryDecision {
    let challenge = world.registry.issueChallenge()
    let assertion = try device.assertion(for: challenge, counter: counter, vault: vault)
    return try await world.registry.decide(.mobile(), presenting: assertion, for: challenge)
  }

  @Test("a counter used before needs possession, and then the key is replaced (D3)")
  func regression() async throws {
    let world = try await World()
    let device = try await world.boundDevice(.counting)
    for _ in 0..<3 { try await world.authenticate(device) }
    let decision = try await decide(world, device, counter: 2, vault: nil)
    #expect(decision.row == .d3)
    #expect(decision.reason == .counterRegression)
    #expect(try decision.plan.action == .rekey(device.deviceID))
    #expect(try await world.kinds(of: device).last == .counterRegression)

    let fresh = try device.replacement(.counting)
    await #expect(throws: RegistryError.phoneNumberMismatch, "the bound number alone will do") {
      try await world.complete(decision, passed: .inge, offering: fresh)
    }
    let after = try await world.complete(decision, offering: fresh)
    #expect(after.publicKey == fresh.publicKey)
    #expect(after.binding?.phoneNumber == .lorant)
    #expect(after.replayWindow?.highest == 2, "the window is the new key's")
    #expect(try await world.kinds(of: device).last == .rekeyed)
    await #expect(throws: RegistryError.signatureInvalid, "the copied key is retired") {
      try await world.decide(with: device)
    }
    #expect(try await world.decide(with: fresh).row == .d10)
  }

  @Test("a counter below the window of 64 needs possession; one within it is accepted once")
  func window() async throws {
    let world = try await World()
    let device = try await world.boundDevice(.counting)
    let high = try await decide(world, device, counter: 100, vault: nil)
    try await world.complete(high)
    for counter in [36, 99] as [UInt64] {
      let decision = try await decide(world, device, counter: counter, vault: nil)
      #expect(decision.row == .d10)
      try await world.complete(decision)
      #expect(try await decide(world, device, counter: counter, vault: nil).row == .d3)
    }
    #expect(try await decide(world, device, counter: 35, vault: nil).row == .d3)
  }

  @Test("a vault put back from an older copy is told (stale)")
  func stale() async throws {
    let world = try await World()
    let device = try await world.boundDevice(.vault)
    let ahead = try await decide(
      world, device, counter: 50, vault: try device.vaultState(generation: 50))
    try await world.complete(ahead)
    let decision = try await decide(
      world, device, counter: 51, vault: try device.vaultState(generation: 49))
    #expect(decision.reason == .staleVault)
    #expect(try await world.kinds(of: device).last == .staleVault)
  }

  @Test("two copies of a vault are told (forked)")
  func forked() async throws {
    let world = try await World()
    let device = try await world.boundDevice(.vault)
    let first = try await decide(
      world, device, counter: 50, vault: try device.vaultState(generation: 50))
    try await world.complete(first)
    let otherDigest = try await decide(
      world, device, counter: 51, vault: try device.vaultState(generation: 50, variant: 1))
    #expect(otherDigest.reason == .forkedVault)
    let sameCounter = try await decide(
      world, device, counter: 50, vault: try device.vaultState(generation: 51))
    #expect(sameCounter.reason == .forkedVault)
    #expect(try await world.kinds(of: device).suffix(2) == [.forkedVault, .forkedVault])
  }

  @Test("the policy may refuse copies outright, which is kept as an event")
  func refused() async throws {
    let world = try await World(try RegistryPolicy(cloneResponse: .reject))
    let device = try await world.boundDevice(.counting)
    let decision = try await decide(world, device, counter: 1, vault: nil)
    #expect(decision.row == .d3)
    #expect(decision.outcome == .reject(.clonedKey))
    #expect(decision.ticket == nil)
    #expect(try await world.kinds(of: device).last == .counterRegression)
  }

  @Test("keys that do not count are exempt")
  func exempt() async throws {
    let world = try await World()
    let device = try await world.boundDevice(.hardware)
    for _ in 0..<3 { try await world.authenticate(device) }
    #expect(try await world.registration(of: device).replayWindow == nil)
  }

  @Test("an inactive key that seems copied is replaced by a new registration (R14)")
  func inactive() async throws {
    let world = try await World()
    let device = try await world.boundDevice(.counting)
    world.clock.advance(months: 12)
    let decision = try await decide(world, device, counter: 1, vault: nil)
    #expect(decision.row == .d3)
    #expect(try decision.plan.action == .place)
    #expect(try decision.plan.retires == device.deviceID)
  }

  @Test("an unbound key that seems copied is replaced and bound")
  func unbound() async throws {
    let world = try await World()
    let device = try TestDevice(.counting)
    try await world.place(device)
    let decision = try await decide(world, device, counter: 1, vault: nil)
    #expect(try decision.plan.action == .rekey(device.deviceID))
    let after = try await world.complete(decision, offering: try device.replacement(.counting))
    #expect(after.binding?.phoneNumber == .lorant)
    #expect(try await world.kinds(of: device).suffix(2) == [.rekeyed, .bound])
    #expect(try await world.registry.verify().problems == [])
  }

  @Test("a bad signature is an error, and changes and spends nothing")
  func signature() async throws {
    let world = try await World()
    for kind in TestDevice.Kind.allCases {
      let device = try await world.boundDevice(kind)
      let before = try await world.store.statistics()
      let challenge = world.registry.issueChallenge()
      let good = try device.assertion(for: challenge)
      var bytes = good.signature
      bytes[10] ^= 1
      let forgeries = [
        try KeyAssertion(
          deviceID: good.deviceID, counter: good.counter, vaultState: good.vaultState,
          signature: bytes),
        try KeyAssertion(
          deviceID: good.deviceID, counter: (good.counter ?? 0) + 1, vaultState: good.vaultState,
          signature: good.signature),
        try device.replacement(kind).assertion(for: challenge),
        try device.assertion(for: world.registry.issueChallenge()),
      ]
      for forged in forgeries {
        await #expect(throws: RegistryError.signatureInvalid) {
          try await world.registry.decide(.mobile(), presenting: forged, for: challenge)
        }
      }
      #expect(try await world.store.statistics() == before)
      let decision = try await world.registry.decide(.mobile(), presenting: good, for: challenge)
      #expect(decision.row == .d10)
    }
  }
}
