import ProveKeyModel
import Testing

@testable import ProveDeviceRegistry

/// Q11: of what excludes each other exactly one takes effect, and the others are told why not.
@Suite("Races", .onEveryEngine, .namingEngines)
struct RaceTests {
  /// Runs all bodies at once; how many succeeded, and what the others threw.
  private func race<Input: Sendable>(
    _ inputs: [Input], _ body: @escaping @Sendable (Input) async throws -> Void
  ) async throws -> (wins: Int, errors: [RegistryError]) {
    try await withThrowingTaskGroup(of: RegistryError?.self) { group in
      for input in inputs {
        group.addTask {
          do {
            try await body(input)
            return nil
          } catch let error as RegistryError { return error }
        }
      }
      let results = try await group.reduce(into: [RegistryError?]()) { $0.append($1) }
      return (results.count { $0 == nil }, results.compactMap { $0 })
    }
  }

  @Test("a challenge answered twice at once is accepted once", arguments: TestDevice.Kind.allCases)
  func challenge(kind: TestDevice.Kind) async throws {
    let world = try await World()
    for _ in 0..<10 {
      let device = try await world.boundDevice(kind)
      let challenge = world.registry.issueChallenge()
      let assertion = try device.assertion(for: challenge)
      let (wins, errors) = try await race(Array(0..<4)) { _ in
        let decision = try await world.registry.decide(
          .mobile(), presenting: assertion, for: challenge)
        try await world.complete(decision)
      }
      #expect(wins == 1)
      #expect(errors.allSatisfy { $0 == .challengeSpent }, "\(errors)")
    }
  }

  @Test("a demand for possession is made once for one challenge")
  func demand() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    let challenge = world.registry.issueChallenge()
    let assertion = try device.assertion(for: challenge)
    let (wins, errors) = try await race(Array(0..<8)) { _ in
      _ = try await world.registry.decide(
        .mobile(rebind: true), presenting: assertion, for: challenge)
    }
    #expect(wins == 1)
    #expect(errors.allSatisfy { $0 == .challengeSpent }, "\(errors)")
    #expect(try await world.kinds(of: device).count { $0 == .possessionRequired } == 1)
  }

  @Test("a ticket completed twice at once takes effect once", arguments: TestDevice.Kind.allCases)
  func ticket(kind: TestDevice.Kind) async throws {
    let world = try await World()
    let device = try await world.boundDevice(kind)
    for request in [KeyRequest.mobile(), .mobile(rebind: true)] {
      let decision = try await world.decide(request, with: device)
      let (wins, errors) = try await race(Array(0..<8)) { _ in
        try await world.complete(decision)
      }
      #expect(wins == 1)
      #expect(errors.allSatisfy { $0 == .ticketSpent }, "\(errors)")
    }
    let placing = try await world.registry.decide(.mobile())
    let (wins, errors) = try await race(Array(0..<8)) { _ in
      try await world.complete(placing, offering: try TestDevice(kind))
    }
    #expect(wins == 1)
    #expect(errors.allSatisfy { $0 == .ticketSpent }, "\(errors)")
  }

  @Test("of two rebinds planned on one state exactly one takes effect")
  func rebinds() async throws {
    let world = try await World()
    for _ in 0..<10 {
      let device = try await world.boundDevice()
      let first = try await world.decide(.mobile(.inge, rebind: true), with: device)
      let second = try await world.decide(.mobile(.jesse, rebind: true), with: device)
      let (wins, errors) = try await race([(first, .inge), (second, .jesse)]) {
        (plan: (RegistryDecision, PhoneNumber)) in
        try await world.complete(plan.0, passed: plan.1)
      }
      #expect(wins == 1)
      #expect(errors == [.planStale])
    }
  }

  @Test("a revocation wins against rebinds, authentications and recoveries")
  func revocation() async throws {
    let world = try await World(.persistent)
    for round in 0..<20 {
      let device = try await world.boundDevice(visitor: "visitor-\(round)")
      let rebind = try await world.decide(.mobile(.inge, rebind: true), with: device)
      let authenticate = try await world.decide(with: device)
      let recover = try await world.registry.decide(
        .browser(visitor: .named("visitor-\(round)")))
      let moves: [@Sendable () async throws -> Void] = [
        { try await world.complete(rebind, passed: .inge) },
        { try await world.complete(authenticate) },
        { try await world.complete(recover, offering: try device.replacement()) },
        { try await world.registry.revoke(device.deviceID) },
      ]
      let (_, errors) = try await race(moves.shuffled()) { try await $0() }
      let named: [RegistryError] = [.deviceRevoked, .planStale]
      #expect(errors.allSatisfy { named.contains($0) }, "\(errors)")
      #expect(try await world.registration(of: device).isRevoked)
    }
    #expect(try await world.registry.verify().problems == [])
  }

  @Test(
    "32 authentications of one key at once all succeed, each counter noted once",
    arguments: [EventDetailName.changes, .everyDecision])
  func authentications(detail: EventDetailName) async throws {
    let world = try await World(
      try RegistryPolicy(eventDetail: detail == .changes ? .changes : .everyDecision))
    let device = try await world.boundDevice()
    let before = try await world.versionOf(device)
    let (wins, errors) = try await race(Array(0..<32)) { _ in
      try await world.authenticate(device)
    }
    #expect(errors.isEmpty, "\(errors)")
    #expect(wins == 32)
    let after = try await world.registration(of: device)
    let window = try #require(after.replayWindow)
    #expect(window.highest == 33)
    #expect(window.used == (1 << 32) - 1, "placing took counter 1")
    #expect(after.version > before)
    let events = try await world.kinds(of: device).count { $0 == .authenticated }
    #expect(events == (detail == .changes ? 0 : 32))
    #expect(try await world.registry.verify().problems == [])
  }

  enum EventDetailName { case changes, everyDecision }

  @Test("200 changes of one registration at once all take effect or say why not")
  func contention() async throws {
    let world = try await World()
    let device = try await world.boundDevice(.hardware)
    let (wins, errors) = try await race(Array(0..<200)) { _ in
      try await world.registry.recordAuthentication(of: device.deviceID)
    }
    #expect(wins == 200, "\(errors)")
  }

  @Test("of two who place the same deviceId at once exactly one does")
  func placing() async throws {
    let world = try await World()
    let device = try TestDevice()
    let (wins, errors) = try await race(Array(0..<8)) { _ in
      try await world.place(try device.replacement())
    }
    #expect(wins == 1)
    #expect(errors.allSatisfy { $0 == .deviceIDTaken }, "\(errors)")
  }
}
