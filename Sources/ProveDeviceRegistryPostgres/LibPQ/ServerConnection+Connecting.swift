import CLibPQ

/// How sessions are made.
struct SessionSettings: Sendable {
  /// How long connecting to one host may take.
  var connectTimeoutMilliseconds = 5000
  /// How long a statement may run on the server.
  var statementTimeoutMilliseconds = 5000
  /// How long a statement may wait for a lock.
  var lockTimeoutMilliseconds = 2000
  /// How long a transaction may lie idle before the server ends the session.
  var idleInTransactionTimeoutMilliseconds = 10_000
  /// How long beyond a statement's time limit an answer may take before the session counts as lost.
  var answerGraceMilliseconds = 2000
  /// Which server is wanted, where the connection string does not say.
  var role: ServerAddress.Role = .any
}

extension ServerConnection {
  /// Makes a session with the first of the address's hosts that will have it.
  ///
  /// - Parameter firstHost: where to begin among the hosts; the others follow in their order.
  /// - Throws: ``PostgresError``: where a server refused by name, its refusal, else the last
  ///   host's failure.
  static func connect(
    to address: ServerAddress, _ settings: SessionSettings, firstHost: Int = 0
  ) throws(PostgresError) -> ServerConnection {
    var telling: PostgresError?
    for role in (address.role ?? settings.role).passes {
      for turn in 0..<address.hostCount {
        let host = (firstHost + turn) % address.hostCount
        do throws(PostgresError) {
          return try connect(address.parameters(host: host, role: role), address, settings)
        } catch {
          if telling?.state == nil || error.state != nil { telling = error }
        }
      }
    }
    throw telling ?? PostgresError(.cannotConnect, operation: "connect")
  }

  private static func connect(
    _ parameters: [(keyword: String, value: String)], _ address: ServerAddress,
    _ settings: SessionSettings
  ) throws(PostgresError) -> ServerConnection {
    let handle = try ServerHandle(starting: parameters)
    let limit = address.connectTimeoutMilliseconds ?? settings.connectTimeoutMilliseconds
    let deadline = Deadline.after(milliseconds: limit)
    var next = PGRES_POLLING_WRITING
    while next != PGRES_POLLING_OK {
      guard handle.isWorthPolling, next != PGRES_POLLING_FAILED else {
        throw refusal(handle, parameters)
      }
      guard handle.wait(for: next, until: deadline) else {
        throw PostgresError(.cannotConnect, operation: "connect", message: "no answer in time")
      }
      next = unsafe PQconnectPoll(handle.pointer)
    }
    let connection = try ServerConnection(
      handle,
      answerTimeoutMilliseconds: settings.statementTimeoutMilliseconds
        + settings.answerGraceMilliseconds)
    try connection.prepareSession(settings)
    return connection
  }

  /// What a connection's end before its beginning means.
  private static func refusal(
    _ handle: ServerHandle, _ parameters: [(keyword: String, value: String)]
  ) -> PostgresError {
    let message = handle.message
    if let state = SQLState(endOf: message) {
      let kind = PostgresError.Kind(state)
      return PostgresError(
        kind == .connectionLost ? .cannotConnect : kind, state: state, operation: "connect")
    }
    // The words of libpq and of the TLS library name hosts and certificates. Should a password have
    // found its way into them, they are not worth it.
    let secrets = parameters.filter { $0.keyword.contains("password") && !$0.value.isEmpty }
    let isSafe = secrets.allSatisfy { !message.contains($0.value) }
    let line = message.split(whereSeparator: \.isNewline).joined(separator: "; ")
    return PostgresError(
      .cannotConnect, operation: "connect", message: isSafe ? String(line.prefix(300)) : nil)
  }

  /// Sets the server's time limits, and sees to it that a commit is on disk when it returns.
  private func prepareSession(_ settings: SessionSettings) throws(PostgresError) {
    let results = try exchange([
      Self.setting("statement_timeout", settings.statementTimeoutMilliseconds),
      Self.setting("lock_timeout", settings.lockTimeoutMilliseconds),
      Self.setting(
        "idle_in_transaction_session_timeout", settings.idleInTransactionTimeoutMilliseconds),
      Command(SQLStatement(once: "show", "SHOW synchronous_commit")),
    ])
    guard let shown = results.last, shown.count == 1, try shown.text(0, 0) == "off" else { return }
    try run(SQLStatement(once: "set", "SET synchronous_commit TO on"))
  }

  private static func setting(_ name: String, _ milliseconds: Int) -> Command {
    Command(SQLStatement(once: "set", "SET \(name) TO \(milliseconds)"))
  }
}

extension ServerHandle {
  fileprivate var isWorthPolling: Bool { unsafe PQstatus(pointer) != CONNECTION_BAD }

  fileprivate func wait(for next: PostgresPollingStatusType, until deadline: Deadline) -> Bool {
    wait(next == PGRES_POLLING_WRITING ? .writable : .readable, until: deadline)
  }
}
