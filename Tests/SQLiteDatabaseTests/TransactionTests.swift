import Testing

@testable import SQLiteDatabase

@Suite("Transactions (C4)")
struct TransactionTests {
  /// An error of a caller's own, as the stores have theirs.
  private enum StoreError: DatabaseErrorConvertible, Equatable {
    case refused
    case database(DatabaseError)

    init(database: DatabaseError) { self = .database(database) }
  }

  @Test(
    "what the body did is there when it returns, with its result",
    arguments: [
      TransactionKind.deferred, .immediate, .exclusive,
    ])
  func commits(kind: TransactionKind) throws {
    let connection = try Connection.withTable()
    let result = try connection.transaction(kind) { () throws(DatabaseError) in
      try connection.addNote(1)
      #expect(connection.isInTransaction)
      return 7
    }
    #expect(result == 7)
    #expect(!connection.isInTransaction)
    #expect(try connection.noteCount() == 1)
  }

  @Test("a body that throws its own error leaves nothing behind")
  func rollsBack() throws {
    let connection = try Connection.withTable()
    #expect(throws: StoreError.refused) {
      try connection.transaction { () throws(StoreError) in
        do throws(DatabaseError) { try connection.addNote(1) } catch { throw .database(error) }
        throw .refused
      }
    }
    #expect(!connection.isInTransaction)
    #expect(try connection.noteCount() == 0)
  }

  @Test("a failure of the database comes as the body's type of error")
  func convertsErrors() throws {
    let connection = try Connection.withTable()
    try connection.begin()
    let error = #expect(throws: StoreError.self) {
      try connection.transaction { () throws(StoreError) in }
    }
    guard case .database(let inner) = error else { return #expect(Bool(false)) }
    #expect(inner.kind == .misuse)
    // The transaction that was under way is not touched.
    #expect(connection.isInTransaction)
  }

  @Test("when the commit fails, nothing remains and the connection is usable")
  func failedCommit() throws {
    let connection = try Connection.withTable()
    let insert = try connection.prepare(
      "INSERT INTO note (id, body) VALUES (1, 'a'), (2, 'b') RETURNING id")
    // A statement that still has rows to give keeps SQLite from committing.
    let error = try databaseError {
      try connection.transaction { () throws(DatabaseError) in _ = try insert.step() }
    }
    #expect(ResultCode.busy ~= error.code)
    #expect(!connection.isInTransaction)
    insert.reset()
    #expect(try connection.noteCount() == 0)
    try connection.transaction { () throws(DatabaseError) in try connection.addNote(1) }
    #expect(try connection.noteCount() == 1)
  }

  @Test("a savepoint that throws undoes its own work only")
  func savepoints() throws {
    let connection = try Connection.withTable()
    try connection.transaction { () throws(StoreError) in
      do throws(DatabaseError) { try connection.addNote(1) } catch { throw .database(error) }
      do throws(StoreError) {
        try connection.savepoint { () throws(StoreError) in
          do throws(DatabaseError) { try connection.addNote(2) } catch { throw .database(error) }
          throw .refused
        }
      } catch {
        #expect(error == .refused)
      }
      try connection.savepoint { () throws(StoreError) in
        do throws(DatabaseError) { try connection.addNote(3) } catch { throw .database(error) }
      }
    }
    #expect(try connection.strings("SELECT CAST(id AS TEXT) FROM note") == ["1", "3"])
  }

  @Test("savepoints nest, each undone on its own")
  func nestedSavepoints() throws {
    let connection = try Connection.withTable()
    try connection.transaction { () throws(DatabaseError) in
      try connection.savepoint { () throws(DatabaseError) in
        try connection.addNote(1)
        let error = #expect(throws: DatabaseError.self) {
          try connection.savepoint { () throws(DatabaseError) in
            try connection.addNote(2)
            try connection.savepoint { () throws(DatabaseError) in try connection.addNote(3) }
            try connection.addNote(1)
          }
        }
        #expect(error?.kind == .duplicateKey)
        try connection.addNote(4)
      }
    }
    #expect(try connection.strings("SELECT CAST(id AS TEXT) FROM note") == ["1", "4"])
  }

  @Test("a savepoint needs a transaction to nest in")
  func savepointAlone() throws {
    let connection = try Connection.withTable()
    let error = try databaseError { try connection.savepoint { () throws(DatabaseError) in } }
    #expect(error.kind == .misuse)
  }

  @Test("a transaction begun by hand is ended by hand")
  func byHand() throws {
    let connection = try Connection.withTable()
    try connection.begin()
    try connection.addNote(1)
    try connection.rollback()
    try connection.rollback()
    #expect(try connection.noteCount() == 0)
    #expect(try databaseError { try connection.commit() }.kind == .misuse)
    try connection.begin()
    try connection.addNote(1)
    try connection.commit()
    #expect(try connection.noteCount() == 1)
  }

  @Test("a transaction may give back a value that cannot be copied")
  func noncopyableResult() throws {
    struct Receipt: ~Copyable { let number: Int }
    let connection = try Connection.withTable()
    let receipt = try connection.transaction { () throws(DatabaseError) in Receipt(number: 3) }
    #expect(receipt.number == 3)
  }
}
