import CLibPQ

/// One session with a PostgreSQL server, used by one thread, which waits for its answers.
///
/// - L1: every wait has an end: a server that does not answer in time counts as lost.
/// - L2: a failed command leaves the session ready for the next exchange, or broken.
/// - L3: no error carries a value that was sent or received.
final class ServerConnection {
  /// How long the server may take to answer, in milliseconds, beyond its own time limits.
  let answerTimeoutMilliseconds: Int
  /// When the session was made.
  let madeAt = ContinuousClock.now
  /// Whether the session is known to be of no more use.
  private(set) var isBroken = false

  private let handle: ServerHandle
  private var prepared: Set<SQLStatement> = []

  /// Takes over a session that was made; it stays in pipeline mode from now on.
  init(_ handle: ServerHandle, answerTimeoutMilliseconds: Int) throws(PostgresError) {
    self.handle = handle
    self.answerTimeoutMilliseconds = answerTimeoutMilliseconds
    let isReady =
      unsafe PQsetnonblocking(handle.pointer, 1) == 0
      && PQenterPipelineMode(handle.pointer) == 1
    guard isReady else { throw PostgresError(.connectionLost, operation: "connect") }
  }

  /// Sends commands together and waits for all their results: one round trip, and one more for
  /// statements that this session has not seen.
  ///
  /// - Returns: a result for each command, in their order.
  /// - Throws: the first failure; the commands after it were not run. Outside of a transaction
  ///   block, nothing of the exchange took effect.
  func exchange(_ commands: [Command]) throws(PostgresError) -> [ResultRows] {
    try prepareMissing(commands)
    return try breaking { () throws(PostgresError) in
      let deadline = Deadline.after(milliseconds: answerTimeoutMilliseconds)
      for command in commands { try send(command) }
      return try finish(commands.lazy.map(\.statement.name), deadline)
    }
  }

  /// Runs one command.
  func run(_ command: Command) throws(PostgresError) -> ResultRows {
    let results = try exchange([command])
    guard let result = results.first else {
      throw PostgresError(.unexpectedAnswer, operation: command.statement.name)
    }
    return result
  }

  /// Runs one command without parameters.
  @discardableResult
  func run(_ statement: SQLStatement) throws(PostgresError) -> ResultRows {
    try run(Command(statement))
  }

  /// How many warnings the server has sent since the last call.
  func takeWarnings() -> Int { handle.takeWarnings() }

  /// Whether the server has closed an idle session, as far as can be seen without asking.
  ///
  /// It sends nothing unasked but its farewell and news of its settings; either is reason enough to
  /// begin anew.
  func hasBeenClosed() -> Bool {
    guard !isBroken else { return true }
    isBroken = handle.wait(until: .after(milliseconds: 0)) || !handle.isUp
    return isBroken
  }

  /// Gives the session up, so that nobody uses it again.
  func abandon() { isBroken = true }

  // MARK: Sending

  private func prepareMissing(_ commands: [Command]) throws(PostgresError) {
    var missing: [SQLStatement] = []
    for command in commands where command.statement.isPrepared {
      let statement = command.statement
      if !prepared.contains(statement), !missing.contains(statement) { missing.append(statement) }
    }
    guard !missing.isEmpty else { return }
    try breaking { () throws(PostgresError) in
      let deadline = Deadline.after(milliseconds: answerTimeoutMilliseconds)
      for statement in missing { try prepare(statement) }
      _ = try finish(missing.map { "prepare \($0.name)" }, deadline)
    }
    prepared.formUnion(missing)
  }

  private func prepare(_ statement: SQLStatement) throws(PostgresError) {
    let types = statement.parameterTypes.map { Oid($0.rawValue) }
    let isSent = unsafe PQsendPrepare(
      handle.pointer, statement.name, statement.text, Int32(types.count), types)
    guard isSent == 1 else { throw lost("prepare \(statement.name)") }
  }

