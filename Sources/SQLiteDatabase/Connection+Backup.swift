import CSQLite

extension Connection {
  /// Copies the whole database into a new file while others go on using it.
  ///
  /// What is copied is one state of the database: the one at the last step. A step holds the
  /// reader's lock for its pages only; a commit by another connection in between starts the copy
  /// anew, one by this connection is taken along.
  /// - Parameters:
  ///   - target: a database nobody else uses; what it holds is replaced.
  ///   - pagesPerStep: how many pages are copied under one lock; below 1, all of them at once.
  ///   - progress: is told after each step how many pages are left, and how many there are.
  /// - Throws: ``DatabaseError``; the target is then unchanged or, after a crash, rolled back.
  package func backUp(
    to target: Connection, pagesPerStep: Int32 = 256,
    progress: (_ remaining: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(DatabaseError) {
    var started: OpaquePointer?
    try unsafe handle.check("backup") { source in
      // A closed target has no pointer to give, and the missing backup tells.
      try? unsafe target.handle.withPointer("backup") { target in
        unsafe started = sqlite3_backup_init(target, "main", source, "main")
      }
      return SQLITE_OK
    }
    guard let backup = unsafe started else {
      throw DatabaseError(.misuse, operation: "backup", message: "not between these connections")
    }
    var status = SQLITE_OK
    while status == SQLITE_OK {
      status = unsafe sqlite3_backup_step(backup, pagesPerStep < 1 ? -1 : pagesPerStep)
      unsafe progress(
        Int(sqlite3_backup_remaining(backup)), Int(sqlite3_backup_pagecount(backup)))
    }
    let finished = unsafe sqlite3_backup_finish(backup)
    guard status == SQLITE_DONE, finished == SQLITE_OK else {
      throw target.handle.failure(status == SQLITE_DONE ? finished : status, "backup", nil)
    }
  }
}
