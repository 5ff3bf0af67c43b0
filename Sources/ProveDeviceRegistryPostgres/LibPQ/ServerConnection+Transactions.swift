extension ServerConnection {
  /// How a transaction block begins.
  enum Opening {
    /// Each statement sees what was committed before it began; writes compare and set.
    case readCommitted
    /// All statements see one state; nothing is written.
    case snapshot

    var statement: SQLStatement {
      switch self {
      case .readCommitted: Self.begin
      case .snapshot: Self.beginSnapshot
      }
    }

    private static let begin = SQLStatement(
      "begin", "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
    private static let beginSnapshot = SQLStatement(
      "begin_snapshot", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
  }

  static let commit = SQLStatement("commit", "COMMIT")
  static let rollback = SQLStatement("rollback", "ROLLBACK")

  /// Begins a transaction and runs the first commands in it: one round trip.
  func begin(_ opening: Opening, _ commands: [Command]) throws(PostgresError) -> [ResultRows] {
    Array(try exchange([Command(opening.statement)] + commands).dropFirst())
  }

  /// Runs the last commands of a transaction and commits: one round trip.
  ///
  /// - Throws: with `connectionLost`, when the outcome is unknown; with `commitUncertain`, when the
  ///   server warned that it gave up waiting for its replicas. Otherwise nothing was committed.
  func commit(after commands: [Command] = []) throws(PostgresError) -> [ResultRows] {
    _ = takeWarnings()
    let results = try exchange(commands + [Command(Self.commit)])
    // A transaction that had failed is rolled back by COMMIT, which then says so.
    guard results.last?.tag == "COMMIT" else {
      throw PostgresError(.serialization, operation: "commit")
    }
    guard takeWarnings() == 0 else {
      abandon()
      throw PostgresError(.commitUncertain, operation: "commit")
    }
    return Array(results.dropLast())
  }

  /// Runs `body`, which begins and ends a transaction; whatever it throws, none is left open.
  func transaction<R>(
    _ body: () throws(PostgresError) -> R
  ) throws(PostgresError) -> R {
    do { return try body() } catch {
      if !isBroken {
        // The session is of no use where even this fails; the first failure is what is told.
        do throws(PostgresError) { try run(Self.rollback) } catch { abandon() }
      }
      throw error
    }
  }
}
