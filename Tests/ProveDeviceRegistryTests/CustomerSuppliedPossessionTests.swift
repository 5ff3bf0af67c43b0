import ProveKeyModel
import ProveKeyTesting
import Testing

@testable import ProveDeviceRegistry

/// R3: the integrator proves possession itself; the key is placed first and bound later.
@Suite("Customer-supplied possession", .onEveryEngine, .namingEngines)
struct CustomerSuppliedPossessionTests {
  private let request = KeyRequest(
    channel: .none, phoneNumber: .lorant, visitor: .named())

  private func place(
    _ world: World, _ device: TestDevice, _ decision: RegistryDecision
  ) async throws -> (registration: KeyRegistration, ticket: KeyTicket) {
    let challenge = world.registry.issueChallenge()
    return try await world.registry.place(
      try decision.needed, newKey: try device.offer(for: challenge), for: challenge)
  }

  @Test("the key is placed unbound and bound by the second ticket")
  func placeThenBind() async throws {
    let world = try await World(.persistent)
    let device = try TestDevice()
    let decision = try await world.registry.decide(request)
    #expect(decision.row == .d15)
    let (registration, ticket) = try await place(world, device, decision)
    #expect(registration.state == .placed)
    #expect(registration.visitorID == Visitor.named().id)
    #expect(try await world.registration(of: device) == registration)
    await #expect(throws: RegistryError.phoneNumberMismatch) {
      try await world.registry.complete(ticket, possession: .passed(.inge))
    }
    let bound = try await world.registry.complete(ticket, possession: .passed(.lorant))
    #expect(bound?.binding?.phoneNumber == .lorant)
    #expect(try await world.kinds(of: device) == [.placed, .bound])
    #expect(try await world.decide(request, with: device).row == .d10)
    #expect(try await world.registry.decide(request).row == .d16)
  }

  @Test("each of the two tickets works once, and a failed check leaves the key unbound")
  func once() async throws {
    let world = try await World()
    let device = try TestDevice()
    let decision = try await world.registry.decide(request)
    let (_, ticket) = try await place(world, device, decision)
    await #expect(throws: RegistryError.ticketSpent) {
      try await place(world, try TestDevice(), decision)
    }
    await #expect(throws: RegistryError.possessionFailed) {
      try await world.registry.complete(ticket, possession: .failed)
    }
    await #expect(throws: RegistryError.ticketSpent) {
      try await world.registry.complete(ticket, possession: .passed(.lorant))
    }
    #expect(try await world.registration(of: device).state == .placed)
    #expect(try await world.decide(with: device).row == .d6)
  }

  @Test("only a plan that places a key can be placed")
  func otherPlans() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    let desktop = try await world.registry.decide(KeyRequest(channel: .desktop))
    for decision in [try await world.decide(with: device), desktop] {
      await #expect(throws: RegistryError.nothingToComplete) {
        try await place(world, try TestDevice(), decision)
      }
    }
  }

  @Test("the successor of an inactive key retires it when it is bound")
  func retires() async throws {
    let world = try await World()
    let old = try await world.boundDevice()
    world.clock.advance(months: 12)
    let decision = try await world.decide(request, with: old)
    #expect(decision.row == .d7)
    let (_, ticket) = try await place(world, try TestDevice(), decision)
    #expect(try await world.registration(of: old).isRevoked == false)
    _ = try await world.registry.complete(ticket, possession: .passed(.lorant))
    #expect(try await world.registration(of: old).isRevoked)
  }
}
