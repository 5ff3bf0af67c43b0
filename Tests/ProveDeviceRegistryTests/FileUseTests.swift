import CampaignSupport
import Foundation
import ProveKeyPlatform
import ProveKeySealing
import ProveKeyTesting
import SQLiteDatabase
import StoreTestSupport
import Testing

@testable import ProveDeviceRegistry

/// The write-ahead log under load, and who may have the file open (SQLite).
@Suite("A registry's file in use", .inTurn)
struct FileUseTests {
  @Test("its log stays bounded while readers overlap without a gap", .timeLimit(.minutes(10)))
  func boundedLog() async throws {
    let world = try await World()
    let stop = Locked(false)
    let path = world.path
    // Two foreign readers, each of which begins a new read before the other one ends.
    let readers = try (0..<2).map { index in
      try OverlappingReader(path: path, partner: index, stop: stop)
    }
    let threads = readers.map { reader in
      let thread = Thread { reader.run() }
      thread.start()
      return thread
    }
    var largest = 0
    for number in 0..<6_000 {
      _ = try await world.store.write(
        [.insert(SampleRows.row(number)), .append(SampleRows.event(number, 1))], as: WriteID())
      if number % 100 == 0 { largest = max(largest, try Self.size(path + "-wal")) }
    }
    stop.withLock { $0 = true }
    for thread in threads { while !thread.isFinished { await Task.yield() } }
    // All that is written is some 300 MB; on a busy machine a restart now and then comes too late.
    #expect(largest < 64 << 20, "\(largest) bytes")
    #expect(try await world.store.statistics().registrations == [.bound: 6_000])
  }

  private static func size(_ path: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return (attributes[.size] as? NSNumber)?.intValue ?? 0
  }

  @Test("an exclusive store admits nobody else, a shared one others that share")
  func modes() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("registry.sqlite")
    let unlock = UnlockMethod.rawKey(try RawKey.random())
    func open(_ mode: SQLiteStoreOptions.Mode) throws -> SQLiteRegistryStore {
      try SQLiteRegistryStore(
        at: path, unlock: unlock, options: SQLiteStoreOptions(mode: mode))
    }
    let exclusive = try open(.exclusive)
    for mode in [SQLiteStoreOptions.Mode.shared, .exclusive] {
      #expect(throws: RegistryError.store(.inUse)) { try open(mode) }
    }
    _ = try await exclusive.write([.insert(SampleRows.row(1))], as: WriteID())
    try await exclusive.close()
    let first = try open(.shared)
    let second = try open(.shared)
    #expect(throws: RegistryError.store(.inUse)) { try open(.exclusive) }
    _ = try await first.write([.insert(SampleRows.row(2))], as: WriteID())
    #expect(try await second.registration(at: SampleRows.locator(2)) == SampleRows.row(2))
    try await first.close()
    try await second.close()
    let again = try open(.exclusive)
    #expect(try await again.statistics().registrations == [.bound: 2])
    try await again.close()
  }

  @Test("an exclusive store that nobody holds any longer lets go of the file")
  func released() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("registry.sqlite")
    let unlock = UnlockMethod.rawKey(try RawKey.random())
    let options = SQLiteStoreOptions(mode: .exclusive)
    do { _ = try SQLiteRegistryStore(at: path, unlock: unlock, options: options) }
    let store = try SQLiteRegistryStore(at: path, unlock: unlock, options: options)
    try await store.close()
  }
}

/// Reads in transactions that overlap with those of a partner, so that the log is never unread.
private final class OverlappingReader: Sendable {
  private let connection: Locked<Connection>
  private let stop: Locked<Bool>
  private let partner: Int

  init(path: String, partner: Int, stop: Locked<Bool>) throws {
    connection = Locked(
      try Connection(
        path: path, options: ConnectionOptions(access: .readOnly, locking: .normal)))
    self.partner = partner
    self.stop = stop
  }

  func run() {
    var turn = partner
    while !stop.withLock({ $0 }) {
      turn += 1
      connection.withLock { connection in
        do {
          try connection.execute("BEGIN")
          _ = try connection.int64("SELECT count(*) FROM registration WHERE state = 9")
          Thread.sleep(forTimeInterval: turn % 2 == 0 ? 0.004 : 0.007)
          try connection.execute("COMMIT")
        } catch { Issue.record("a reader failed: \(error)") }
      }
    }
  }
}