  private func send(_ command: Command) throws(PostgresError) {
    let parameters = command.parameters
    let count = parameters.lengths.count
    precondition(
      count == command.statement.parameterTypes.count && count <= Self.binary.count,
      "a value for each parameter")
    let isSent = unsafe parameters.bytes.withUnsafeBytes { bytes in
      unsafe withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) {
        values in
        // A value without bytes must not be a null pointer, which stands for NULL.
        var next = unsafe bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 8)
        for index in 0..<count {
          let length = Int(parameters.lengths[index])
          let value = unsafe length < 0 ? nil : next?.assumingMemoryBound(to: CChar.self)
          unsafe values.initializeElement(at: index, to: value)
          unsafe next = next.map { unsafe $0 + max(length, 0) }
        }
        guard command.statement.isPrepared else {
          return unsafe PQsendQueryParams(
            handle.pointer, command.statement.text, 0, nil, nil, nil, nil, 1)
        }
        return unsafe PQsendQueryPrepared(
          handle.pointer, command.statement.name, Int32(count), values.baseAddress,
          parameters.lengths, Self.binary, 1)
      }
    }
    guard isSent == 1 else { throw lost(command.statement.name) }
  }

  /// The format of each parameter, for as many as a statement may have.
  private static let binary = [Int32](repeating: 1, count: 64)

  // MARK: Receiving

  /// Ends an exchange: sends what is waiting, and reads a result for each name.
  private func finish(
    _ names: some Collection<String>, _ deadline: Deadline
  ) throws(PostgresError) -> [ResultRows] {
    let operation = names.first ?? "synchronize"
    guard unsafe PQpipelineSync(handle.pointer) == 1 else { throw lost(operation) }
    try flush(operation, deadline)
    var results: [ResultRows] = []
    results.reserveCapacity(names.count)
    var failure: PostgresError?
    for name in names {
      guard let result = try nextResult(name, deadline) else { throw lost(name) }
      switch result.status {
      case PGRES_COMMAND_OK, PGRES_TUPLES_OK: results.append(result)
      case PGRES_PIPELINE_ABORTED: break
      default: failure = failure ?? self.failure(result, name)
      }
      // Each command's results are ended by none.
      guard try nextResult(name, deadline) == nil else { throw unexpected(name) }
    }
    guard let end = try nextResult("synchronize", deadline), end.status == PGRES_PIPELINE_SYNC
    else { throw failure ?? lost(operation) }
    if let failure { throw failure }
    guard results.count == names.count else { throw unexpected(operation) }
    return results
  }

  /// Sends all that libpq holds, reading meanwhile so that neither side waits for the other.
  private func flush(_ operation: String, _ deadline: Deadline) throws(PostgresError) {
    while true {
      switch unsafe PQflush(handle.pointer) {
      case 0: return
      case 1:
        guard handle.wait(.either, until: deadline),
          unsafe PQconsumeInput(handle.pointer) == 1
        else { throw lost(operation) }
      default: throw lost(operation)
      }
    }
  }

  private func nextResult(
    _ operation: String, _ deadline: Deadline
  ) throws(PostgresError) -> ResultRows? {
    while unsafe PQisBusy(handle.pointer) == 1 {
      guard handle.wait(until: deadline) else { throw lost(operation) }
      guard unsafe PQconsumeInput(handle.pointer) == 1 else { throw lost(operation) }
    }
    guard let result = unsafe PQgetResult(handle.pointer) else { return nil }
    return unsafe ResultRows(owning: result)
  }

  private func failure(_ result: ResultRows, _ name: String) -> PostgresError {
    // A failure without a state is libpq's own: the connection broke.
    guard let state = result.state else { return lost(name) }
    return PostgresError(state, operation: name)
  }

  private func lost(_ operation: String) -> PostgresError {
    PostgresError(.connectionLost, operation: operation)
  }

  private func unexpected(_ operation: String) -> PostgresError {
    PostgresError(.unexpectedAnswer, operation: operation)
  }

  /// Notes when a failure has ended the session (L2).
  private func breaking<R>(
    _ body: () throws(PostgresError) -> R
  ) throws(PostgresError) -> R {
    guard !isBroken else { throw lost("use") }
    do { return try body() } catch {
      if error.kind.endsSession || !handle.isUp { isBroken = true }
      throw error
    }
  }
}
