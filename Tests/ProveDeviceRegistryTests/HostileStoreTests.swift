import CampaignSupport
import ProveKeyModel
import ProveKeySealing
import ProveKeyTesting
import StoreTestSupport
import Testing

@testable import ProveDeviceRegistry

/// What a registry does with a store that hinders it (G9, Q10): the other suites run on one too.
@Suite("A hostile store", .inTurn)
struct HostileStoreTests {
  /// A registry on a store that begins to hinder when told so.
  private struct Scene {
    let base: InMemoryRegistryStore
    let hostile: HostileStore
    let registry: DeviceRegistry
    let device: DeviceID

    init(seed: UInt64 = 1, policy: RegistryPolicy = .prove) async throws {
      base = try InMemoryRegistryStore()
      hostile = HostileStore(base, plan: .init([], percent: 0, burst: 1), seed: seed)
      registry = try await DeviceRegistry(
        store: hostile, scope: .shop, policy: policy, clock: ManualClock(.start).wall)
      let device = try SimulatedDevice()
      let challenge = registry.issueChallenge()
      try await registry.place(device.offer(for: challenge), for: challenge, on: .mobile)
      try await registry.bind(device.deviceID, to: .lorant)
      self.device = device.deviceID
    }

    func events() async throws -> [KeyEvent.Kind] {
      hostile.plan = .init([], percent: 0, burst: 1)
      return try await registry.events(of: device, limit: 1000).map(\.kind)
    }
  }

  @Test("every acknowledged change is there once, whatever was in its way", arguments: 1...8)
  func once(seed: UInt64) async throws {
    let scene = try await Scene(
      seed: seed, policy: try RegistryPolicy(eventDetail: .everyDecision))
    let troubles: [HostileStore.Trouble] = [
      .writeConflicts, .lostAfterCommit, .lostBeforeCommit, .lostDuringCommit, .slow,
    ]
    scene.hostile.plan = .init(troubles, percent: 60, burst: 3)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<60 {
        group.addTask { _ = try await scene.registry.recordAuthentication(of: scene.device) }
      }
      try await group.waitForAll()
    }
    #expect(try await scene.events().count { $0 == .authenticated } == 60)
    #expect(try await scene.registry.registration(scene.device)?.version == 63)
    #expect(try await scene.registry.verify().problems == [])
    for trouble in troubles {
      #expect((scene.hostile.met[trouble] ?? 0) > 0, "\(trouble) was not met")
    }
  }

  @Test(
    "trouble without end is told with an error, after a bounded number of tries",
    arguments: [
      (HostileStore.Trouble.readConflicts, RegistryError.contention),
      (.writeConflicts, .contention), (.lostBeforeCommit, .store(.outcomeUnknown)),
      (.unavailable, .store(.unavailable)),
    ])
  func endless(trouble: HostileStore.Trouble, error: RegistryError) async throws {
    let scene = try await Scene()
    let before = try await scene.registry.registration(scene.device)
    let counts = try await scene.base.statistics()
    scene.hostile.plan = .init([trouble], percent: 100, burst: nil)
    let operations: [@Sendable () async throws -> Void] = [
      { try await scene.registry.rebind(scene.device, to: .inge) },
      { _ = try await scene.registry.revoke(scene.device) },
      { try await scene.registry.recordAuthentication(of: scene.device) },
      { try await scene.registry.suspend(scene.device) },
      { try await scene.registry.unbind(scene.device) },
    ]
    for operation in operations {
      let calls = scene.hostile.calls
      await #expect(throws: error) { try await operation() }
      #expect(scene.hostile.calls - calls <= RegistryLimits.attemptLimit + 8)
    }
    scene.hostile.plan = .init([], percent: 0, burst: 1)
    #expect(try await scene.registry.registration(scene.device) == before)
    #expect(try await scene.base.statistics() == counts)
  }

  @Test("a sweep and a decision get over trouble, and end where it does not", arguments: 1...4)
  func sweep(seed: UInt64) async throws {
    let scene = try await Scene(seed: seed)
    scene.hostile.plan = .init([.readConflicts], percent: 100, burst: nil)
    await #expect(throws: RegistryError.contention) { try await scene.registry.sweep() }
    await #expect(throws: RegistryError.contention) {
      let challenge = scene.registry.issueChallenge()
      _ = try await scene.registry.decide(
        .mobile(), presenting: try SimulatedDevice().assertion(for: challenge), for: challenge)
    }
    scene.hostile.plan = .surmountable
    for _ in 0..<10 { #expect(try await scene.registry.sweep().isComplete) }
  }

  @Test("an outcome that is unknown stays so until the store tells it, and is then told right")
  func unknown() async throws {
    let base = try InMemoryRegistryStore()
    let item = StoredItem(
      locator: base.keys.locator("test"), version: 1, expiryDay: 1, epoch: 1, sealed: [1])
    // It took effect; then the store is out of reach, or others are in the way, to the end.
    for problem in [StoreProblem.unavailable, .conflicted, .timedOut, .overloaded] {
      let store = RetryingStore(LostOnceStore(base, then: problem, for: .max))
      await #expect(throws: RegistryError.store(.outcomeUnknown), "\(problem)") {
        try await store.write([.put(item, replacing: nil)], as: WriteID())
      }
      _ = try await base.write([.removeItem(item.locator)], as: WriteID())
    }
    // It took effect, and the store can be asked again in the end.
    for problem in [StoreProblem.unavailable, .conflicted, .timedOut, .overloaded] {
      let store = RetryingStore(LostOnceStore(base, then: problem, for: 3))
      let outcome = try await store.write([.put(item, replacing: nil)], as: WriteID())
      #expect(outcome == .applied, "\(problem)")
      _ = try await base.write([.removeItem(item.locator)], as: WriteID())
    }
    // An error that means the end is told as what it leaves: an unknown outcome.
    let store = RetryingStore(LostOnceStore(base, then: .diskFull, for: 1))
    await #expect(throws: RegistryError.store(.outcomeUnknown)) {
      try await store.write([.put(item, replacing: nil)], as: WriteID())
    }
  }
}
