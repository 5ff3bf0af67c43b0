import ProveDeviceRegistry
import ProveKeySealing

/// Writes batches over one connection, each in a transaction of two round trips.
///
/// - W3: the id of a batch is written in the batch's own transaction. A second attempt at a batch
///   waits for the first one's transaction to end, and has no effect when that was committed.
/// - W4: a batch found committed is acknowledged only after a commit of our own, which waits for the
///   replicas that the first one may not have waited for.
/// - W5: buckets of the set digests are locked after all other rows and in ascending order (G10).
struct PostgresWriter {
  let connection: ServerConnection
  /// Nothing where no set digests are kept.
  let ledger: SetLedger?

  /// A batch with all that one attempt needs.
  struct Request: Sendable {
    let id: WriteID
    let plan: WritePlan
    let changes: SetChanges
    /// The day under which the id is kept.
    let day: Int64
    /// The id of an earlier batch, which need not be known any longer.
    let forgotten: WriteID?
  }

  /// Makes one attempt.
  /// - Throws: ``Failure``; only with `unknown` may the batch have taken effect.
  func write(_ request: Request) throws(Failure) -> WriteOutcome {
    let results: [ResultRows]
    do throws(PostgresError) {
      results = try connection.transaction { () throws(PostgresError) in
        try connection.begin(.readCommitted, commands(request))
      }
    } catch { throw .refused(error) }
    let changed = results.dropFirst().prefix(request.plan.steps.count)
    if results.first?.changed == 0 {
      try rollBack()
      return try acknowledge(request.id)
    }
    if let index = request.plan.conflict(in: changed) {
      try rollBack()
      return .conflict(at: index)
    }
    let updates: [Command]
    do throws(RegistryError) {
      let buckets = ledger == nil ? 0 : request.changes.buckets.count
      updates = try digestUpdates(request.changes, results.suffix(buckets))
    } catch {
      try rollBack()
      throw .registry(error)
    }
    try commit(updates)
    return .applied
  }

  /// Why an attempt failed.
  enum Failure: Error {
    /// Nothing took effect.
    case refused(PostgresError)
    /// The commit was under way: it may have taken effect.
    case unknown(PostgresError)
    /// The rows of the set digests are missing or damaged; nothing took effect.
    case registry(RegistryError)
  }

  private func commands(_ request: Request) -> [Command] {
    var insert = Command(PostgresSQL.insertWrite)
    insert.add(request.id.bytes)
    insert.add(request.day)
    var commands = [insert] + request.plan.steps.map(\.command)
    if let forgotten = request.forgotten {
      var delete = Command(PostgresSQL.deleteWrite)
      delete.add(forgotten.bytes)
      commands.append(delete)
    }
    guard ledger != nil else { return commands }
    for bucket in request.changes.buckets {
      var command = Command(PostgresSQL.lockedDigest)
      command.add(Int64(bucket))
      commands.append(command)
    }
    return commands
  }

  private func digestUpdates(
    _ changes: SetChanges, _ rows: some Collection<ResultRows>
  ) throws(RegistryError) -> [Command] {
    guard let ledger else { return [] }
    var commands: [Command] = []
    for result in rows {
      guard result.count == 1 else { throw .store(.setDigestsMissing) }
      let row: StoredDigest
      do { row = try result.storedDigest(0) } catch { throw .damaged(table: "bucket") }
      let next = try ledger.applying(changes, to: row)
      var command = Command(PostgresSQL.updateDigest)
      command.add(Int64(next.bucket))
      command.add(Int64(clamping: next.version))
      command.add(next.sealed)
      command.add(Int64(clamping: row.version))
      commands.append(command)
    }
    return commands
  }

  /// Tells that a batch took effect, once that is as durable as a commit is here (W4).
  private func acknowledge(_ id: WriteID) throws(Failure) -> WriteOutcome {
    var touch = Command(PostgresSQL.touchWrite)
    touch.add(id.bytes)
    do throws(PostgresError) {
      _ = try connection.transaction { () throws(PostgresError) in
        try connection.begin(.readCommitted, [touch])
      }
    } catch { throw .unknown(error) }
    try commit([])
    return .applied
  }

  private func commit(_ commands: [Command]) throws(Failure) {
    do throws(PostgresError) {
      _ = try connection.transaction { () throws(PostgresError) in
        try connection.commit(after: commands)
      }
    } catch {
      // A refusal by name is definite; a session that ended while it committed is not.
      let isUnknown = error.kind == .connectionLost || error.kind == .commitUncertain
      throw isUnknown ? .unknown(error) : .refused(error)
    }
  }

  private func rollBack() throws(Failure) {
    do throws(PostgresError) { try connection.run(ServerConnection.rollback) } catch {
      // The server undoes what was not committed; whether it says so does not matter.
      connection.abandon()
    }
  }
}
