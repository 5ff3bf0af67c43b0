import CampaignSupport
import ProveKeyModel
import ProveKeyTesting
import Testing

@testable import ProveDeviceRegistry

/// What becomes of batches that share one commit (G1, G2, G9, G10).
@Suite("A commit that writers share", .inTurn)
struct SharedCommitTests {
  private let world: World
  private let ledger: SetLedger
  private let store: SQLiteRegistryStore

  init() async throws {
    world = try await World()
    store = try #require(world.store as? SQLiteRegistryStore)
    ledger = SetLedger(keys: store.keys)
  }

  private func row() throws -> StoredRegistration {
    var generator = SystemRandomNumberGenerator()
    let key = try TestDevice(.hardware).publicKey
    return try world.registry.codec.seal(
      KeyRegistration(placing: key, as: .random(using: &generator), on: .mobile, at: .start))
  }

  private func request(_ batch: [RegistryWrite], as id: WriteID = WriteID()) throws -> BatchRequest
  {
    BatchRequest(batch: batch, id: id, changes: try ledger.changes(of: batch))
  }

  private func write(_ requests: [BatchRequest]) async throws -> [WriteOutcome] {
    let result = try await store.commits.run { writer in
      Result { () throws(StoreFailure) in try writer.write(requests) }
    }
    return try result.get()
  }

  @Test("writes all but those in conflict, which leave nothing, and keeps the digests in step")
  func conflict() async throws {
    let (first, second, third) = (try row(), try row(), try row())
    let id = WriteID()
    let outcomes = try await write([
      try request([.insert(first)], as: id),
      try request([.insert(second), .insert(first)]),
      try request([.insert(third)]),
      try request([.insert(first)], as: id),
    ])
    #expect(outcomes == [.applied, .conflict(at: 1), .applied, .applied])
    #expect(try await store.registration(at: first.device) == first)
    #expect(try await store.registration(at: second.device) == nil)
    #expect(try await store.registration(at: third.device) == third)
    #expect(try await digestProblems() == [])
  }

  @Test("of one writer alone that is in conflict changes nothing")
  func alone() async throws {
    let (first, second) = (try row(), try row())
    #expect(try await write([try request([.insert(first)])]) == [.applied])
    let outcomes = try await write([try request([.insert(second), .insert(first)])])
    #expect(outcomes == [.conflict(at: 1)])
    #expect(try await store.registration(at: second.device) == nil)
    #expect(try await digestProblems() == [])
    // The connection is as good as before.
    #expect(try await write([try request([.insert(second)])]) == [.applied])
  }

  private func digestProblems() async throws -> [String] {
    try await world.registry.verify().problems.filter { $0.contains("digest") }
  }
}
