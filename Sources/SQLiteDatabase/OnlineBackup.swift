import CSQLite

/// A copy of a whole database that is made a few pages at a time, so that its owner can let others
/// use the source in between.
///
/// What this connection commits between two steps is taken along; a commit by another one starts
/// the copy anew. Belongs under the same lock as the source; the target belongs to the copy.
@safe
package final class OnlineBackup {
  private let target: Connection
  private var backup: OpaquePointer?
  /// Pages left after the last step, and pages there are.
  package private(set) var pages: (remaining: Int, total: Int) = (0, 0)

  /// Begins to copy `source` into a database that nobody else uses.
  package init(of source: Connection, to target: Connection) throws(DatabaseError) {
    self.target = target
    source.stopReading()
    target.stopReading()
    var started: OpaquePointer?
    try unsafe source.handle.check("backup") { source in
      // A closed target has no pointer to give, and the missing backup tells.
      try? unsafe target.handle.withPointer("backup") { target in
        unsafe started = sqlite3_backup_init(target, "main", source, "main")
      }
      return SQLITE_OK
    }
    unsafe backup = started
    guard unsafe backup != nil else {
      throw DatabaseError(.misuse, operation: "backup", message: "not between these connections")
    }
  }

  deinit {
    // A copy that is given up is rolled back in the target; nothing of it counts.
    _ = unsafe sqlite3_backup_finish(backup)
  }

  /// Copies the next pages; all of them when `pageCount` is below 1.
  ///
  /// - Returns: whether the copy is complete.
  /// - Throws: ``DatabaseError``; with `.inUse` when another connection is at the source just now,
  ///   and the step may be repeated.
  package func step(pageCount: Int32) throws(DatabaseError) -> Bool {
    guard let running = unsafe backup else { return true }
    let status = unsafe sqlite3_backup_step(running, pageCount < 1 ? -1 : pageCount)
    unsafe pages = (
      Int(sqlite3_backup_remaining(running)), Int(sqlite3_backup_pagecount(running))
    )
    if status == SQLITE_OK { return false }
    guard status == SQLITE_DONE else { throw target.handle.failure(status, "backup", nil) }
    unsafe backup = nil
    let finished = unsafe sqlite3_backup_finish(running)
    guard finished == SQLITE_OK else { throw target.handle.failure(finished, "backup", nil) }
    return true
  }
}
