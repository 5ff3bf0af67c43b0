import CampaignSupport
import Foundation
import ProveKeyModel
import ProveKeySealing
import ProveKeyTesting
import StoreTestSupport
import Testing

@testable import ProveDeviceRegistry

/// Campaign Q3: every n-th operation of a registry's file, or allocation of SQLite's, fails, once or
/// from then on.
///
/// With PROVE_KEY_STORE_LONG=1 it is every n until a life passes undisturbed, else a sample.
@Suite("A registry on a failing disk", .serialized, .inTurn)
struct FaultTests {
  private let folder: TemporaryFolder
  private let unlock: UnlockMethod

  init() throws {
    folder = try TemporaryFolder()
    unlock = .rawKey(try RawKey.random())
  }

  /// How the disk fails.
  enum Failing: CaseIterable {
    case anything, reading, syncing, space

    var operations: FaultFolder.Operations {
      switch self {
      case .anything: .all
      case .reading: .reads
      case .syncing: .syncs
      case .space: .writes
      }
    }
  }

  @Test(
    "whichever operation fails, the error says so, nothing acknowledged is lost and all agrees (G1)",
    arguments: Failing.allCases, [false, true])
  func disk(failing: Failing, stays: Bool) async throws {
    let path = folder.file("failing")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    for mode in [SQLiteStoreOptions.Mode.shared, .exclusive] {
      try await disk(failing, stays, mode, in: path)
    }
  }

  private func disk(
    _ failing: Failing, _ stays: Bool, _ mode: SQLiteStoreOptions.Mode, in path: String
  ) async throws {
    try Campaign.removeAll(in: path)
    let outlines = try await undisturbed(in: path, unlock)
    let runs = try await Campaign.untilUndisturbed(upTo: 20_000, sample: 10) { number in
      try Campaign.removeAll(in: path)
      let watched = try FaultFolder(path, records: false)
      let life = try RegistryLife(
        in: path, unlock: unlock, trouble: stays ? .lasting : .once, mode: mode)
      watched.fail(number, of: failing.operations, stays: stays, full: failing == .space)
      try await life.run()
      let failures = watched.mend()
      let place = "operation \(number)\(stays ? " and all after it" : "")"
      try await LifeCheck(life: life, folder: path, outlines: outlines, place: place)()
      return failures > 0
    }
    #expect(runs > 5)
    if Campaign.isLong {
      print("registry, \(mode), disk failing: \(failing), stays: \(stays), \(runs) runs")
    }
  }

  @Test("whichever read fails once while all is checked is told as a failure, never as damage")
  func checking() async throws {
    let path = folder.file("checked")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    let watched = try FaultFolder(path, records: false)
    func open() async throws -> DeviceRegistry {
      try await DeviceRegistry(
        store: try SQLiteRegistryStore(at: RegistryLife.file(in: path), unlock: unlock),
        scope: .shop)
    }
    let made = try await open()
    let day = UTCInstant.start
    try await made.generate(SyntheticRegistrations(count: 200, seed: 1, until: day))
    try await made.close()
    var (number, failed, isOver) = (0, 0, false)
    while !isOver {
      number += 1
      let registry = try await open()
      watched.fail(number, of: .reads, stays: false, full: false)
      do {
        #expect(try await registry.verify().problems == [], "read \(number)")
      } catch RegistryError.store(.failed) { failed += 1 }
      isOver = watched.mend() == 0
      try await registry.close()
    }
    #expect(failed > 40)
  }

  @Test("whichever allocation of SQLite fails, the error says so and nothing acknowledged is lost")
  func memory() async throws {
    let result = await #expect(
      processExitsWith: .success, observing: [\.standardOutputContent]
    ) { [path = folder.path as String] in
      try FailingMemory.install()
      let unlock = UnlockMethod.rawKey(try RawKey.random())
      let outlines = try await undisturbed(in: path, unlock)
      let allocations = FailingMemory.allocationCount
      #expect(allocations > 100)
      for stays in [false, true] {
        let limit = allocations * 2 + 1000
        let runs = try await Campaign.untilUndisturbed(upTo: limit, sample: 14) { number in
          try Campaign.removeAll(in: path)
          let life = try RegistryLife(in: path, unlock: unlock, trouble: stays ? .lasting : .once)
          FailingMemory.fail(number, stays: stays)
          try await life.run()
          let failures = FailingMemory.mend()
          let place = "allocation \(number)\(stays ? " and all after it" : "")"
          try await LifeCheck(life: life, folder: path, outlines: outlines, place: place)()
          return failures > 0
        }
        #expect(runs > 5)
        print("registry, memory failing, stays: \(stays), \(runs) runs")
      }
    }
    if Campaign.isLong, let result {
      print(String(decoding: result.standardOutputContent, as: UTF8.self), terminator: "")
    }
  }
}

/// The outlines of a life in which nothing fails.
private func undisturbed(in path: String, _ unlock: UnlockMethod) async throws -> [[String]] {
  let life = try RegistryLife(in: path, unlock: unlock)
  try await life.run()
  let outlines = LifeCheck.outlines(of: life)
  try await LifeCheck(life: life, folder: path, outlines: outlines, place: "undisturbed")()
  return outlines
}
