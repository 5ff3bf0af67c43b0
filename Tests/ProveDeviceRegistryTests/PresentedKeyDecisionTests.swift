import ProveKeyModel
import ProveKeyTesting
import Testing

@testable import ProveDeviceRegistry

/// Rows D1 to D10, from the decision to what it changes in the registry.
@Suite("Decisions on a presented key", .onEveryFile, .namingEngines)
struct PresentedKeyDecisionTests {
  @Test("D1: a desktop proves possession and gets no key (R8)")
  func desktop() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    let challenge = world.registry.issueChallenge()
    let decision = try await world.registry.decide(
      KeyRequest(channel: .desktop, phoneNumber: .lorant),
      presenting: try device.assertion(for: challenge), for: challenge)
    #expect(decision.row == .d1)
    #expect(decision.reason == .desktopChannel)
    #expect(try decision.plan.action == .none)
    let version = try await world.versionOf(device)
    let ticket = try decision.needed
    let done = try await world.registry.complete(ticket, possession: .passed(.lorant))
    #expect(done == nil)
    #expect(try await world.versionOf(device) == version)
    #expect(try await world.store.statistics().registrations == [.bound: 1])
    // The key was not looked at, so its challenge is still good.
    let next = try await world.registry.decide(
      .mobile(), presenting: try device.assertion(for: challenge), for: challenge)
    #expect(next.row == .d10)
  }

  @Test("D2: a revoked key is refused, whatever else is asked (R9)")
  func revoked() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    try await world.registry.revoke(device.deviceID)
    for request in [KeyRequest.mobile(), .mobile(.inge), .mobile(rebind: true), .mobile(nil)] {
      let decision = try await world.decide(request, with: device)
      #expect(decision.row == .d2)
      #expect(decision.outcome == .reject(.revoked))
      #expect(decision.ticket == nil)
      await #expect(throws: RegistryError.nothingToComplete) {
        try await world.registry.complete(decision)
      }
    }
    let last = try await world.registry.events(of: device.deviceID).last
    #expect(last?.kind == .rejected)
    #expect(last?.reason == "revoked")
    #expect(last?.row == .d2)
  }

  @Test("D4: a forced check rebinds a bound key under the same deviceId (R7)")
  func rebind() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    let decision = try await world.decide(.mobile(.inge, rebind: true), with: device)
    #expect(decision.row == .d4)
    #expect(try decision.plan.action == .rebind(device.deviceID))
    let after = try await world.complete(decision, passed: .inge, proveID: .inge)
    #expect(after.deviceID == device.deviceID)
    #expect(after.publicKey == device.publicKey)
    #expect(after.binding?.phoneNumber == .inge)
    #expect(after.binding?.proveID == .inge)
    #expect(try await world.kinds(of: device).suffix(2) == [.possessionRequired, .rebound])
    #expect(try await world.decide(.mobile(.inge), with: device).row == .d10)
    #expect(try await world.decide(.mobile(.lorant), with: device).row == .d8)
  }

  @Test("D4: a rebind whose check fails leaves the old binding (R7)")
  func rebindFails() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    let before = try await world.registration(of: device)
    let decision = try await world.decide(.mobile(.inge, rebind: true), with: device)
    let ticket = try decision.needed
    await #expect(throws: RegistryError.possessionFailed) {
      try await world.registry.complete(ticket, possession: .failed)
    }
    #expect(try await world.registration(of: device) == before)
    #expect(try await world.kinds(of: device).last == .possessionFailed)
    await #expect(throws: RegistryError.ticketSpent, "a failed check uses the ticket up") {
      try await world.registry.complete(ticket, possession: .passed(.inge))
    }
    #expect(try await world.decide(with: device).row == .d10)
  }

  @Test("D4: a forced check binds a key that is not bound, and places one where there is none")
  func rebindOthers() async throws {
    let world = try await World()
    let placed = try TestDevice()
    try await world.place(placed)
    let bind = try await world.decide(.mobile(rebind: true), with: placed)
    #expect(try bind.plan.action == .bind(placed.deviceID))
    #expect(try await world.complete(bind).binding?.phoneNumber == .lorant)

    let fresh = try TestDevice()
    for presented in [fresh, nil] {
      let challenge = world.registry.issueChallenge()
      let place = try await world.registry.decide(
        .mobile(rebind: true), presenting: try presented?.assertion(for: challenge),
        for: challenge)
      #expect(place.row == .d4)
      #expect(try place.plan.action == .place)
    }
  }

  @Test("D5: a key that is unknown here is placed anew")
  func unknown() async throws {
    let world = try await World()
    let device = try TestDevice()
    let decision = try await world.decide(with: device)
    #expect(decision.row == .d5)
    #expect(decision.reason == .unknownKey)
    let placed = try await world.complete(decision, proveID: .lorant, offering: device)
    #expect(placed.deviceID == device.deviceID)
    #expect(placed.binding?.proveID == .lorant)
    #expect(placed.lastAuthenticatedAt == world.clock.now, "a passed check authenticates (R2)")
    #expect(try await world.kinds(of: device) == [.placed, .bound])
    #expect(try await world.decide(with: device).row == .d10)
  }

  @Test("D6: a placed or unbound key is bound by a passed check", arguments: [false, true])
  func notBound(wasBound: Bool) async throws {
    let world = try await World()
    let device = try TestDevice()
    if wasBound {
      try await world.bind(device, to: .inge)
      try await world.registry.unbind(device.deviceID)
    } else {
      try await world.place(device)
    }
    let decision = try await world.decide(with: device)
    #expect(decision.row == .d6)
    #expect(try decision.plan.action == .bind(device.deviceID))
    let after = try await world.complete(decision)
    #expect(after.binding?.phoneNumber == .lorant)
    #expect(try await world.decide(with: device).row == .d10)
  }

  @Test("D7: twelve months without a completed authentication deactivate, to the millisecond (R5)")
  func inactive() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    let end = UTCInstant.start.adding(months: 12)
    world.clock.now = end.adding(milliseconds: -1)
    // A decision that is not completed starts nothing anew, nor does a failed check.
    #expect(try await world.decide(with: device).row == .d10)
    let failed = try await world.decide(.mobile(rebind: true), with: device).needed
    await #expect(throws: RegistryError.possessionFailed) {
      try await world.registry.complete(failed, possession: .failed)
    }
    world.clock.now = end
    let decision = try await world.decide(with: device)
    #expect(decision.row == .d7)
    #expect(decision.reason == .keyInactive)
    #expect(try decision.plan.action == .place)
    #expect(try decision.plan.retires == device.deviceID)
  }

  @Test("D7: the inactive registration is tombstoned when its successor is bound, not before")
  func successor() async throws {
    let world = try await World()
    let old = try await world.boundDevice()
    world.clock.advance(months: 13)
    let decision = try await world.decide(with: old)
    #expect(try await world.registration(of: old).isRevoked == false)
    let new = try TestDevice()
    let successor = try await world.complete(decision, offering: new)
    #expect(successor.deviceID == new.deviceID)
    let tombstone = try await world.registration(of: old)
    guard case .revoked(let revocation) = tombstone.state else {
      Issue.record("the old registration is \(tombstone)")
      return
    }
    #expect(revocation.cause == .deactivated)
    #expect(revocation.former?.phoneNumber == .lorant)
    #expect(try await world.kinds(of: old).last == .revoked)
    #expect(try await world.decide(with: old).row == .d2)
    #expect(try await world.decide(with: new).row == .d10)
  }

  @Test("D8: another number or consumer is refused and nothing changes (R6)")
  func mismatch() async throws {
    let world = try await World()
    let device = try await world.boundDevice(proveID: .lorant)
    let before = try await world.registration(of: device)
    let number = try await world.decide(.mobile(.inge), with: device)
    #expect(number.row == .d8)
    #expect(number.outcome == .reject(.phoneMismatch))
    let person = try await world.decide(.mobile(.lorant, proveID: .inge), with: device)
    #expect(person.outcome == .reject(.identityMismatch))
    #expect(try await world.registration(of: device) == before)
    let events = try await world.registry.events(of: device.deviceID).suffix(2)
    #expect(events.map(\.reason) == ["phoneMismatch", "identityMismatch"])
    #expect(try await world.decide(.mobile(nil, proveID: .lorant), with: device).row == .d10)
  }

  @Test("D9: a binding that is too old is renewed for the same number only")
  func bindingTooOld() async throws {
    let world = try await World(try RegistryPolicy(maximumBindingAge: .seconds(3600)))
    let device = try await world.boundDevice(proveID: .lorant)
    world.clock.advance(seconds: 3600)
    #expect(try await world.decide(with: device).row == .d10)
    world.clock.advance(seconds: 1)
    let decision = try await world.decide(.mobile(nil), with: device)
    #expect(decision.row == .d9)
    #expect(try decision.plan.action == .rebind(device.deviceID))
    await #expect(throws: RegistryError.phoneNumberMismatch) {
      try await world.complete(decision, passed: .inge)
    }
    let renewed = try await world.complete(decision, passed: .lorant)
    #expect(renewed.binding?.boundAt == world.clock.now)
    #expect(renewed.binding?.proveID == .lorant, "the consumer known for the number stays (R10)")
    #expect(try await world.decide(with: device).row == .d10)
  }

  @Test("D10: each completed authentication starts the twelve months anew, across a reopening")
  func months() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    for _ in 0..<3 {
      world.clock.advance(months: 11)
      try await world.authenticate(device)
    }
    try await world.registry.close()
    let store = try SQLiteRegistryStore(at: world.path, unlock: world.unlock)
    let registry = try await DeviceRegistry(store: store, scope: .shop, clock: world.clock.wall)
    let last = try await registry.registration(device.deviceID)?.lastAuthenticatedAt
    #expect(last == UTCInstant.start.adding(months: 33))
    world.clock.now = UTCInstant.start.adding(months: 45)
    let challenge = registry.issueChallenge()
    let decision = try await registry.decide(
      .mobile(), presenting: try device.assertion(for: challenge), for: challenge)
    #expect(decision.row == .d7)
  }

  @Test("a clock that goes backwards takes nothing back")
  func clockBackwards() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    world.clock.advance(seconds: 7200)
    let late = try await world.authenticate(device)
    world.clock.advance(seconds: -3600)
    let after = try await world.authenticate(device)
    #expect(after.lastAuthenticatedAt == late.lastAuthenticatedAt)
    #expect(after.version > late.version)
    #expect(try await world.registry.verify().problems == [])
  }
}
