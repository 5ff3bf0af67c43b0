import ProveKeySealing
import SQLiteDatabase

/// The sealed records of one vault and the proof that the set of them is whole.
///
/// Not `Sendable`: its owner keeps it under a lock. Invariants, cited by number elsewhere:
/// - V1. Durable when returned: a write is one transaction with `synchronous=FULL`; one that
///   throws leaves nothing behind, in the file or in memory.
/// - V2. The set is whole: the sealed state, written in the same transaction as the rows, names
///   their count and the sum of their elements (locator, version, commitment, namespace). A row
///   that was deleted, put back, moved, copied or added by anyone else is found at opening.
/// - V3. A version is never used twice: it is the generation of the transaction that wrote the row,
///   and each transaction that writes raises the generation by one.
/// - V4. What is read is what was written last: a row must have the namespace, version and
///   commitment of the trusted set, which also answers what is absent.
/// - V5. Header and data keys are those that the state names by hash.
/// - V6. In shared mode every answer and every write comes from a transaction that has seen the
///   trusted state; another one is verified anew, and one that is not newer is refused.
/// - V7. After a failed write the next call compares the state as in shared mode.
final class RecordStore {
  /// The unlocked keys.
  let keys: StoreKeys
  /// Who else may use the file.
  let mode: VaultMode
  let connection: Connection
  let table: RecordTable
  /// The rows as they are trusted; nothing before the first verification.
  var trusted: TrustedSet?
  /// What remembers, away from the file, how far the vault has come.
  var anchor: (any RollbackAnchor)?
  /// How the vault is unlocked, as its header says.
  var unlockMethodName = ""
  /// Rises when the set was verified anew: what was kept in memory before is then out of date.
  var verifications: UInt64 = 0
  private var mustCompareState = true

  init(_ connection: Connection, _ keys: StoreKeys, mode: VaultMode) {
    self.keys = keys
    self.mode = mode
    self.connection = connection
    table = RecordTable(connection)
  }

  /// Whether what was trusted last is so still, without asking the file (V6, V7).
  var isSettled: Bool { mode == .exclusive && !mustCompareState }

  /// Runs `body` on a set that is trusted and does not change meanwhile (V4, V6).
  func reading<R>(
    _ body: (RecordReader) throws(VaultError) -> R
  ) throws(VaultError) -> R {
    switch mode {
    case .exclusive:
      if mustCompareState { try compareStateInTransaction() }
      return try body(RecordReader(store: self))
    case .shared:
      return try connection.transaction(.deferred) { () throws(VaultError) in
        try compareState()
        return try body(RecordReader(store: self))
      }
    }
  }

  /// Runs `body` in one transaction that also writes the new state; all of it is durable when this
  /// returns, or nothing was changed (V1).
  ///
  /// The anchor is moved afterwards: should that fail, the write stands and the anchor's error is
  /// thrown.
  /// - Parameter committed: does what follows a write that stands, also when the anchor fails.
  func writing<R>(
    _ body: (RecordWriter) throws(VaultError) -> R, committed: (R) -> Void = { _ in }
  ) throws(VaultError) -> R {
    let commit = try committing(body)
    committed(commit.result)
    return try commit.get()
  }

  /// As ``writing(_:)``, for a caller who has more to do once the write is durable: what the anchor
  /// said of it is told with the result.
  func committing<R>(
    _ body: (RecordWriter) throws(VaultError) -> R
  ) throws(VaultError) -> Commit<R> {
    let (result, hasWritten) = try inTransaction(body)
    guard hasWritten else { return Commit(result: result, anchorFailure: nil) }
    do throws(VaultError) {
      try advanceAnchor()
      return Commit(result: result, anchorFailure: nil)
    } catch {
      // Whoever would empty the log of what was deleted may not come to it now.
      truncateLog()
      return Commit(result: result, anchorFailure: error)
    }
  }

  private func inTransaction<R>(
    _ body: (RecordWriter) throws(VaultError) -> R
  ) throws(VaultError) -> (R, hasWritten: Bool) {
    var undo: [RecordWriter.Change] = []
    var before: (state: SetState, sealed: [UInt8])?
    do throws(VaultError) {
      return try connection.transaction(.immediate) { () throws(VaultError) in
        if mode == .shared || mustCompareState { try compareState() }
        // Not the whole set: a second owner of it would make each change copy all of it.
        guard let state = trusted?.state, let sealed = trusted?.sealedState else {
          throw .damaged(VaultDamage(.state, .missing))
        }
        before = (state, sealed)
        let writer = try RecordWriter(store: self, generation: state.generation)
        defer { undo = writer.changes }
        let result = try body(writer)
        if writer.hasWritten { try writeState() }
        return (result, writer.hasWritten)
      }
    } catch {
      mustCompareState = true
      for change in undo.reversed() { trusted?.set(change.before, at: change.locator, keys) }
      if let before {
        trusted?.restore(before.state)
        trusted?.sealedState = before.sealed
      }
      throw error
    }
  }

  private func writeState() throws(VaultError) {
    trusted?.advance()
    guard let state = trusted?.state else { return }
    let sealed = try keys.seal(state)
    let wasThere = try wrapping { () throws(DatabaseError) in try table.updateState(sealed) }
    guard wasThere else { throw .damaged(VaultDamage(.state, .missing)) }
    trusted?.sealedState = sealed
  }

  private func compareStateInTransaction() throws(VaultError) {
    try connection.transaction(.deferred) { () throws(VaultError) in try compareState() }
  }

  /// Compares the state's bytes with those last trusted, and verifies the set anew unless they are
  /// the same.
  private func compareState() throws(VaultError) {
    let sealed = try wrapping { () throws(DatabaseError) in try table.state() }
    guard let sealed else { throw .damaged(VaultDamage(.state, .missing)) }
    if trusted?.sealedState != sealed { try verifySet(sealed) }
    mustCompareState = false
  }
}

/// The result of a write that is durable, and the error of the anchor when that could not follow.
struct Commit<R> {
  let result: R
  let anchorFailure: VaultError?

  /// The result; throws the anchor's error.
  func get() throws(VaultError) -> R {
    if let anchorFailure { throw anchorFailure }
    return result
  }
}

extension RecordStore {
  /// Closes the file.
  func close() throws(VaultError) {
    try wrapping { () throws(DatabaseError) in try connection.close() }
  }

  /// Moves the log into the file and empties it, so that sealed secrets that were deleted do not
  /// stay in it until it is overwritten.
  /// - Returns: whether it is empty now.
  @discardableResult
  func truncateLog() -> Bool {
    // The deletion itself is durable. A reader of another process may stand in the way; the log
    // is then emptied at a later call or when the last one closes.
    (try? connection.checkpoint(.truncate)) != nil
  }
}
