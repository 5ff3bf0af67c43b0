import CSQLite

/// When a transaction takes its locks.
package enum TransactionKind: Sendable {
  /// At the first statement that needs them.
  case deferred
  /// The writer's lock at once, so that no statement in it fails for being late.
  case immediate
  /// As immediate with a write-ahead log.
  case exclusive
}

extension Connection {
  /// Runs `body` in a transaction: all of it is committed, or nothing (invariant C4).
  ///
  /// The closure needs its error's type written out:
  /// `try connection.transaction { () throws(VaultError) in ... }`.
  /// - Parameters:
  ///   - kind: when to take the locks.
  ///   - body: the work; what it throws rolls back and is thrown on.
  /// - Throws: what `body` throws, or the failure to begin or commit; either way nothing remains.
  package func transaction<R: ~Copyable, Failure: DatabaseErrorConvertible>(
    _ kind: TransactionKind = .immediate, _ body: () throws(Failure) -> R
  ) throws(Failure) -> R {
    do throws(DatabaseError) {
      try begin(kind)
    } catch {
      throw Failure(database: error)
    }
    let result: R
    do throws(Failure) {
      result = try body()
    } catch {
      rollBackIfNeeded()
      throw error
    }
    do throws(DatabaseError) {
      try commit()
    } catch {
      rollBackIfNeeded()
      throw Failure(database: error)
    }
    return result
  }

  /// Runs `body` in a savepoint of the present transaction; savepoints nest.
  ///
  /// The closure needs its error's type written out, as for ``transaction(_:_:)``.
  /// - Throws: what `body` throws, after undoing what it did; or the database's own failure.
  package func savepoint<R: ~Copyable, Failure: DatabaseErrorConvertible>(
    _ body: () throws(Failure) -> R
  ) throws(Failure) -> R {
    guard isInTransaction else {
      throw Failure(
        database: DatabaseError(
          .misuse, operation: "savepoint", message: "no transaction to nest in"))
    }
    do throws(DatabaseError) {
      try control("SAVEPOINT nested")
    } catch {
      throw Failure(database: error)
    }
    let result: R
    do throws(Failure) {
      result = try body()
    } catch {
      try undoSavepoint(as: Failure.self)
      throw error
    }
    do throws(DatabaseError) {
      try control("RELEASE nested")
    } catch {
      try undoSavepoint(as: Failure.self)
      throw Failure(database: error)
    }
    return result
  }

  /// Begins a transaction that ``commit()`` or ``rollback()`` ends.
  package func begin(_ kind: TransactionKind = .immediate) throws(DatabaseError) {
    guard !isInTransaction else {
      throw DatabaseError(.misuse, operation: "begin", message: "a transaction is under way")
    }
    stopReading()
    switch kind {
    case .deferred: try control("BEGIN DEFERRED")
    case .immediate: try control("BEGIN IMMEDIATE")
    case .exclusive: try control("BEGIN EXCLUSIVE")
    }
  }

  /// Commits; when it throws, the transaction may still be under way and has to be rolled back.
  ///
  /// - Throws: ``DatabaseError``; with `.misuse` when there is no transaction, as after a failure
  ///   upon which SQLite itself rolled back.
  package func commit() throws(DatabaseError) {
    guard isInTransaction else {
      throw DatabaseError(.misuse, operation: "commit", message: "no transaction is under way")
    }
    try control("COMMIT")
  }

  /// Rolls back; does nothing when SQLite has rolled back by itself after a failure.
  package func rollback() throws(DatabaseError) {
    if isInTransaction { try control("ROLLBACK") }
  }

  /// Rolls back on the way out with an error that is worth more than this one's.
  ///
  /// Should it fail, the transaction stays open: the next `begin` says so, and nothing of it is
  /// ever committed without the caller's asking.
  private func rollBackIfNeeded() {
    try? rollback()  // see above
  }

  /// Undoes the innermost savepoint; after a failure upon which SQLite rolled back, there is none.
  private func undoSavepoint<Failure: DatabaseErrorConvertible>(
    as type: Failure.Type
  ) throws(Failure) {
    guard isInTransaction else { return }
    do throws(DatabaseError) {
      try control("ROLLBACK TO nested")
      try control("RELEASE nested")
    } catch {
      // The work could not be undone: the whole transaction must not be committed.
      rollBackIfNeeded()
      throw Failure(database: error)
    }
  }
}
