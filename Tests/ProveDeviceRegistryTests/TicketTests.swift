import ProveKeyModel
import ProveKeySealing
import ProveKeyTesting
import Testing

@testable import ProveDeviceRegistry

/// G7 for tickets, and their lifetime.
@Suite("A ticket", .onEveryEngine, .namingEngines)
struct TicketTests {
  @Test("works once, whatever it is for")
  func once() async throws {
    let world = try await World(.persistent)
    for kind in TestDevice.Kind.allCases {
      let device = try await world.boundDevice(kind, visitor: "visitor-1")
      let authenticate = try await world.decide(with: device)
      try await world.complete(authenticate)
      await #expect(throws: RegistryError.ticketSpent, "authenticate, \(kind)") {
        try await world.complete(authenticate)
      }
      let rebind = try await world.decide(.mobile(rebind: true), with: device)
      try await world.complete(rebind)
      await #expect(throws: RegistryError.ticketSpent, "rebind, \(kind)") {
        try await world.complete(rebind)
      }
      let recover = try await world.registry.decide(.browser(stored: device.deviceID))
      try await world.complete(recover, offering: try device.replacement())
      await #expect(throws: RegistryError.ticketSpent, "recover, \(kind)") {
        try await world.complete(recover, offering: try device.replacement())
      }
      let place = try await world.registry.decide(.mobile())
      try await world.complete(place, offering: try TestDevice(kind))
      await #expect(throws: RegistryError.ticketSpent, "place, \(kind)") {
        try await world.complete(place, offering: try TestDevice(kind))
      }
    }
    let desktop = try await world.registry.decide(KeyRequest(channel: .desktop)).needed
    _ = try await world.registry.complete(desktop, possession: .passed(.lorant))
    await #expect(throws: RegistryError.ticketSpent) {
      _ = try await world.registry.complete(desktop, possession: .passed(.lorant))
    }
  }

  @Test("is told from a forgery at any of its characters")
  func forged() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    let ticket = try await world.decide(with: device).needed
    let characters = Array(ticket.text.utf8)
    for index in characters.indices {
      var forged = characters
      forged[index] = forged[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
      let text = String(decoding: forged, as: UTF8.self)
      await #expect(throws: RegistryError.ticketUnknown, "character \(index)") {
        try await world.registry.complete(KeyTicket(text: text))
      }
    }
    let others = ["", "A", "no ticket", ticket.text + "A", String(ticket.text.dropLast())]
    for text in others + [String(repeating: "A", count: 9000)] {
      await #expect(throws: RegistryError.ticketUnknown) {
        try await world.registry.complete(KeyTicket(text: text))
      }
    }
    #expect(try await world.registry.complete(ticket) != nil)
  }

  @Test("of another registry is none of this one's")
  func foreign() async throws {
    let (world, other) = (try await World(), try await World())
    let device = try await world.boundDevice()
    try await other.bind(device)
    let ticket = try await other.decide(with: device).needed
    await #expect(throws: RegistryError.ticketUnknown) {
      try await world.registry.complete(ticket)
    }
  }

  @Test("expires after 15 minutes to the millisecond, and may be a minute ahead")
  func lifetime() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    let made = world.clock.now
    let ticket = try await world.decide(with: device).needed
    for late in [900_000, 900_001, -60_001, 86_400_000] as [Int64] {
      world.clock.now = made.adding(milliseconds: late)
      await #expect(throws: RegistryError.ticketExpired, "\(late) ms") {
        try await world.registry.complete(ticket)
      }
    }
    world.clock.now = made.adding(milliseconds: 899_999)
    #expect(try await world.registry.complete(ticket) != nil)
    world.clock.now = made
    let ahead = try await world.decide(with: device).needed
    world.clock.now = made.adding(milliseconds: -60_000)
    #expect(try await world.registry.complete(ahead) != nil)
  }

  @Test("stays spent until it has expired, sweeps notwithstanding")
  func sweep() async throws {
    let world = try await World()
    let decision = try await world.registry.decide(.mobile())
    try await world.complete(decision, offering: try TestDevice())
    for seconds in [0, 450, 449] as [Int64] {
      world.clock.advance(seconds: seconds)
      _ = try await world.registry.sweep()
      await #expect(throws: RegistryError.ticketSpent) {
        try await world.complete(decision, offering: try TestDevice())
      }
    }
    world.clock.advance(seconds: 1)
    await #expect(throws: RegistryError.ticketExpired) {
      try await world.complete(decision, offering: try TestDevice())
    }
  }

  @Test("is stale once its registration was changed otherwise")
  func stale() async throws {
    let world = try await World()
    let registry = world.registry
    let changes: [(RegistryError, @Sendable (DeviceID) async throws -> Void)] = [
      (.planStale, { try await registry.unbind($0) }),
      (.planStale, { try await registry.rebind($0, to: .inge) }),
      (.deviceRevoked, { try await registry.revoke($0) }),
    ]
    for (error, change) in changes {
      let device = try await world.boundDevice()
      let authenticate = try await world.decide(with: device)
      let rebind = try await world.decide(.mobile(rebind: true), with: device)
      try await change(device.deviceID)
      let before = try await world.registration(of: device)
      await #expect(throws: error) { try await world.complete(authenticate) }
      await #expect(throws: error) { try await world.complete(rebind) }
      #expect(try await world.registration(of: device) == before)
    }
  }

  @Test("to authenticate stands while others authenticate, and ends with the twelve months")
  func standing() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    let first = try await world.decide(with: device)
    let second = try await world.decide(with: device)
    try await world.complete(second)
    try await world.complete(first)
    world.clock.now = UTCInstant.start.adding(months: 12).adding(milliseconds: -1)
    let last = try await world.decide(with: device)
    let rebind = try await world.decide(.mobile(rebind: true), with: device)
    world.clock.now = UTCInstant.start.adding(months: 12)
    await #expect(throws: RegistryError.planStale) { try await world.complete(last) }
    await #expect(throws: RegistryError.planStale) { try await world.complete(rebind) }
  }

  @Test("a refused completion leaves the ticket good")
  func refusedCompletion() async throws {
    let world = try await World()
    let decision = try await world.registry.decide(.mobile(.lorant, proveID: .lorant))
    let ticket = try decision.needed
    let device = try TestDevice()
    let counts = try await world.store.statistics()
    await #expect(throws: RegistryError.possessionMissing) {
      try await world.registry.complete(ticket)
    }
    await #expect(throws: RegistryError.phoneNumberMismatch) {
      try await world.complete(decision, passed: .inge, proveID: .lorant, offering: device)
    }
    for wrong in [nil, ProveID.inge] {
      await #expect(throws: RegistryError.identityMismatch) {
        try await world.complete(decision, proveID: wrong, offering: device)
      }
    }
    await #expect(throws: RegistryError.newKeyMissing) {
      try await world.complete(decision, proveID: .lorant)
    }
    let passed = Possession.passed(.lorant, proveID: .lorant)
    let challenge = world.registry.issueChallenge()
    await #expect(throws: RegistryError.challengeMissing) {
      try await world.registry.complete(
        ticket, possession: passed, newKey: try device.offer(for: challenge))
    }
    await #expect(throws: RegistryError.signatureInvalid) {
      try await world.registry.complete(
        ticket, possession: passed, newKey: try device.offer(for: challenge),
        for: world.registry.issueChallenge())
    }
    #expect(try await world.store.statistics() == counts)
    #expect(
      try await world.complete(decision, proveID: .lorant, offering: device).binding != nil)
  }

  @Test("for a recovery or a re-keying takes only a key of that deviceId")
  func otherDeviceID() async throws {
    let world = try await World(.persistent)
    let device = try await world.boundDevice(visitor: "visitor-1")
    let decision = try await world.registry.decide(.browser())
    await #expect(throws: RegistryError.newKeyMismatch) {
      try await world.complete(decision, offering: try TestDevice())
    }
    await #expect(throws: RegistryError.newKeyMissing) { try await world.complete(decision) }
    try await world.complete(decision, offering: try device.replacement())
  }

  @Test("to place refuses a deviceId that is in use, or ever was (R9)")
  func takenDeviceID() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    for _ in 0..<2 {
      let decision = try await world.registry.decide(.mobile())
      await #expect(throws: RegistryError.deviceIDTaken) {
        try await world.complete(decision, offering: try device.replacement())
      }
      await #expect(throws: RegistryError.deviceIDTaken) { try await world.place(device) }
      try await world.registry.revoke(device.deviceID)
    }
  }

  @Test("says nothing of itself in text")
  func description() async throws {
    let world = try await World()
    let ticket = try await world.registry.decide(.mobile()).needed
    #expect("\(ticket)" == "KeyTicket")
    #expect(String(reflecting: ticket) == "KeyTicket")
    var dumped = ""
    dump(ticket, to: &dumped)
    #expect(!dumped.contains(ticket.text))
  }
}
