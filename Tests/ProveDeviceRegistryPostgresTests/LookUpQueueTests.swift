import Dispatch
import PostgresTestSupport
import ProveDeviceRegistry
import ProveKeyPlatform
import ProveKeySealing
import Testing

@testable import ProveDeviceRegistryPostgres

@Suite("Look-ups that arrive together")
struct LookUpQueueTests {
  let fixture: StoreFixture
  private let asked = Locked(0)

  init() async throws {
    fixture = try await StoreFixture()
    for start in stride(from: 0, to: 100, by: 50) {
      _ = try await fixture.store.write((start..<start + 50).map { .insert(row($0)) })
    }
    try await fixture.store.close()
  }

  private func pool(_ change: (inout PoolLimits) -> Void = { _ in }) throws -> ConnectionPool {
    var limits = PoolLimits()
    limits.waitTimeoutMilliseconds = 240_000
    limits.noteWait = { [asked] _ in asked.withLock { $0 += 1 } }
    change(&limits)
    let address = try address
    return ConnectionPool(limits) { () throws(PostgresError) in
      try ServerConnection.connect(to: address, Self.patient)
    }
  }

  private var address: ServerAddress {
    get throws { try ServerAddress(fixture.server.address(database: fixture.database)) }
  }

  /// Time limits that a busy machine keeps.
  private static let patient = {
    var settings = SessionSettings()
    settings.connectTimeoutMilliseconds = 60_000
    settings.statementTimeoutMilliseconds = 240_000
    settings.lockTimeoutMilliseconds = 240_000
    settings.idleInTransactionTimeoutMilliseconds = 240_000
    return settings
  }()

  /// Waits until something is so, for two minutes at most.
  private func wait(until condition: () -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(120)
    while !condition(), ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(5)) }
    #expect(condition())
  }

  /// Asks for all at once; gives what each got.
  private func answers(
    _ numbers: Range<Int>, from queue: LookUpQueue
  ) async -> [Int: Result<StoredRegistration?, PostgresError>] {
    await withTaskGroup(of: (Int, Result<StoredRegistration?, PostgresError>).self) { group in
      for number in numbers {
        group.addTask {
          do throws(PostgresError) {
            return (number, .success(try await queue.registration(at: .numbered(number))))
          } catch { return (number, .failure(error)) }
        }
      }
      return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
  }

  /// Lets all wait for the pool's only connection, does something meanwhile, and sees each get its
  /// own answer once the connection is free.
  private func expectAnswers(
    _ numbers: Range<Int>, from queue: LookUpQueue, whileBusy pool: ConnectionPool,
    meanwhile: () async throws -> Void = {}
  ) async throws {
    let gate = DispatchSemaphore(value: 0)
    let busy = try await occupy(pool, gate)
    let asking = Task { await answers(numbers, from: queue) }
    try await wait { queue.waitingCount == numbers.count }
    try await meanwhile()
    gate.signal()
    let found = await asking.value
    try await busy.value
    for number in numbers {
      #expect(try found[number]?.get() == (number < 100 ? row(number) : nil))
    }
  }

  /// Lets callers ask at once, each again and again; each gets the right answer, and none is left.
  private func ask(_ queue: LookUpQueue, callers: Int, times: Int) async throws {
    try await withThrowingTaskGroup { group in
      for caller in 0..<callers {
        group.addTask {
          for number in 0..<times {
            let wanted = (caller * 13 + number) % 100
            try #require(try await queue.registration(at: .numbered(wanted)) == row(wanted))
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(queue.waitingCount == 0)
  }

  /// Keeps a connection of a pool busy until the gate is signalled.
  private func occupy(_ pool: ConnectionPool, _ gate: DispatchSemaphore) async throws -> Task<
    Void, any Error
  > {
    let before = pool.counts.workers - pool.counts.idle
    let task = Task { try await pool.run { _ throws(PostgresError) in gate.wait() } }
    try await wait { pool.counts.workers - pool.counts.idle > before }
    return task
  }

  @Test("each gets its own answer, also that there is none, and few ask for a connection (U1)")
  func together() async throws {
    let pool = try pool { $0.connections = 1 }
    let queue = LookUpQueue(pool)
    try await expectAnswers(80..<120, from: queue, whileBusy: pool)
    // One for the work before, and for 40 look-ups two or three.
    #expect(asked.withLock { $0 } <= 4)
    _ = await pool.close()
  }

  @Test("look-ups one after the other need few connections, many at once get their own (U1)")
  func connections() async throws {
    let pool = try pool()
    let queue = LookUpQueue(pool)
    for number in 0..<50 {
      #expect(try await queue.registration(at: .numbered(number)) == row(number))
    }
    // A second while the first ends its trip; more only where each time 20 ms go by.
    #expect(pool.counts.workers < PoolLimits().connections)
    try await ask(queue, callers: 40, times: 50)
    _ = await pool.close()
  }

  @Test(
    "nobody is forgotten when a connection goes back to the pool amid many look-ups (U1)",
    .timeLimit(.minutes(5)))
  func longRun() async throws {
    let pool = try pool { $0.connections = 2 }
    let queue = LookUpQueue(pool, tripsLimit: 2)
    try await ask(queue, callers: 12, times: 200)
    _ = await pool.close()
  }

  @Test("a server that hangs on two connections does not hold up the next look-up (U2)")
  func hanging() async throws {
    let pool = try pool { $0.connections = 3 }
    let queue = LookUpQueue(pool)
    // Nobody reads the row that another transaction has locked the table of.
    let connection = try ServerConnection.connect(to: address, Self.patient)
    try connection.run(SQLStatement(once: "begin", "BEGIN"))
    try connection.run(
      SQLStatement(once: "lock", "LOCK TABLE prove_registration IN ACCESS EXCLUSIVE MODE"))
    var stuck: [Task<StoredRegistration?, any Error>] = []
    var asked = ContinuousClock.now
    for number in 0..<3 {
      asked = .now
      stuck.append(Task { try await queue.registration(at: .numbered(number)) })
      try await wait { pool.counts.workers == number + 1 && queue.waitingCount == 0 }
    }
    #expect(asked.duration(to: .now) >= .milliseconds(20), "two serve without a crowd (U1)")
    try connection.run(SQLStatement(once: "rollback", "ROLLBACK"))
    for number in 0..<3 { #expect(try await stuck[number].value == row(number)) }
    _ = await pool.close()
  }

  @Test("one too many is refused at once, the others are answered (U3)")
  func bounded() async throws {
    let pool = try pool {
      $0.connections = 1
      $0.waiters = 5
    }
    let queue = LookUpQueue(pool)
    try await expectAnswers(0..<5, from: queue, whileBusy: pool) {
      let error = await #expect(throws: PostgresError.self) {
        try await queue.registration(at: .numbered(7))
      }
      #expect(error?.kind == .poolFull)
    }
    _ = await pool.close()
  }

  @Test("when there is no connection all who wait are told, and those after them are served")
  func noConnection() async throws {
    let pool = try pool {
      $0.connections = 1
      $0.waitTimeoutMilliseconds = 100
    }
    let queue = LookUpQueue(pool)
    let gate = DispatchSemaphore(value: 0)
    let busy = try await occupy(pool, gate)
    for (_, answer) in await answers(0..<10, from: queue) {
      guard case .failure(let error) = answer else {
        Issue.record("answered without a connection")
        continue
      }
      #expect(error.kind == .poolTimedOut)
    }
    gate.signal()
    try await busy.value
    try await wait { pool.counts.idle == 1 }
    #expect(try await queue.registration(at: .numbered(1)) == row(1))
    _ = await pool.close()
  }
}
