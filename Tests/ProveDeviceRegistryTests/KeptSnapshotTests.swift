import CampaignSupport
import Foundation
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import ProveKeyTesting
import StoreTestSupport
import Testing

@testable import ProveDeviceRegistry

/// Readers of a file that nobody else writes keep their transactions open between look-ups.
@Suite("A registry that nobody else writes", .inTurn)
struct KeptSnapshotTests {
  private let folder: TemporaryFolder
  private let path: String
  private let store: SQLiteRegistryStore
  private let registry: DeviceRegistry

  init() async throws {
    folder = try TemporaryFolder()
    path = folder.file("registry.sqlite")
    store = try SQLiteRegistryStore(
      at: path, unlock: .rawKey(try RawKey.random()), options: .init(mode: .exclusive))
    registry = try await DeviceRegistry(store: store, scope: .shop)
  }

  private func row(_ number: Int, version: UInt64 = 1) -> StoredRegistration {
    SampleRows.row(number, version: version)
  }

  private var logBytes: Int {
    get throws {
      let size = try FileManager.default.attributesOfItem(atPath: path + "-wal")[.size]
      return (size as? NSNumber)?.intValue ?? 0
    }
  }

  /// Looks rows up on all connections that read, until told to stop.
  private func reading(_ count: Int, while body: () async throws -> Void) async throws {
    let isOver = Locked(false)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask { [store] in
          var number = task
          while !isOver.withLock({ $0 }) {
            number = (number + 7) % count
            _ = try await store.registration(at: SampleRows.locator(number))
            await Task.yield()
          }
        }
      }
      let result: Result<Void, any Error>
      do { result = .success(try await body()) } catch { result = .failure(error) }
      isOver.withLock { $0 = true }
      try await group.waitForAll()
      try result.get()
    }
  }

  @Test("shows each write that returned to every reader at once (G4)")
  func seen() async throws {
    for number in 0..<16 {
      #expect(try await store.write([.insert(row(number))], as: WriteID()) == .applied)
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<16 {
        group.addTask { [store] in
          for version in UInt64(1)..<200 {
            let (before, after) = (row(number, version: version), row(number, version: version + 1))
            let outcome = try await store.write(
              [.update(after, replacing: before)], as: WriteID())
            try #require(outcome == .applied)
            for _ in 0..<3 {
              try #require(try await store.registration(at: after.device)?.version == after.version)
            }
            let several = try await store.registrations(at: [after.device, row(99).device])
            try #require(several[0]?.version == after.version)
          }
        }
      }
      try await group.waitForAll()
    }
  }

  @Test("sees a revocation with the next look-up")
  func revoked() async throws {
    let device = try TestDevice(.hardware)
    let challenge = registry.issueChallenge()
    try await registry.place(
      try device.offer(for: challenge), for: challenge, on: DeviceDescription(kind: .mobile))
    try await registry.bind(device.deviceID, to: .lorant)
    for _ in 0..<20 { #expect(try await registry.registration(device.deviceID)?.isServing == true) }
    try await registry.revoke(device.deviceID)
    #expect(try await registry.registration(device.deviceID)?.isRevoked == true)
    #expect(try await registry.resolve([device.deviceID])[0]?.isRevoked == true)
  }

  @Test(
    "bounds its log beside readers that never pause, and beside ones that stopped",
    .timeLimit(.minutes(3)))
  func bounded() async throws {
    let count = 2_000
    for start in stride(from: 0, to: count, by: 400) {
      let batch = (start..<start + 400).map { RegistryWrite.insert(row($0)) }
      #expect(try await store.write(batch, as: WriteID()) == .applied)
    }
    var highest = 0
    func write(version: UInt64) async throws {
      for start in stride(from: 0, to: count, by: 100) {
        let batch = (start..<start + 100).map {
          RegistryWrite.update(
            row($0, version: version + 1), replacing: row($0, version: version))
        }
        #expect(try await store.write(batch, as: WriteID()) == .applied)
        highest = max(highest, try logBytes)
      }
    }
    try await reading(count) { for version in 1...UInt64(20) { try await write(version: version) } }
    // Readers have stopped with transactions open, each on its connection.
    for version in UInt64(21)...40 { try await write(version: version) }
    let limit = 3 * Int(RegistryWriter.checkpointPages) * 4_120
    #expect(highest < limit, "\(highest) bytes of a log for \(40 * count) changed rows")
    #expect(highest > 4_120 * 1_000, "the log was used")
  }

  @Test("empties its log beside readers, who keep nothing of it")
  func emptied() async throws {
    #expect(try await store.write((0..<400).map { .insert(row($0)) }, as: WriteID()) == .applied)
    try await reading(400) {
      for round in 0..<20 {
        let (before, after) = (
          row(3, version: UInt64(round + 1)), row(3, version: UInt64(round + 2))
        )
        _ = try await store.write([.update(after, replacing: before)], as: WriteID())
        try await store.scrub()
        #expect(try logBytes == 0)
      }
    }
    _ = try await store.write([.remove(row(7))], as: WriteID())
    try await store.scrub()
    #expect(try logBytes == 0)
    #expect(try await store.registration(at: row(7).device) == nil)
  }
}
