import CampaignSupport
import Logging
import Metrics
import MetricsTestKit
import ProveKeyModel
import ProveKeyPlatform
import ProveKeyTesting
import ServiceLifecycle
import Testing

@testable import ProveDeviceRegistry

/// What a server that links the registry sees of it: logs, metrics, a service that sweeps.
@Suite("Service parts", .inTurn)
struct ServiceTests {
  /// Keeps what is logged, as one line each.
  private struct KeptLog: LogHandler {
    let lines: Locked<[String]>
    var logLevel = Logger.Level.trace
    var metadata = Logger.Metadata()

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let facts = (event.metadata ?? [:]).sorted { $0.key < $1.key }
      let line = ["\(event.level)", "\(event.message)"] + facts.map { "\($0.key)=\($0.value)" }
      lines.withLock { $0.append(line.joined(separator: " ")) }
    }
  }

  private func keeping(_ lines: Locked<[String]>) -> Logger {
    Logger(label: "test") { _ in KeptLog(lines: lines) }
  }

  @Test("logs name rows, outcomes, kinds and counts, and neither ids nor numbers nor notes")
  func logged() async throws {
    let world = try await World()
    let lines = Locked<[String]>([])
    let registry = try await DeviceRegistry(
      store: world.store, scope: .shop, clock: world.clock.wall, logger: keeping(lines))
    let device = try await world.boundDevice(proveID: .lorant)
    let challenge = registry.issueChallenge()
    _ = try await registry.decide(
      .mobile(.inge), presenting: try device.assertion(for: challenge), for: challenge)
    try await registry.revoke(device.deviceID, reason: "secret note")
    _ = try await registry.erase(.phoneNumber(.lorant))
    try await world.tamper("UPDATE registration SET version = version + 1")
    let logged = lines.withLock { $0 }
    #expect(
      logged == [
        "debug event kind=rejected", "debug decided outcome=reject phoneMismatch row=D8",
        "debug event kind=revoked", "debug event kind=erased",
        "info erased details=2 items=0 registrations=1 subject=phoneNumber",
      ])
    for line in logged {
      for secret in [device.deviceID.rawValue, "2001004014", "prove-lorant", "secret note"] {
        #expect(!line.contains(secret))
      }
    }
  }

  @Test("a damaged row is told to the logger by its table")
  func damageLogged() async throws {
    let world = try await World()
    let lines = Locked<[String]>([])
    let registry = try await DeviceRegistry(
      store: world.store, scope: .shop, clock: world.clock.wall, logger: keeping(lines))
    let device = try await world.boundDevice()
    try await world.tamper("UPDATE registration SET version = version + 1")
    await #expect(throws: RegistryError.damaged(table: "registration")) {
      try await registry.registration(device.deviceID)
    }
    #expect(
      lines.withLock { $0 } == ["error a row was altered or damaged table=registration"])
  }

  @Test("metrics count decisions by row and events by kind, and time look-ups and commits")
  func metrics() async throws {
    let kit = TestMetrics()
    let world = try await World()
    let registry = try await DeviceRegistry(
      store: world.store, scope: .shop, clock: world.clock.wall,
      metrics: RegistryMetrics(factory: kit))
    let device = try await world.boundDevice()
    for number in [PhoneNumber.lorant, .inge, .inge] {
      let challenge = registry.issueChallenge()
      let decision = try await registry.decide(
        .mobile(number), presenting: try device.assertion(for: challenge), for: challenge)
      if decision.ticket != nil { try await registry.complete(decision) }
    }
    func total(_ label: String, _ dimensions: [(String, String)]) throws -> Int64 {
      try kit.expectCounter(label, dimensions).totalValue
    }
    #expect(try total("prove_registry_decisions", [("row", "D8")]) == 2)
    #expect(try total("prove_registry_decisions", [("row", "D10")]) == 1)
    #expect(try total("prove_registry_decisions", [("row", "D1")]) == 0)
    #expect(try total("prove_registry_changes", [("event", "rejected")]) == 2)
    #expect(try kit.expectTimer("prove_registry_lookup").values.count >= 3)
    let commits = try kit.expectTimer("prove_registry_commit").values
    #expect(commits.count == 3)
    #expect(commits.allSatisfy { $0 > 0 })
    #expect(try kit.expectRecorder("prove_registry_batch_rows").values == [2, 2, 2])
  }

  @Test("the sweeper works in batches until nothing is left, then waits, and stops on shutdown")
  func sweeper() async throws {
    let world = try await World()
    for _ in 0..<5 { _ = try await world.boundDevice() }
    world.clock.advance(months: 13)
    let lines = Locked<[String]>([])
    let pauses = Locked<[Duration]>([])
    let (reached, reach) = AsyncStream<Void>.makeStream()
    let sweeper = InactivitySweeper(
      world.registry, every: .seconds(777), batch: 2, logger: keeping(lines)
    ) { pause in
      pauses.withLock { $0.append(pause) }
      guard pause == .seconds(777) else { return }
      reach.yield()
      // Waits for the shutdown.
      try await Task.sleep(for: .seconds(3600))
    }
    let group = ServiceGroup(
      configuration: .init(services: [sweeper], logger: RegistryLog.silent))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      for await _ in reached { break }
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
    }
    let swept = lines.withLock { $0 }
    #expect(swept.count >= 3)
    #expect(swept.last?.contains("complete=true") == true)
    #expect(pauses.withLock { $0 }.last == .seconds(777))
    #expect(try await world.store.statistics().registrations == [.dormant: 5])
  }

  @Test("a sweep that fails is told and tried again; a closed registry ends the service")
  func failingSweeper() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    world.clock.advance(months: 13)
    try await world.tamper("UPDATE registration SET version = version + 1")
    let lines = Locked<[String]>([])
    let store = world.store
    let sweeper = InactivitySweeper(world.registry, logger: keeping(lines)) { _ in
      if lines.withLock({ $0.count }) == 2 { try await store.close() }
    }
    await #expect(throws: RegistryError.store(.closed)) { try await sweeper.run() }
    let told = lines.withLock { $0 }
    #expect(told == Array(repeating: told[0], count: 2))
    #expect(told[0].hasPrefix("error sweep failed error=damaged"))
    #expect(!told[0].contains(device.deviceID.rawValue))
  }
}
