import ProveKeyModel
import ProveKeySealing
import ProveKeyTesting
import Testing

@testable import ProveDeviceRegistry

/// G7 for challenges, and their lifetime.
@Suite("A challenge", .onEveryEngine, .namingEngines)
struct ChallengeTests {
  @Test("is told from a forgery at any of its bytes")
  func forged() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    let challenge = world.registry.issueChallenge()
    #expect(challenge.bytes.count == 40)
    for index in challenge.bytes.indices {
      var bytes = challenge.bytes
      bytes[index] ^= 0x01
      let forged = Challenge(bytes: bytes)
      await #expect(throws: RegistryError.challengeUnknown, "byte \(index)") {
        try await world.registry.decide(
          .mobile(), presenting: try device.assertion(for: forged), for: forged)
      }
    }
    let foreign = try await World().registry.issueChallenge()
    let short = Challenge(bytes: Array(challenge.bytes.dropLast()))
    for forged in [foreign, short, Challenge(bytes: challenge.bytes + [0])] {
      await #expect(throws: RegistryError.challengeUnknown) {
        try await world.registry.decide(
          .mobile(), presenting: try device.assertion(for: forged), for: forged)
      }
    }
    await #expect(throws: RegistryError.challengeMissing) {
      try await world.registry.decide(
        .mobile(), presenting: try device.assertion(for: challenge))
    }
  }

  @Test("expires after 15 minutes to the millisecond, and may be a minute ahead")
  func lifetime() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    let made = world.clock.now
    let challenge = world.registry.issueChallenge()
    for late in [900_000, -60_001, 31_536_000_000] as [Int64] {
      world.clock.now = made.adding(milliseconds: late)
      await #expect(throws: RegistryError.challengeExpired, "\(late) ms") {
        try await world.registry.decide(
          .mobile(), presenting: try device.assertion(for: challenge), for: challenge)
      }
    }
    for late in [899_999, -60_000] as [Int64] {
      world.clock.now = made.adding(milliseconds: late)
      let decision = try await world.registry.decide(
        .mobile(), presenting: try device.assertion(for: challenge), for: challenge)
      #expect(decision.row == .d10)
    }
  }

  @Test("is spent by a completed authentication", arguments: TestDevice.Kind.allCases)
  func spentByAuthentication(kind: TestDevice.Kind) async throws {
    let world = try await World()
    let device = try await world.boundDevice(kind)
    let challenge = world.registry.issueChallenge()
    let assertion = try device.assertion(for: challenge)
    let first = try await world.registry.decide(.mobile(), presenting: assertion, for: challenge)
    let second = try await world.registry.decide(.mobile(), presenting: assertion, for: challenge)
    try await world.complete(first)
    await #expect(throws: RegistryError.challengeSpent) { try await world.complete(second) }
    await #expect(throws: RegistryError.challengeSpent) {
      try await world.registry.decide(.mobile(), presenting: assertion, for: challenge)
    }
  }

  @Test("is spent by a refusal and by a demand for possession")
  func spentByDecisions() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    for request in [KeyRequest.mobile(.inge), .mobile(rebind: true)] {
      let challenge = world.registry.issueChallenge()
      let assertion = try device.assertion(for: challenge)
      _ = try await world.registry.decide(request, presenting: assertion, for: challenge)
      await #expect(throws: RegistryError.challengeSpent) {
        try await world.registry.decide(.mobile(), presenting: assertion, for: challenge)
      }
    }
  }

  @Test("is spent by a new key's proof, also when another key wants to answer it")
  func spentByNewKey() async throws {
    let world = try await World()
    let challenge = world.registry.issueChallenge()
    let device = try TestDevice()
    try await world.registry.place(try device.offer(for: challenge), for: challenge, on: .mobile)
    let other = try TestDevice()
    await #expect(throws: RegistryError.challengeSpent) {
      try await world.registry.place(try other.offer(for: challenge), for: challenge, on: .mobile)
    }
    #expect(try await world.registry.registration(other.deviceID) == nil)
    let placing = try await world.registry.decide(.mobile())
    await #expect(throws: RegistryError.challengeSpent) {
      try await world.registry.complete(
        placing.needed, possession: .passed(.lorant), newKey: try other.offer(for: challenge),
        for: challenge)
    }
    await #expect(throws: RegistryError.challengeSpent) {
      try await world.registry.rekey(try device.replacement().offer(for: challenge), for: challenge)
    }
    try await world.complete(placing, offering: other)
  }

  @Test("once spent stays spent across sweeps and a clock put back")
  func sweep() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    let made = UTCInstant.start.adding(milliseconds: 86_400_000 - 1000)
    world.clock.now = made
    let challenge = world.registry.issueChallenge()
    let assertion = try device.assertion(for: challenge)
    try await world.complete(
      try await world.registry.decide(.mobile(), presenting: assertion, for: challenge))
    // The clock runs two days ahead, a sweep follows it, then it is put right.
    world.clock.now = made.adding(milliseconds: 2 * 86_400_000)
    _ = try await world.registry.sweep()
    world.clock.now = made.adding(milliseconds: 1000)
    await #expect(throws: RegistryError.challengeSpent) {
      try await world.registry.decide(.mobile(), presenting: assertion, for: challenge)
    }
    world.clock.now = made.adding(milliseconds: 4 * 86_400_000)
    let swept = try await world.registry.sweep()
    #expect(swept.itemsRemoved > 0)
    #expect(try await world.store.statistics().items == 1, "the scope's item stays for good")
  }
}
