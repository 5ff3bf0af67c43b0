import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyTesting
import StoreTestSupport
import Testing

@testable import ProveDeviceRegistryPostgres

/// What a call costs does not grow with the registry, beyond the depth of its indexes.
@Suite("PostgreSQL with a hundred times as many registrations", .serialized)
struct ScaleTests {
  private static let start = UTCInstant(millisecondsSinceEpoch: 1_741_564_800_000)
  private static let sizes = TestLength.isLong ? [1000, 100_000, 1_000_000] : [1000, 100_000]

  /// A registry in which a few are known and many are not.
  private final class World: Sendable {
    let fixture: StoreFixture
    let clock = ManualClock(ScaleTests.start)
    let devices: [SimulatedDevice]

    init(_ size: Int) async throws {
      fixture = try await StoreFixture()
      let registry = try await Self.registry(fixture.store, clock)
      let gone = ManualClock(clock.now)
      gone.advance(days: -400)
      let before = try await Self.registry(fixture.store, gone)
      for number in 0..<60 { try await Self.bound(before, "gone-\(number)") }
      var devices: [SimulatedDevice] = []
      for number in 0..<20 { devices.append(try await Self.bound(registry, "visitor-\(number)")) }
      for _ in 0..<30 { try await Self.bound(registry, "busy") }
      self.devices = devices
      try fixture.crowd(size, day: clock.now.daysSinceEpoch)
    }

    static func registry(
      _ store: PostgresRegistryStore, _ clock: ManualClock
    ) async throws -> DeviceRegistry {
      try await DeviceRegistry(
        store: store, scope: RegistryScope(tenant: "shop", buildConfig: .usUAT),
        policy: RegistryPolicy(keyPersistence: true), clock: clock.wall)
    }

    @discardableResult
    static func bound(_ registry: DeviceRegistry, _ visitor: String) async throws -> SimulatedDevice
    {
      let device = try SimulatedDevice()
      let challenge = registry.issueChallenge()
      try await registry.place(
        device.offer(for: challenge), for: challenge, on: .web,
        visitorID: VisitorID(validating: visitor))
      try await registry.bind(device.deviceID, to: PhoneNumber("2001004014"))
      return device
    }
  }

  /// Something that is measured, with how many keys or visitors it is about.
  private struct Call: Sendable {
    let name: String
    let times: Int
    let run: @Sendable (DeviceRegistry, World) async throws -> Void

    /// Prints what it took for one of them, for docs/scaling.md.
    func tell(_ cost: Counters, among size: Int) {
      func each(_ count: Int) -> Int { (count + times / 2) / times }
      let pages = "\(each(cost.tablePages)) pages of tables, \(each(cost.indexPages)) of indexes"
      print("PostgreSQL, \(name) among \(size): \(pages)")
    }
  }

  private static let calls = [
    Call(name: "resolve", times: 20) { registry, world in
      for device in world.devices {
        let found = try await registry.registration(device.deviceID)
        #expect(found?.binding != nil)
      }
    },
    Call(name: "choose among the candidates of visitors", times: 20) { registry, world in
      for (number, device) in world.devices.enumerated() {
        let decision = try await registry.decide(request("visitor-\(number)"))
        #expect(decision.outcome == .recover(device.deviceID))
      }
    },
    Call(name: "choose among the candidates of a busy visitor", times: 1) { registry, _ in
      let decision = try await registry.decide(request("busy"))
      #expect(decision.row == .d17)
    },
    Call(name: "authenticate", times: 20) { registry, world in
      for device in world.devices {
        let challenge = registry.issueChallenge()
        let decision = try await registry.decide(
          KeyRequest(channel: .mobile), presenting: device.assertion(for: challenge), for: challenge
        )
        let ticket = try #require(decision.ticket)
        let completed = try await registry.complete(ticket)
        #expect(completed?.lastAuthenticatedAt != nil)
      }
    },
    Call(name: "list a page of a number", times: 1) { registry, _ in
      let number = try PhoneNumber("2001004014")
      let page = try await registry.registrations(of: .phoneNumber(number), limit: 20)
      #expect(page.registrations.count == 20)
    },
    Call(name: "sweep a batch", times: 50) { registry, _ in
      let report = try await registry.sweep(limit: 50)
      #expect(report.deactivated == 50)
    },
  ]

  private static func request(_ visitor: String) throws -> KeyRequest {
    KeyRequest(
      channel: .mobile, phoneNumber: try PhoneNumber("2001004014"),
      visitor: try Visitor(id: try VisitorID(validating: visitor), confidence: 0.99))
  }

  @Test("each call reads the same rows, and goes through no more pages than the indexes are deeper")
  func bounded() async throws {
    var first: [String: Counters] = [:]
    var shallow = 1
    for size in Self.sizes {
      let world = try await World(size)
      try await world.fixture.store.close()
      let depth = try world.fixture.deepestIndex()
      if size == Self.sizes[0] { shallow = depth }
      for call in Self.calls {
        let cost = try await world.fixture.cost { store in
          try await call.run(try await World.registry(store, world.clock), world)
        }
        if TestLength.isLong { call.tell(cost, among: size) }
        guard size > Self.sizes[0] else {
          first[call.name] = cost
          continue
        }
        let few = try #require(first[call.name])
        let message: Comment = "\(call.name) among \(size): \(few), then \(cost)"
        // Of a small table the server may prefer to read all: that is no more than it has then.
        #expect(cost.scannedRows == 0, message)
        #expect(cost.indexEntries <= (few.indexEntries + few.scannedRows) * 3 / 2 + 20, message)
        #expect(cost.rows <= few.rows + few.scannedRows + 20, message)
        let growth = Double(depth) / Double(shallow)
        #expect(
          Double(cost.indexPages) <= Double(few.indexPages + few.tablePages) * growth + 20, message)
        #expect(Double(cost.tablePages) <= Double(few.tablePages + few.rows) + 20, message)
      }
    }
    #expect(first.count == Self.calls.count)
  }

  @Test("a transaction of a sweep in its middle does not hold up those who read its rows")
  func readers() async throws {
    let fixture = try await StoreFixture()
    let clock = ManualClock(Self.start)
    let registry = try await World.registry(fixture.store, clock)
    let device = try await World.bound(registry, "visitor-1")
    let sweeping = try fixture.connection()
    for statement in [
      "BEGIN", "UPDATE prove_registration SET state = 5, version = version + 1",
      "DELETE FROM prove_candidate",
    ] { _ = try sweeping.run(Command(SQLStatement(once: "sweep", statement))) }
    for _ in 0..<10 {
      let found = try await registry.registration(device.deviceID)
      #expect(found?.binding != nil)
      let decision = try await registry.decide(Self.request("visitor-1"))
      #expect(decision.outcome == .recover(device.deviceID))
      let all = try await registry.registrations(of: .visitor(VisitorID(validating: "visitor-1")))
      #expect(all.registrations.count == 1)
    }
    _ = try sweeping.run(Command(SQLStatement(once: "sweep", "ROLLBACK")))
    try await fixture.store.close()
  }
}
