import Foundation
import PostgresTestSupport
import ProveDeviceRegistry
import ProveKeySealing
import Testing

@testable import ProveDeviceRegistryPostgres

/// Campaign Q10, on a server of the suite's own to harm.
@Suite("A PostgreSQL that is killed and cut off", .serialized)
struct CrashTests {
  private static let server = Result { try PostgresServer() }
  private static let rounds =
    ProcessInfo.processInfo.environment["PROVE_KEY_STORE_LONG"] == "1" ? 30 : 3

  @Test("killed and restarted under writers, it holds every acknowledged write once (G1, G9)")
  func killed() async throws {
    let fixture = try await StoreFixture(on: Self.server.get())
    let clients = Clients()
    let tally = try await clients.run(8, on: fixture.store) {
      for _ in 0..<Self.rounds {
        try await clients.goesOn()
        try fixture.server.kill()
        try fixture.server.start()
      }
      try await clients.goesOn()
    }
    #expect(tally.acknowledged.count == 8)
    #expect(try await tally.differences(in: fixture.store) == [])
    #expect(tally.unknown.isEmpty, "a restart within the retry window leaves nothing unknown")
    #expect(try await fixture.digestsAgree())
    #expect(try await fixture.store.structureProblems() == [])
    try await fixture.store.close()
  }

  @Test("with its connections cut at any moment, every acknowledged write is there once (G9)")
  func cut() async throws {
    let fixture = try await StoreFixture(on: Self.server.get())
    let clients = Clients()
    let tally = try await clients.run(8, on: fixture.store) {
      for _ in 0..<Self.rounds * 15 {
        try await Task.sleep(for: .milliseconds(Int.random(in: 5...40)))
        try fixture.server.sql(
          """
          SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
          WHERE datname = '\(fixture.database)' AND pid <> pg_backend_pid()
          """)
      }
      try await clients.goesOn()
    }
    #expect(tally.acknowledged.count == 8)
    #expect(try await tally.differences(in: fixture.store) == [])
    #expect(tally.failed[.outcomeUnknown] == nil && tally.unknown.isEmpty)
    #expect(try await fixture.digestsAgree())
    try await fixture.store.close()
  }

  @Test("a write whose commit was cut off is settled by its id and has one effect (W3, W4)")
  func cutWhileCommitting() async throws {
    let fixture = try await StoreFixture(on: Self.server.get())
    let store = fixture.store
    let outcome = try await withStuckCommits(fixture) {
      let writing = Task {
        try await store.write([.insert(row(1)), .append(event(row(1).device, 1))])
      }
      try await fixture.wait(until: Self.stuck, is: "1")
      // It has been committed, but nobody was told.
      try fixture.server.sql("SELECT pg_terminate_backend(pid) FROM (\(Self.stuckSessions)) s")
      // The second attempt finds the id, and waits for the replica in its turn (W4).
      try await fixture.wait(until: Self.stuck, is: "1")
      return writing
    }
    #expect(outcome == .applied)
    #expect(try await store.registration(at: row(1).device) == row(1))
    #expect(try await store.lastEvent(of: row(1).device)?.sequence == 1)
    #expect(try await fixture.digestsAgree())
    try await store.close()
  }

  @Test("a commit that gave up waiting for its replica is not acknowledged before it is there (W4)")
  func cancelledWait() async throws {
    let fixture = try await StoreFixture(on: Self.server.get())
    let store = fixture.store
    let outcome = try await withStuckCommits(fixture) {
      let writing = Task { try await store.write([.insert(row(1))]) }
      try await fixture.wait(until: Self.stuck, is: "1")
      // COMMIT is now answered with COMMIT and a warning.
      try fixture.server.sql("SELECT pg_cancel_backend(pid) FROM (\(Self.stuckSessions)) s")
      try await fixture.wait(
        until: "SELECT count(*) FROM prove_registration WHERE octet_length(device) = 16", is: "1")
      try await fixture.wait(until: Self.stuck, is: "1")
      return writing
    }
    #expect(outcome == .applied)
    try await store.close()
  }

  @Test("a write tried again under its id has no second effect, through another handle too (G9)")
  func sameID() async throws {
    let fixture = try await StoreFixture(on: Self.server.get())
    let other = try await fixture.another()
    let id = WriteID()
    let batch: [RegistryWrite] = [.insert(row(1)), .append(event(row(1).device, 1))]
    #expect(try await fixture.store.write(batch, as: id) == .applied)
    #expect(try await fixture.store.write(batch, as: id) == .applied)
    #expect(try await other.write(batch, as: id) == .applied)
    #expect(try await other.write(batch, as: WriteID()) == .conflict(at: 0))
    #expect(try await fixture.store.statistics().events == 1)
    #expect(try await fixture.digestsAgree())
    try await other.close()
    try await fixture.store.close()
  }

  @Test("without a server a call ends within its bounds and names what is the matter")
  func gone() async throws {
    var options = PostgresStoreOptions()
    options.attemptLimit = 3
    let fixture = try await StoreFixture(on: Self.server.get(), options)
    try fixture.server.kill()
    let start = ContinuousClock.now
    await #expect(throws: RegistryError.store(.unavailable)) {
      _ = try await fixture.store.registration(at: row(1).device)
    }
    await #expect(throws: RegistryError.store(.unavailable)) {
      _ = try await fixture.store.write([.insert(row(1))])
    }
    #expect(ContinuousClock.now - start < .seconds(10))
    try fixture.server.start()
    #expect(try await fixture.store.write([.insert(row(1))]) == .applied)
    try await fixture.store.close()
  }

  @Test("a server that stops answering counts as lost; what it may have committed is unknown")
  func frozen() async throws {
    var options = PostgresStoreOptions()
    options.statementTimeoutMilliseconds = 300
    options.connectTimeoutMilliseconds = 300
    options.attemptLimit = 2
    let fixture = try await StoreFixture(on: Self.server.get(), options)
    _ = try await fixture.store.write([.insert(row(1))])
    try fixture.server.freeze(true)
    let start = ContinuousClock.now
    await #expect(throws: RegistryError.store(.unavailable)) {
      _ = try await fixture.store.registration(at: row(1).device)
    }
    #expect(ContinuousClock.now - start < .seconds(10))
    try fixture.server.freeze(false)
    #expect(try await fixture.store.registration(at: row(1).device) == row(1))
    try await fixture.store.close()
  }

  // MARK: Commits that wait for a replica which does not exist

  private static let stuckSessions =
    "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
  private static let stuck = "SELECT count(*) FROM (\(stuckSessions)) s"

  /// Runs `body` while commits wait for ever after they took effect, and lets them go on when it
  /// has returned the write that it began.
  private func withStuckCommits(
    _ fixture: StoreFixture, _ body: () async throws -> Task<WriteOutcome, any Error>
  ) async throws -> WriteOutcome {
    try fixture.server.sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    try fixture.server.reload()
    try await fixture.wait(until: "SHOW synchronous_standby_names", is: "nobody")
    let result: Result<Task<WriteOutcome, any Error>, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    try fixture.server.sql("ALTER SYSTEM RESET synchronous_standby_names")
    try fixture.server.reload()
    return try await result.get().value
  }
}

extension Clients {
  /// Waits until a few more batches have been acknowledged.
  fileprivate func goesOn() async throws {
    let before = acknowledgedCount
    for _ in 0..<2000 {
      if acknowledgedCount > before + 40 { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    throw ShellError(description: "nobody can write any more")
  }
}
