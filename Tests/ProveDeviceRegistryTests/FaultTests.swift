import CFaultVFS
import Foundation
import ProveKeyModel
import ProveKeySealing
import ProveKeyTesting
import StoreTestSupport
import Testing

@testable import ProveDeviceRegistry

/// Campaign Q3: every n-th operation of a registry's file fails, once or from then on.
///
/// With PROVE_KEY_STORE_LONG=1 it is every n until a life passes undisturbed, else a sample.
@Suite("A registry on a failing disk", .serialized)
struct FaultTests {
  private let folder: TemporaryFolder
  private let unlock: UnlockMethod

  init() throws {
    folder = try TemporaryFolder()
    unlock = .rawKey(try RawKey.random())
  }

  private static var isLong: Bool {
    ProcessInfo.processInfo.environment["PROVE_KEY_STORE_LONG"] == "1"
  }

  /// How the disk fails.
  enum Failing: CaseIterable { case anything, syncing, space }

  @Test(
    "whichever operation fails, the error says so, nothing acknowledged is lost and all agrees (G1)",
    arguments: Failing.allCases, [false, true])
  func disk(failing: Failing, stays: Bool) async throws {
    var (number, runs, failures) = (1, 0, 0)
    while number < 20_000 {
      runs += 1
      let failed = try await run(number, failing, stays: stays)
      failures += failed
      guard failed > 0 else { break }
      number += Self.isLong ? 1 : 1 + number * 6 / 14
    }
    #expect(runs > 5)
    #expect(failures >= runs - 1)
    if Self.isLong { print("registry, disk failing: \(failing), stays: \(stays), \(runs) runs") }
  }

  /// One life in which the operation of a number fails.
  /// - Returns: how many operations failed; none when the life has fewer.
  private func run(_ number: Int, _ failing: Failing, stays: Bool) async throws -> Int {
    let path = folder.file("\(failing)-\(stays)-\(number)")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    // The folder goes in the end anyway.
    defer { try? FileManager.default.removeItem(atPath: path) }
    let watched = try WatchedFolder(path)
    let file = path + "/registry.sqlite"
    let operations =
      switch failing {
      case .anything: PKS_ALL
      case .syncing: PKS_SYNC
      case .space: PKS_WRITE
      }
    var life = RegistryLife(path: file, unlock: unlock)
    watched.fail(number, of: operations, stays: stays, isFull: failing == .space)
    try await life.run()
    let failures = watched.mend()
    try await life.checkReopened("operation \(number)\(stays ? " and all after it" : "")")
    return failures
  }
}

/// A folder whose files go through the fault file system as long as this lives.
@safe
private final class WatchedFolder {
  private let watched: OpaquePointer

  init(_ path: String) throws {
    try #require(pks_faults_install() == 0)
    unsafe watched = try #require(unsafe pks_watch(path, 0))
  }

  deinit { unsafe pks_unwatch(watched) }

  func fail(_ number: Int, of operations: pks_operation, stays: Bool, isFull: Bool) {
    unsafe pks_fail(watched, Int32(operations.rawValue), number, stays ? 1 : 0, isFull ? 1 : 0)
  }

  func mend() -> Int { unsafe pks_mend(watched) }
}

/// What happens to a registry's file, step by step, and what was acknowledged of it.
private struct RegistryLife {
  let path: String
  let unlock: UnlockMethod
  let clock = ManualClock(.start)

  /// By device, the states that it may be in: one once a change was acknowledged, two while it is
  /// not known whether a change took effect.
  private var possible: [DeviceID: Set<String>] = [:]

  init(path: String, unlock: UnlockMethod) {
    self.path = path
    self.unlock = unlock
  }

  private func open() async throws(RegistryError) -> DeviceRegistry {
    let store = try SQLiteRegistryStore(at: path, unlock: unlock)
    return try await DeviceRegistry(store: store, scope: .shop, clock: clock.wall)
  }

  mutating func run() async throws {
    var opened: DeviceRegistry?
    for _ in 0..<2 where opened == nil {
      do throws(RegistryError) { opened = try await open() } catch { expectFailure(error) }
    }
    guard let registry = opened else { return }
    for index in 0..<4 {
      let device = try TestDevice(.hardware)
      await change(device.deviceID, to: "placed", from: "none") { () throws(RegistryError) in
        let challenge = registry.issueChallenge()
        let offer: NewKey
        do { offer = try device.offer(for: challenge) } catch { throw .newKeyMissing }
        try await registry.place(offer, for: challenge, on: .mobile)
      }
      await change(device.deviceID, to: "bound", from: "placed") { () throws(RegistryError) in
        try await registry.bind(device.deviceID, to: .lorant)
      }
      if index == 1 {
        await change(device.deviceID, to: "revoked", from: "bound") { () throws(RegistryError) in
          try await registry.revoke(device.deviceID, reason: "a note")
        }
      }
      if index == 2 {
        await change(device.deviceID, to: "none", from: "bound") { () throws(RegistryError) in
          _ = try await registry.erase(.deviceID(device.deviceID))
        }
      }
    }
    await attempt { () throws(RegistryError) in _ = try await registry.sweep() }
    await attempt { () throws(RegistryError) in _ = try await registry.statistics() }
    await attempt { () throws(RegistryError) in try await registry.close() }
  }

  /// Makes a change if the device is surely in the state that it starts from.
  private mutating func change(
    _ id: DeviceID, to state: String, from before: String,
    _ body: () async throws(RegistryError) -> Void
  ) async {
    guard possible[id, default: ["none"]] == [before] else { return }
    do throws(RegistryError) {
      try await body()
      possible[id] = [state]
    } catch {
      expectFailure(error)
      possible[id] = [before, state]
    }
  }

  private func attempt(_ body: () async throws(RegistryError) -> Void) async {
    do throws(RegistryError) { try await body() } catch { expectFailure(error) }
  }

  /// A failure of the disk is never called damage, a wrong key or another's file.
  private func expectFailure(_ error: RegistryError) {
    switch error {
    case .store(.diskFull), .store(.failed), .store(.closed): break
    default: Issue.record("a failing disk was called \(error)")
    }
  }

  /// The disk works again: what was acknowledged is there, and everything agrees.
  func checkReopened(_ place: String) async throws {
    let registry = try await open()
    for (id, states) in possible {
      let found = try await registry.registration(id)?.state.name.rawValue ?? "none"
      #expect(states.contains(found), "\(found), not \(states.sorted()); \(place)")
    }
    #expect(try await registry.verify().problems == [], "\(place)")
    #expect(try await registry.replay().agrees, "\(place)")
    try await registry.close()
  }
}
