import CSQLite

/// The SQLite library that all of a process shares.
package enum SQLiteLibrary {
  /// Lets SQLite take memory without counting it.
  ///
  /// It counts under one lock for all connections of the process, at every allocation.
  /// - Returns: false when something in the process has used SQLite already: then it goes on counting.
  package static func stopCountingMemory() -> Bool { pks_stop_counting_memory() == SQLITE_OK }

  /// The bytes that it has taken and counted; none where it does not count.
  package static var countedBytes: Int { Int(sqlite3_memory_used()) }
}
