import Dispatch
import MetricsTestKit
import PostgresTestSupport
import ProveDeviceRegistry
import ProveKeyPlatform
import Testing

@testable import ProveDeviceRegistryPostgres

@Suite("A pool of connections")
struct PoolTests {
  private func pool(_ change: (inout PoolLimits) -> Void = { _ in }) throws -> ConnectionPool {
    var limits = PoolLimits()
    limits.connections = 2
    change(&limits)
    let address = try ServerAddress(PostgresServer.shared.get().address(database: "postgres"))
    return ConnectionPool(limits) { () throws(PostgresError) in
      try ServerConnection.connect(to: address, SessionSettings())
    }
  }

  private static let one = SQLStatement(once: "one", "SELECT 1::int8")
  private static let session = SQLStatement(once: "session", "SELECT pg_backend_pid()::int8")

  /// Keeps all connections of a pool busy until it is told to end.
  private struct Blockade {
    let gate = DispatchSemaphore(value: 0)
    let tasks: [Task<Void, any Error>]

    init(_ pool: ConnectionPool, _ count: Int) async throws {
      let gate = gate
      tasks = (0..<count).map { _ in
        Task { try await pool.run { _ throws(PostgresError) in gate.wait() } }
      }
      for _ in 0..<500 where pool.counts != PoolCounts(workers: count, idle: 0, waiting: 0) {
        try await Task.sleep(for: .milliseconds(5))
      }
      try #require(pool.counts == PoolCounts(workers: count, idle: 0, waiting: 0))
    }

    func end() async throws {
      for _ in tasks { gate.signal() }
      for task in tasks { try await task.value }
    }
  }

  @Test("times how long each caller waited, also in vain")
  func waits() async throws {
    let waits = Locked<[Duration]>([])
    let pool = try pool {
      $0.connections = 1
      $0.waiters = 1
      $0.noteWait = { start in waits.withLock { $0.append(ContinuousClock.now - start) } }
    }
    let blockade = try await Blockade(pool, 1)
    // The connection is begun, not there yet.
    for _ in 0..<1000 where waits.withLock({ $0.isEmpty }) {
      try await Task.sleep(for: .milliseconds(5))
    }
    #expect(waits.withLock { $0.count } == 1)
    let asked = ContinuousClock.now
    let waiter = Task { try await pool.run { _ throws(PostgresError) in } }
    for _ in 0..<500 where pool.counts.waiting == 0 { try await Task.sleep(for: .milliseconds(5)) }
    await #expect(throws: PostgresError.self) { try await pool.run { _ throws(PostgresError) in } }
    #expect(waits.withLock { $0.count } == 2, "one was refused at once")
    let known = ContinuousClock.now
    try await Task.sleep(for: .milliseconds(30))
    let least = ContinuousClock.now - known
    try await blockade.end()
    try await waiter.value
    let most = ContinuousClock.now - asked
    let waited = waits.withLock { $0 }
    #expect(waited.count == 3)
    #expect((least...most).contains(waited[2]), "\(waited)")
    _ = await pool.close()
  }

  @Test("tells its waits to the registry's metrics")
  func metrics() async throws {
    let metrics = TestMetrics()
    var options = PostgresStoreOptions()
    options.metrics = RegistryMetrics(factory: metrics)
    let fixture = try await StoreFixture(options)
    let timer = try metrics.expectTimer("prove_registry_pool_wait")
    let before = timer.values.count
    #expect(before > 0, "opening asks for a connection")
    _ = try await fixture.store.registration(at: row(1).device)
    #expect(timer.values.count > before)
    try await fixture.store.close()
  }

  @Test("never has more connections than its limit, and uses them again (P1)")
  func limit() async throws {
    let pool = try pool()
    let sessions = try await withThrowingTaskGroup(of: Int64.self) { group in
      for _ in 0..<200 {
        group.addTask {
          try await pool.run { connection throws(PostgresError) in
            try connection.run(Self.session).integer(0, 0)
          }
        }
      }
      return try await group.reduce(into: Set()) { $0.insert($1) }
    }
    #expect((1...2).contains(sessions.count))
    #expect(pool.counts.workers <= 2)
    #expect(await pool.close())
  }

