import Foundation
import PostgresTestSupport
import ProveDeviceRegistry
import ProveKeySealing
import Testing

@testable import ProveDeviceRegistryPostgres

/// Campaign Q10 with a streaming replica.
///
/// The suite has servers of its own.
@Suite("A PostgreSQL with a replica", .serialized)
struct ReplicaTests {
  /// A primary that acknowledges what its replica has on disk, and the replica.
  fileprivate struct Pair {
    let primary: PostgresServer
    let replica: PostgresServer

    init(isSynchronous: Bool) throws {
      primary = try PostgresServer()
      replica = try PostgresServer(following: primary, name: "second")
      guard isSynchronous else { return }
      try primary.sql("ALTER SYSTEM SET synchronous_standby_names = 'second'")
      try primary.reload()
    }

    /// Both hosts, in this order.
    func address(_ database: String, replicaFirst: Bool = false) -> String {
      let ports = replicaFirst ? [replica.port, primary.port] : [primary.port, replica.port]
      return
        "host=127.0.0.1,127.0.0.1 port=\(ports[0]),\(ports[1]) user=postgres dbname=\(database)"
    }

    func stop() throws {
      try replica.stop()
      try primary.stop()
    }
  }

  @Test("the primary lost and its replica promoted, every acknowledged write is there once")
  func failover() async throws {
    let pair = try Pair(isSynchronous: true)
    let fixture = try await StoreFixture(on: pair.primary)
    let store = try await fixture.another(at: pair.address(fixture.database))
    let clients = Clients()
    let tally = try await clients.run(8, on: store) {
      try await Task.sleep(for: .milliseconds(500))
      try pair.primary.kill()
      try pair.replica.promote()
      let before = clients.acknowledgedCount
      for _ in 0..<2000 where clients.acknowledgedCount < before + 40 {
        try await Task.sleep(for: .milliseconds(10))
      }
      #expect(clients.acknowledgedCount >= before + 40, "clients go on with the new primary")
    }
    #expect(tally.acknowledged.count == 8)
    #expect(try await tally.differences(in: store) == [])
    #expect(try await fixture.digestsAgree(through: store))
    await fixture.discard()
    try await store.close()
    try pair.replica.stop()
  }

