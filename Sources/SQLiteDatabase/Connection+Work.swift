import CSQLite

/// What a connection has done since it was opened, so that tests can bound what a call costs.
package struct DatabaseWork: Equatable, Sendable {
  /// Pages asked for, whether they were in memory or not.
  package var pages = 0
  /// Pages written to the log or the file.
  package var pagesWritten = 0
  /// Operations of SQLite's virtual machine: each row that is gone to is one at least.
  package var steps = 0
  /// Rows gone to one after the other in scans of whole tables.
  package var fullscanSteps = 0
  /// Sorts that no index spared.
  package var sorts = 0

  /// Work that was none.
  package init() {}

  /// What two connections did.
  package static func + (left: DatabaseWork, right: DatabaseWork) -> DatabaseWork {
    var sum = left
    sum.pages += right.pages
    sum.pagesWritten += right.pagesWritten
    sum.steps += right.steps
    sum.fullscanSteps += right.fullscanSteps
    sum.sorts += right.sorts
    return sum
  }

  /// What was done between two looks.
  package static func - (left: DatabaseWork, right: DatabaseWork) -> DatabaseWork {
    var difference = left
    difference.pages -= right.pages
    difference.pagesWritten -= right.pagesWritten
    difference.steps -= right.steps
    difference.fullscanSteps -= right.fullscanSteps
    difference.sorts -= right.sorts
    return difference
  }
}

extension Connection {
  /// What the connection has done up to now; of statements, those that are compiled still.
  package func work() throws(DatabaseError) -> DatabaseWork {
    var work = DatabaseWork()
    work.pages = try status(SQLITE_DBSTATUS_CACHE_HIT) + status(SQLITE_DBSTATUS_CACHE_MISS)
    work.pagesWritten = try status(SQLITE_DBSTATUS_CACHE_WRITE)
    try unsafe handle.withPointer("status") { database in
      var next = unsafe sqlite3_next_stmt(database, nil)
      while let statement = unsafe next {
        unsafe work.steps += Int(sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 0))
        unsafe work.fullscanSteps += Int(
          sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0))
        unsafe work.sorts += Int(sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_SORT, 0))
        unsafe next = sqlite3_next_stmt(database, statement)
      }
    }
    return work
  }

  private func status(_ counter: Int32) throws(DatabaseError) -> Int {
    var current: Int32 = 0
    var highest: Int32 = 0
    try unsafe handle.check("status") {
      unsafe sqlite3_db_status($0, counter, &current, &highest, 0)
    }
    return Int(current)
  }
}
