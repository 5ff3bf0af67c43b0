import ProveKeyModel
import ProveKeyTesting
import Testing

@testable import ProveDeviceRegistry

/// What an integrator or operator changes outside a flow.
@Suite("Operations", .onEveryEngine, .namingEngines)
struct OperationTests {
  @Test("revoking is permanent, and twice is fine (R9)")
  func revoke() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    #expect(try await world.registry.revoke(device.deviceID, reason: "lost") == .revoked)
    let revoked = try await world.registration(of: device)
    world.clock.advance(seconds: 60)
    #expect(try await world.registry.revoke(device.deviceID) == .alreadyRevoked)
    #expect(try await world.registration(of: device) == revoked)
    let id = device.deviceID
    let moves: [@Sendable () async throws -> Void] = [
      { try await world.registry.bind(id, to: .lorant) },
      { try await world.registry.rebind(id, to: .lorant) },
      { try await world.registry.unbind(id) },
      { try await world.registry.recordAuthentication(of: id) },
      {
        let challenge = world.registry.issueChallenge()
        try await world.registry.rekey(
          try device.replacement().offer(for: challenge), for: challenge)
      },
    ]
    for move in moves {
      await #expect(throws: RegistryError.deviceRevoked) { try await move() }
    }
    #expect(try await world.registration(of: device) == revoked)
    let last = try await world.registry.events(of: id).last
    #expect(last?.kind == .revoked)
    #expect(last?.note == "lost")
    #expect(last?.actor == "operator")
  }

  @Test("a deviceId that is not registered is unknown, and stays so")
  func unknown() async throws {
    let world = try await World()
    let id = try TestDevice().deviceID
    let moves: [@Sendable () async throws -> Void] = [
      { try await world.registry.bind(id, to: .lorant) },
      { try await world.registry.rebind(id, to: .lorant) },
      { try await world.registry.unbind(id) },
      { try await world.registry.revoke(id) },
      { try await world.registry.recordAuthentication(of: id) },
    ]
    for move in moves {
      await #expect(throws: RegistryError.unknownDevice) { try await move() }
    }
    #expect(try await world.registry.registration(id) == nil)
    #expect(try await world.registry.events(of: id).isEmpty)
  }

  @Test("binding, rebinding and unbinding follow the life of a key (R7, R15)")
  func life() async throws {
    let world = try await World()
    let device = try TestDevice()
    let id = device.deviceID
    try await world.place(device)
    await #expect(throws: RegistryError.notBound) {
      try await world.registry.rebind(id, to: .lorant)
    }
    await #expect(throws: RegistryError.notBound) { try await world.registry.unbind(id) }
    await #expect(throws: RegistryError.notBound) {
      try await world.registry.recordAuthentication(of: id)
    }
    try await world.registry.bind(id, to: .lorant, proveID: .lorant)
    await #expect(throws: RegistryError.model(.illegalMove(from: .bound, to: .bind))) {
      try await world.registry.bind(id, to: .inge)
    }
    let moved = try await world.registry.rebind(id, to: .inge)
    #expect(moved.binding?.phoneNumber == .inge)
    #expect(moved.binding?.proveID == nil, "a consumer does not follow to another number")
    let unbound = try await world.registry.unbind(id, reason: "sold", actor: "alice")
    #expect(unbound.state.name == .unbound)
    #expect(unbound.publicKey == device.publicKey)
    try await world.registry.bind(id, to: .lorant)
    #expect(
      try await world.kinds(of: device) == [.placed, .bound, .rebound, .unbound, .bound])
    #expect(try await world.decide(with: device).row == .d10)
  }

  @Test("a re-keyed registration answers to its new key alone, and keeps everything else")
  func rekey() async throws {
    let world = try await World()
    let device = try await world.boundDevice(proveID: .lorant)
    let before = try await world.registration(of: device)
    let new = try device.replacement(.hardware)
    let challenge = world.registry.issueChallenge()
    let wrongProof = try NewKey(
      deviceID: device.deviceID, publicKey: new.publicKey,
      proof: try device.assertion(for: challenge))
    await #expect(throws: RegistryError.signatureInvalid) {
      try await world.registry.rekey(wrongProof, for: challenge)
    }
    let after = try await world.registry.rekey(try new.offer(for: challenge), for: challenge)
    #expect(after.binding == before.binding)
    #expect(after.publicKey == new.publicKey)
    await #expect(throws: RegistryError.signatureInvalid) { try await world.decide(with: device) }
    #expect(try await world.decide(with: new).row == .d10)
  }

  @Test(
    "an inactive key is not revived by noting an authentication or rebinding (R14)",
    arguments: [false, true])
  func inactive(isSwept: Bool) async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    world.clock.advance(months: 12)
    if isSwept { _ = try await world.registry.sweep() }
    let before = try await world.registration(of: device)
    await #expect(throws: RegistryError.deviceInactive) {
      try await world.registry.recordAuthentication(of: device.deviceID)
    }
    await #expect(throws: RegistryError.deviceInactive) {
      try await world.registry.rebind(device.deviceID, to: .inge)
    }
    #expect(try await world.registration(of: device) == before)
    #expect(try await world.decide(with: device).row == .d7)
    #expect(try await world.registry.revoke(device.deviceID) == .revoked)
  }

  @Test("an authentication within the policy's granularity writes nothing")
  func granularity() async throws {
    let policy = try RegistryPolicy(lastAuthenticatedGranularitySeconds: 3600)
    let world = try await World(policy)
    let device = try await world.boundDevice(.hardware)
    let counts = try await world.store.statistics()
    let before = try await world.registration(of: device)
    for seconds in [0, 3599, -7200] as [Int64] {
      world.clock.now = UTCInstant.start.adding(seconds: seconds)
      try await world.registry.recordAuthentication(of: device.deviceID)
      #expect(try await world.store.statistics() == counts)
      #expect(try await world.registration(of: device) == before)
    }
    world.clock.now = .start
    try await world.authenticate(device)
    #expect(try await world.registration(of: device) == before, "the challenge alone is noted")
    #expect(try await world.store.statistics().items == counts.items + 1)
    world.clock.now = UTCInstant.start.adding(seconds: 3600)
    let after = try await world.registry.recordAuthentication(of: device.deviceID)
    #expect(after.lastAuthenticatedAt == world.clock.now)
    #expect(after.version == before.version + 1)
  }

  @Test("a key that counts is written even within the granularity, or a replay would pass")
  func granularityAndCounter() async throws {
    let world = try await World(try RegistryPolicy(lastAuthenticatedGranularitySeconds: 3600))
    let device = try await world.boundDevice(.counting)
    let before = try await world.registration(of: device)
    world.clock.advance(seconds: 60)
    let after = try await world.authenticate(device)
    #expect(after.lastAuthenticatedAt == before.lastAuthenticatedAt)
    #expect(after.replayWindow?.highest == 2)
  }

  @Test("what the integrator names is kept with the key, and what it leaves out stays (R10)")
  func association() async throws {
    let world = try await World()
    let device = try TestDevice()
    try await world.bind(device, customer: "customer-1", human: "human-1")
    var request = KeyRequest.mobile()
    request.clientHumanID = try ClientHumanID(validating: "human-2")
    request.visitor = .named("visitor-7")
    let after = try await world.authenticate(device, request)
    #expect(after.clientCustomerID?.rawValue == "customer-1")
    #expect(after.clientHumanID?.rawValue == "human-2")
    #expect(after.visitorID?.rawValue == "visitor-7")
  }

  @Test("a fingerprint below the policy's confidence is not kept with a key")
  func lowConfidence() async throws {
    let world = try await World(.persistent)
    let device = try await world.boundDevice(visitor: "visitor-1")
    var request = KeyRequest.mobile()
    request.visitor = .named("visitor-2", confidence: 0.5)
    let after = try await world.authenticate(device, request)
    #expect(after.visitorID?.rawValue == "visitor-1")
    let placing = try await world.registry.decide(request)
    let new = try TestDevice()
    let placed = try await world.complete(placing, offering: new)
    #expect(placed.visitorID == nil)
    #expect(placed.device.kind == .web, "it is a browser all the same")
  }

  @Test("notes for events are bounded")
  func notes() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    let long = String(repeating: "n", count: 256)
    await #expect(throws: RegistryError.model(.malformed(field: "actor"))) {
      try await world.registry.unbind(device.deviceID, actor: long)
    }
    await #expect(throws: RegistryError.model(.malformed(field: "reason"))) {
      try await world.registry.unbind(device.deviceID, reason: long)
    }
    await #expect(throws: RegistryError.model(.malformed(field: "actor"))) {
      try await world.registry.erase(.deviceID(device.deviceID), actor: long)
    }
    #expect(try await world.registry.verify().problems == [])
    let fits = String(repeating: "n", count: 255)
    try await world.registry.unbind(device.deviceID, reason: fits, actor: fits)
    #expect(try await world.registry.events(of: device.deviceID).last?.note == fits)
  }
}
