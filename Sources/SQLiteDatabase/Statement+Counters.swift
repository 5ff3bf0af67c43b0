import CSQLite

/// The work a statement has done since it was compiled, so that tests can bound it.
extension Statement {
  /// Operations of SQLite's virtual machine.
  package var steps: Int { counter(SQLITE_STMTSTATUS_VM_STEP) }

  /// Rows gone to one after the other in a scan of a whole table.
  package var fullscanSteps: Int { counter(SQLITE_STMTSTATUS_FULLSCAN_STEP) }

  /// Sorts that no index spared.
  package var sorts: Int { counter(SQLITE_STMTSTATUS_SORT) }

  /// How often the statement was compiled anew because the schema had changed.
  package var recompilations: Int { counter(SQLITE_STMTSTATUS_REPREPARE) }

  private func counter(_ counter: Int32) -> Int {
    guard handle.isOpen else { return 0 }
    return unsafe Int(sqlite3_stmt_status(pointer, counter, 0))
  }
}
