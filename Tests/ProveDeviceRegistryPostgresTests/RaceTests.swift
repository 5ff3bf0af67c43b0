import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyTesting
import StoreTestSupport
import Testing

@testable import ProveDeviceRegistryPostgres

/// Q8 and Q11 on PostgreSQL: histories as on every engine, and threads that exclude each other.
@Suite("A registry in PostgreSQL")
struct RaceTests {
  private static let rounds = TestLength.isLong ? 200 : 10

  @Test("lives through the same random histories as the other engines and the model")
  func histories() async throws {
    let postgres = StoreFactory("PostgreSQL") {
      let fixture = try await StoreFixture()
      try await fixture.store.close()
      return .init { try await fixture.another() }
    }
    for seed in 0..<(TestLength.isLong ? 300 : 12) as Range<UInt64> {
      let history = History(seed: seed, count: 40)
      guard let difference = try await history.shrunk(on: [.memory, postgres]) else { continue }
      Issue.record("\(difference)")
      return
    }
  }

  /// Runs all at once; what those threw that failed.
  private func race(
    _ moves: [@Sendable () async throws -> Void]
  ) async throws -> [RegistryError] {
    try await withThrowingTaskGroup(of: RegistryError?.self) { group in
      for move in moves {
        group.addTask {
          do {
            try await move()
            return nil
          } catch let error as RegistryError { return error }
        }
      }
      return try await group.reduce(into: []) { if let error = $1 { $0.append(error) } }
    }
  }

  private static func complete(
    _ decision: RegistryDecision, _ number: String, _ fixture: RegistryFixture
  ) async throws {
    _ = try await fixture.registry.complete(
      try #require(decision.ticket), possession: .passed(PhoneNumber(number)))
  }

  @Test("a ticket, and an assertion, is good once, however often it comes at once")
  func once() async throws {
    let fixture = try await RegistryFixture()
    for _ in 0..<Self.rounds {
      let device = try await fixture.bound()
      let decision = try await fixture.decide(device, rebindTo: "2001004016")
      let tickets = try await race(
        (0..<6).map { _ in { try await Self.complete(decision, "2001004016", fixture) } })
      #expect(tickets.count == 5 && tickets.allSatisfy { $0 == .ticketSpent }, "\(tickets)")

      let challenge = fixture.registry.issueChallenge()
      let assertion = try device.assertion(for: challenge)
      let assertions = try await race(
        (0..<6).map { _ in
          {
            let decision = try await fixture.registry.decide(
              KeyRequest(channel: .mobile), presenting: assertion, for: challenge)
            _ = try await fixture.registry.complete(decision)
          }
        })
      #expect(assertions.count == 5 && assertions.allSatisfy { $0 == .challengeSpent })
    }
    #expect(try await fixture.registry.verify().problems == [])
    try await fixture.base.store.close()
  }

  @Test("of two rebinds planned on one state one takes effect, and a revocation beats everything")
  func rebinds() async throws {
    let fixture = try await RegistryFixture()
    for _ in 0..<Self.rounds {
      let device = try await fixture.bound()
      let plans = try await [
        (fixture.decide(device, rebindTo: "2001004016"), "2001004016"),
        (fixture.decide(device, rebindTo: "2001004017"), "2001004017"),
      ]
      let lost = try await race(
        plans.map { plan in { try await Self.complete(plan.0, plan.1, fixture) } })
      #expect(lost == [.planStale])

      let rebind = try await fixture.decide(device, rebindTo: "2001004018")
      let authenticate = try await fixture.decide(device)
      let moves: [@Sendable () async throws -> Void] = [
        { try await Self.complete(rebind, "2001004018", fixture) },
        { _ = try await fixture.registry.complete(authenticate) },
        { try await fixture.registry.revoke(device.deviceID) },
      ]
      let errors = try await race(moves.shuffled())
      let named: [RegistryError] = [.deviceRevoked, .planStale]
      #expect(errors.allSatisfy { named.contains($0) }, "\(errors)")
      #expect(try await fixture.registry.registration(device.deviceID)?.isRevoked == true)
    }
    #expect(try await fixture.registry.verify().problems == [])
    try await fixture.base.store.close()
  }
}
