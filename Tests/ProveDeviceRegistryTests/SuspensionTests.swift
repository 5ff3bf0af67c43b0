import ProveKeyModel
import ProveKeyTesting
import Testing

@testable import ProveDeviceRegistry

/// Rows D18 and D19, and what an operator may take back.
@Suite("Suspending, disconnecting and renaming", .onEveryEngine, .namingEngines)
struct SuspensionTests {
  @Test("D18: a suspended key is refused even with rebind, and works again once resumed")
  func suspended() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    let version = try await world.versionOf(device)
    try await world.registry.suspend(device.deviceID, reason: "lost phone")
    for request in [KeyRequest.mobile(), .mobile(rebind: true), .mobile(.inge)] {
      let decision = try await world.decide(request, with: device)
      #expect(decision.row == .d18)
      #expect(decision.outcome == .reject(.suspended))
      #expect(decision.ticket == nil)
    }
    #expect(try await world.registration(of: device).binding?.phoneNumber == .lorant)
    let resumed = try await world.registry.resume(device.deviceID)
    #expect(resumed.version == version + 2)
    #expect(try await world.authenticate(device).lastAuthenticatedAt == world.clock.now)
    #expect(
      try await world.kinds(of: device)
        == [.placed, .bound, .suspended, .rejected, .rejected, .rejected, .resumed])
  }

  @Test("a revoked key is revoked first of all, and neither suspended nor resumed (D2, R9)")
  func revokedFirst() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    try await world.registry.suspend(device.deviceID)
    try await world.registry.revoke(device.deviceID)
    #expect(try await world.decide(with: device).row == .d2)
    await #expect(throws: RegistryError.deviceRevoked) {
      try await world.registry.resume(device.deviceID)
    }
    await #expect(throws: RegistryError.deviceRevoked) {
      try await world.registry.suspend(device.deviceID)
    }
  }

  @Test("suspending twice, or resuming what is not suspended, changes nothing and is no event")
  func twice() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    try await world.registry.resume(device.deviceID)
    let once = try await world.registry.suspend(device.deviceID)
    world.clock.advance(seconds: 5)
    #expect(try await world.registry.suspend(device.deviceID) == once)
    #expect(try await world.kinds(of: device) == [.placed, .bound, .suspended])
  }

  @Test("between decision and completion a suspension wins, even where nothing would be written")
  func suspendedMeanwhile() async throws {
    let world = try await World(
      try RegistryPolicy(keyPersistence: true, lastAuthenticatedGranularitySeconds: 3600))
    let device = try await world.boundDevice(.hardware, visitor: "visitor-1")
    let authentication = try await world.decide(with: device)
    let recovery = try await world.registry.decide(.browser(stored: device.deviceID))
    let rebind = try await world.decide(.mobile(rebind: true), with: device)
    try await world.registry.suspend(device.deviceID)
    await #expect(throws: RegistryError.deviceSuspended) {
      try await world.complete(authentication)
    }
    let replacement = try device.replacement()
    await #expect(throws: RegistryError.planStale) {
      try await world.complete(recovery, offering: replacement)
    }
    await #expect(throws: RegistryError.planStale) { try await world.complete(rebind) }
    await #expect(throws: RegistryError.deviceSuspended) {
      try await world.registry.rebind(device.deviceID, to: .inge)
    }
    await #expect(throws: RegistryError.deviceSuspended) {
      try await world.registry.bind(device.deviceID, to: .inge)
    }
    await #expect(throws: RegistryError.deviceSuspended) {
      try await world.registry.recordAuthentication(of: device.deviceID)
    }
  }

  @Test("D13, D15: a suspended registration is never recovered")
  func notRecovered() async throws {
    let world = try await World(.persistent)
    let device = try await world.boundDevice(visitor: "visitor-1")
    try await world.registry.suspend(device.deviceID)
    let stored = try await world.registry.decide(.browser(stored: device.deviceID))
    #expect(stored.row == .d13)
    #expect(stored.reason == .storedDeviceSuspended)
    #expect(try await world.registry.decide(.browser()).row == .d15)
    let visitor = Visitor.named().id
    #expect(try await world.registry.candidates(of: visitor).isEmpty)
    #expect(
      try await world.registry.registrations(of: .suspended).registrations.map(\.deviceID)
        == [device.deviceID])
    #expect(try await world.registry.registrations(of: .state(.bound)).registrations.isEmpty)
    try await world.registry.resume(device.deviceID)
    #expect(try await world.registry.decide(.browser()).row == .d16)
    #expect(try await world.registry.verify().problems == [])
  }

  @Test("D19: a key whose number is out of service needs a rebind, to any number")
  func disconnected() async throws {
    let world = try await World(.persistent)
    let first = try await world.boundDevice(visitor: "visitor-1")
    let second = try await world.boundDevice(visitor: "visitor-1")
    let other = try await world.boundDevice(to: .inge)
    let gone = try await world.boundDevice()
    try await world.registry.unbind(gone.deviceID)
    #expect(try await world.registry.markDisconnected(.lorant) == 2)
    #expect(try await world.registry.markDisconnected(.lorant) == 0, "they are marked already")
    #expect(try await world.registry.verify().problems == [])
    #expect(try await world.registry.registrations(of: .state(.bound)).registrations.count == 3)

    for request in [KeyRequest.mobile(), .mobile(.jesse)] {
      let decision = try await world.decide(request, with: first)
      #expect(decision.row == .d19)
      #expect(decision.reason == .numberDisconnected)
      #expect(try decision.plan.action == .rebind(first.deviceID))
    }
    let stored = try await world.registry.decide(.browser(stored: second.deviceID))
    #expect(stored.reason == .numberDisconnected)
    #expect(try stored.plan.action == .place, "a fingerprint rebinds nothing (D4)")
    #expect(try await world.registry.decide(.browser()).row == .d15)
    #expect(try await world.decide(.mobile(.inge), with: other).row == .d10)

    let decision = try await world.decide(.mobile(.jesse), with: first)
    let after = try await world.complete(decision, passed: .jesse)
    #expect(after.binding?.phoneNumber == .jesse)
    #expect(after.binding?.disconnectedAt == nil)
    #expect(try await world.decide(.mobile(.jesse), with: first).row == .d10)
    #expect(try await world.registry.verify().problems == [])
  }

  @Test("a device is renamed, and its name taken away, within the limits of a name (R15)")
  func renamed() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    try await world.registry.rename(device.deviceID, to: "Anna's phone")
    #expect(try await world.registration(of: device).device.name == "Anna's phone")
    await #expect(throws: RegistryError.model(.malformed(field: "deviceName"))) {
      try await world.registry.rename(device.deviceID, to: "a\u{7}b")
    }
    await #expect(throws: RegistryError.model(.malformed(field: "deviceName"))) {
      try await world.registry.rename(device.deviceID, to: String(repeating: "x", count: 256))
    }
    try await world.registry.rename(device.deviceID, to: nil)
    #expect(try await world.registration(of: device).device.name == nil)
    #expect(try await world.decide(with: device).row == .d10)
  }

  @Test("all devices of a person are unbound and stay, whatever the person is named by (R15)")
  func unbindAll() async throws {
    let world = try await World()
    let devices = try [TestDevice(), TestDevice(), TestDevice()]
    for (index, device) in devices.enumerated() {
      try await world.bind(
        device, to: index == 2 ? .inge : .lorant, proveID: index == 2 ? .inge : .lorant,
        customer: "customer-1", human: index == 0 ? "human-1" : "human-2")
    }
    let registry = world.registry
    #expect(try await registry.unbindAll(of: .phoneNumber(.jesse)) == 0)
    #expect(
      try await registry.unbindAll(
        of: .clientHumanID(try ClientHumanID(validating: "human-1")), reason: "asked for") == 1)
    #expect(try await world.registration(of: devices[0]).state.name == .unbound)
    #expect(try await registry.unbindAll(of: .phoneNumber(.lorant)) == 1)
    // Bound to another number now: what was bound to it once is not unbound from the other.
    try await registry.bind(devices[1].deviceID, to: .jesse)
    #expect(try await registry.unbindAll(of: .proveID(.lorant)) == 0)
    #expect(
      try await registry.unbindAll(
        of: .clientCustomerID(try ClientCustomerID(validating: "customer-1"))) == 2)
    #expect(try await registry.registrations(of: .state(.unbound)).registrations.count == 3)
    #expect(try await registry.events(of: devices[0].deviceID).last?.note == "asked for")
  }
}
