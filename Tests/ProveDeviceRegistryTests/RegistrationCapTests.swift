import ProveKeyModel
import ProveKeyTesting
import Testing

@testable import ProveDeviceRegistry

/// How registrations of one visitor and number pile up, or do not.
@Suite("The cap on registrations", .onEveryFile, .namingEngines)
struct RegistrationCapTests {
  private func policy(_ cap: RegistryPolicy.RegistrationCap) throws -> RegistryPolicy {
    try RegistryPolicy(keyPersistence: true, registrationCap: cap)
  }

  /// The devices of `devices` that are not revoked.
  private func live(_ world: World, _ devices: [TestDevice]) async throws -> [Int] {
    var live: [Int] = []
    for (index, device) in devices.enumerated()
    where try await world.registration(of: device).isRevoked == false { live.append(index) }
    return live
  }

  @Test("refuses the one too many, and changes nothing then")
  func refuse() async throws {
    let world = try await World(try policy(.refuse(above: 2)))
    for _ in 0..<2 { _ = try await world.boundDevice(visitor: "visitor-1") }
    let counts = try await world.store.statistics()
    let request = KeyRequest.browser(rebind: true)
    let decision = try await world.registry.decide(request)
    await #expect(throws: RegistryError.registrationCapReached) {
      try await world.complete(decision, offering: try TestDevice())
    }
    #expect(try await world.store.statistics() == counts)
    // Others are not counted.
    _ = try await world.boundDevice(visitor: "visitor-2")
    _ = try await world.boundDevice(to: .inge, visitor: "visitor-1")
    _ = try await world.boundDevice()
    let third = try TestDevice()
    try await world.place(third, visitor: "visitor-1")
    await #expect(throws: RegistryError.registrationCapReached) {
      try await world.registry.bind(third.deviceID, to: .lorant)
    }
  }

  @Test("does not count what is revoked, unbound or inactive, nor the key itself")
  func notCounted() async throws {
    let world = try await World(try policy(.refuse(above: 1)))
    let revoked = try await world.boundDevice(visitor: "visitor-1")
    try await world.registry.revoke(revoked.deviceID)
    let unbound = try await world.boundDevice(visitor: "visitor-1")
    try await world.registry.unbind(unbound.deviceID)
    let device = try await world.boundDevice(visitor: "visitor-1")
    try await world.registry.rebind(device.deviceID, to: .lorant)
    await #expect(throws: RegistryError.registrationCapReached) {
      try await world.registry.bind(unbound.deviceID, to: .lorant)
    }
    world.clock.advance(months: 12)
    _ = try await world.boundDevice(visitor: "visitor-1")
  }

  @Test("supersedes the least recently authenticated, to the second within a day")
  func supersede() async throws {
    let world = try await World(try policy(.supersedeOldest(above: 3)))
    var devices: [TestDevice] = []
    for _ in 0..<3 {
      devices.append(try await world.boundDevice(visitor: "visitor-1"))
      world.clock.advance(seconds: 1)
    }
    for (round, expected) in [[1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5, 6]].enumerated() {
      devices.append(try await world.boundDevice(visitor: "visitor-1"))
      world.clock.advance(seconds: 1)
      #expect(try await live(world, devices) == expected, "round \(round)")
    }
    let oldest = try await world.registration(of: devices[0])
    guard case .revoked(let revocation) = oldest.state else {
      Issue.record("the oldest is \(oldest)")
      return
    }
    #expect(revocation.cause == .superseded)
    #expect(try await world.registry.events(of: devices[0].deviceID).last?.reason == "superseded")
    #expect(try await world.registry.verify().problems == [])
  }

  @Test("introduced late keeps the most recent and supersedes all others")
  func lowered() async throws {
    let world = try await World(.persistent)
    var devices: [TestDevice] = []
    for _ in 0..<8 {
      devices.append(try await world.boundDevice(visitor: "visitor-1"))
      world.clock.advance(seconds: 40_000)
    }
    let capped = try await world.registry(try policy(.supersedeOldest(above: 3)))
    let new = try TestDevice()
    try await world.place(new, visitor: "visitor-1")
    try await capped.bind(new.deviceID, to: .lorant)
    devices.append(new)
    #expect(try await live(world, devices) == [6, 7, 8])
  }

  @Test("supersedes nothing on the word of a row that was tampered with")
  func tampered() async throws {
    let world = try await World(try policy(.supersedeOldest(above: 1)))
    let victim = try await world.boundDevice(to: .inge, visitor: "visitor-1")
    let owner = try await world.boundDevice(visitor: "visitor-1")
    let (hidden, shown) = (try await world.hex(victim), try await world.hex(owner))
    let number = "(SELECT phone FROM registration WHERE device = x'\(shown)')"
    try await world.tamper(
      "UPDATE registration SET phone = \(number) WHERE device = x'\(hidden)'")
    await #expect(throws: RegistryError.damaged(table: "registration")) {
      try await world.boundDevice(visitor: "visitor-1")
    }
    #expect(try await world.registration(of: owner).isRevoked == false)
    let untouched = try world.count(
      "SELECT count(*) FROM registration WHERE device = x'\(hidden)' AND state = 2")
    #expect(untouched == 1)
  }
}
