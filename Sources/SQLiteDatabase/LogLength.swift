import CSQLite

/// How many pages the log of a connection has that writes, as each commit leaves it.
///
/// While it is kept, SQLite moves the log into the file only when it is told to.
@safe
package final class LogLength {
  private let connection: Connection
  private let count: UnsafeMutablePointer<Int32>

  /// Begins to watch the commits of a connection.
  package init(of connection: Connection) throws(DatabaseError) {
    self.connection = connection
    unsafe count = .allocate(capacity: 1)
    unsafe count.initialize(to: 0)
    try unsafe connection.handle.withPointer("count commits") { [count] database in
      unsafe pks_note_commits(database, count)
    }
  }

  deinit {
    // A closed connection calls nobody any more.
    try? unsafe connection.handle.withPointer("count commits") { database in
      _ = unsafe sqlite3_wal_hook(database, nil, nil)
    }
    unsafe count.deallocate()
  }

  /// The pages of the log after the last commit of the connection.
  package var pages: Int { unsafe Int(count.pointee) }
}