  @Test("of several hosts the one that takes writes is found, wherever it stands in the list")
  func order() async throws {
    let pair = try Pair(isSynchronous: false)
    let fixture = try await StoreFixture(on: pair.primary)
    try await pair.catchUp(fixture)
    let store = try await fixture.another(
      at: pair.address(fixture.database, replicaFirst: true))
    #expect(try await store.write([.insert(row(1))]) == .applied)
    try await store.close()
    await #expect(throws: RegistryError.store(.unavailable)) {
      var options = PostgresStoreOptions()
      options.attemptLimit = 1
      _ = try await fixture.another(at: pair.replica.address(database: fixture.database), options)
    }
    try await fixture.store.close()
    try pair.stop()
  }

  @Test("look-ups go to the replica while it keeps up, and to the primary when it does not (R1)")
  func staleness() async throws {
    let pair = try Pair(isSynchronous: false)
    let fixture = try await StoreFixture(on: pair.primary)
    let known = row(1)
    _ = try await fixture.store.write([.insert(known)])
    try await pair.catchUp(fixture)
    let store = try await fixture.another(
      at: nil, pair.options(fixture, stalenessMilliseconds: 3000))

    try await pair.waitForLookUps(on: pair.replica, fixture, store)
    // Another process writes while the replica stands still.
    try pair.replica.sql("SELECT pg_wal_replay_pause()")
    let changed = next(known)
    _ = try await fixture.store.write([.update(changed, replacing: known)])
    let written = ContinuousClock.now
    var answers: Set<UInt64> = []
    while ContinuousClock.now - written < .milliseconds(4500) {
      let asked = ContinuousClock.now
      let version = try #require(try await store.registration(at: known.device)).version
      answers.insert(version)
      if asked - written > .milliseconds(3000) {
        #expect(version == changed.version, "an answer older than the bound")
      }
    }
    #expect(answers.contains(known.version), "the replica was asked within the bound")
    #expect(answers.contains(changed.version))

    try pair.replica.sql("SELECT pg_wal_replay_resume()")
    try await pair.waitForLookUps(on: pair.replica, fixture, store)
    try await store.close()
    try await fixture.store.close()
    try pair.stop()
  }

  @Test("a handle sees its own writes although the replica stands still (R2, G4)")
  func ownWrites() async throws {
    let pair = try Pair(isSynchronous: false)
    let fixture = try await StoreFixture(on: pair.primary)
    let first = row(1)
    _ = try await fixture.store.write([.insert(first), .insert(row(2))])
    try await pair.catchUp(fixture)
    let store = try await fixture.another(
      at: nil, pair.options(fixture, stalenessMilliseconds: 30_000))
    try await pair.waitForLookUps(on: pair.replica, fixture, store)
    try pair.replica.sql("SELECT pg_wal_replay_pause()")
    var current = first
    for _ in 0..<20 {
      let after = next(current)
      #expect(try await store.write([.update(after, replacing: current)]) == .applied)
      #expect(try await store.registration(at: after.device) == after)
      #expect(try await store.registrations(at: [row(2).device, after.device])[1] == after)
      current = after
    }
    // A write in conflict with another process's: read again, it must not meet the old row.
    let theirs = next(current)
    _ = try await fixture.store.write([.update(theirs, replacing: current)])
    #expect(try await store.write([.update(theirs, replacing: current)]) == .conflict(at: 0))
    #expect(try await store.registration(at: theirs.device) == theirs)
    try await store.close()
    try await fixture.store.close()
    try pair.stop()
  }

  @Test("without its replica, or with one that hangs, look-ups are answered all the same (R3)")
  func replicaGone() async throws {
    let pair = try Pair(isSynchronous: false)
    let fixture = try await StoreFixture(on: pair.primary)
    _ = try await fixture.store.write([.insert(row(1))])
    try await pair.catchUp(fixture)
    var options = pair.options(fixture, stalenessMilliseconds: 1000)
    options.connectTimeoutMilliseconds = 300
    options.statementTimeoutMilliseconds = 300
    let store = try await fixture.another(at: nil, options)
    try await pair.waitForLookUps(on: pair.replica, fixture, store)
    try pair.replica.freeze(true)
    #expect(try await store.registration(at: row(1).device) == row(1))
    try pair.replica.freeze(false)
    try pair.replica.stop()
    for _ in 0..<20 { #expect(try await store.registration(at: row(1).device) == row(1)) }
    try await store.close()
    try await fixture.store.close()
    try pair.primary.stop()
  }
}

extension ReplicaTests.Pair {
  fileprivate func options(
    _ fixture: StoreFixture, stalenessMilliseconds: Int
  ) -> PostgresStoreOptions {
    var options = PostgresStoreOptions()
    options.readOnlyHosts = PostgresStoreOptions.ReadOnlyHosts(
      address: replica.address(database: fixture.database),
      maximumStalenessMilliseconds: stalenessMilliseconds)
    return options
  }

  /// Waits until the replica has the registry's database with all that is in it.
  fileprivate func catchUp(_ fixture: StoreFixture) async throws {
    let log = try primary.sql("SELECT pg_current_wal_flush_lsn()")
    for _ in 0..<500 {
      if try replica.sql("SELECT pg_last_wal_replay_lsn() >= '\(log)'") == "t" { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw ShellError(description: "the replica does not keep up")
  }

  /// Looks up until a server's own count of what it has read shows that it is asked.
  fileprivate func waitForLookUps(
    on server: PostgresServer, _ fixture: StoreFixture, _ store: PostgresRegistryStore
  ) async throws {
    let count = """
      SELECT coalesce(sum(idx_scan), 0) FROM pg_stat_user_tables
      WHERE relname = 'prove_registration'
      """
    let before = try server.sql(count, in: fixture.database)
    for _ in 0..<200 {
      for _ in 0..<5 { _ = try await store.registration(at: row(2).device) }
      if try server.sql(count, in: fixture.database) != before { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw ShellError(description: "the replica is never asked")
  }
}

extension StoreFixture {
  /// Closes the store without asking its server, which may be gone.
  fileprivate func discard() async {
    // Nothing depends on it.
    try? await store.close()
  }
}