  @Test("refuses one caller too many, and those who wait too long (P1)")
  func waiters() async throws {
    let pool = try pool {
      $0.waiters = 3
      $0.waitTimeoutMilliseconds = 150
    }
    let blockade = try await Blockade(pool, 2)
    let kinds = await withTaskGroup(of: PostgresError.Kind?.self) { group in
      for _ in 0..<5 {
        group.addTask {
          do throws(PostgresError) {
            try await pool.run { _ throws(PostgresError) in }
            return nil
          } catch { return error.kind }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(kinds.count { $0 == .poolFull } == 2)
    #expect(kinds.count { $0 == .poolTimedOut } == 3)
    #expect(pool.counts.waiting == 0)
    try await blockade.end()
    try await pool.run { _ throws(PostgresError) in }
    #expect(await pool.close())
  }

  @Test("forgets a caller who gives up while waiting (P2)")
  func cancellation() async throws {
    let pool = try pool()
    let blockade = try await Blockade(pool, 2)
    let begun = Locked(false)
    let waiting = Task {
      try await pool.run { _ throws(PostgresError) in begun.withLock { $0 = true } }
    }
    for _ in 0..<500 where pool.counts.waiting == 0 { try await Task.sleep(for: .milliseconds(2)) }
    waiting.cancel()
    let error = await #expect(throws: PostgresError.self) { try await waiting.value }
    #expect(error?.kind == .cancelled)
    #expect(pool.counts.waiting == 0)
    try await blockade.end()
    #expect(await pool.close())
    #expect(!begun.withLock { $0 })
  }

  @Test("replaces a connection that was closed while it lay idle (P3)")
  func replaced() async throws {
    let pool = try pool { $0.connections = 1 }
    let session = try await pool.run { connection throws(PostgresError) in
      try connection.run(Self.session).integer(0, 0)
    }
    let server = try PostgresServer.shared.get()
    try server.sql("SELECT pg_terminate_backend(\(session), 5000)")
    let other = try await pool.run { connection throws(PostgresError) in
      try connection.run(Self.session).integer(0, 0)
    }
    #expect(other != session)
    #expect(await pool.close())
  }

  @Test("asks a connection that lay idle for long, and closes it when nobody needs it")
  func idle() async throws {
    let pool = try pool {
      $0.connections = 1
      $0.unaskedLimitMilliseconds = -1
      $0.idleLimitMilliseconds = 50
    }
    for _ in 0..<3 {
      let rows = try await pool.run { connection throws(PostgresError) in
        try connection.run(Self.one).integer(0, 0)
      }
      #expect(rows == 1)
    }
    for _ in 0..<500 where pool.counts.workers > 0 { try await Task.sleep(for: .milliseconds(5)) }
    #expect(pool.counts == PoolCounts(workers: 0, idle: 0, waiting: 0))
    try await pool.run { _ throws(PostgresError) in }
    #expect(await pool.close())
  }

  @Test("when it closes, lets work end, refuses those who wait and leaves no thread (P4)")
  func closing() async throws {
    let pool = try pool()
    let blockade = try await Blockade(pool, 2)
    let waiting = Task { try await pool.run { _ throws(PostgresError) in } }
    for _ in 0..<500 where pool.counts.waiting == 0 { try await Task.sleep(for: .milliseconds(2)) }
    let closing = Task { await pool.close() }
    let error = await #expect(throws: PostgresError.self) { try await waiting.value }
    #expect(error?.kind == .closed)
    try await blockade.end()
    #expect(await closing.value)
    #expect(pool.counts == PoolCounts(workers: 0, idle: 0, waiting: 0))
    let late = await #expect(throws: PostgresError.self) {
      try await pool.run { _ throws(PostgresError) in }
    }
    #expect(late?.kind == .closed)
    #expect(await pool.close() == false)
  }

  @Test("more work at once than there are processors leaves other tasks running")
  func cooperation() async throws {
    let pool = try pool { $0.connections = 20 }
    let blockade = try await Blockade(pool, 20)
    // Twenty calls wait for a server; Swift's few threads are free.
    let sums = await withTaskGroup(of: Int.self) { group in
      for number in 0..<100 { group.addTask { number } }
      return await group.reduce(0, +)
    }
    #expect(sums == 4950)
    try await blockade.end()
    #expect(await pool.close())
  }
}
