import ProveKeySealing
import SQLiteDatabase

/// What compacting has done.
public struct CompactionReport: Hashable, Sendable {
  /// Bytes of the database before.
  public let fileBytesBefore: Int64
  /// Bytes of the database now.
  public let fileBytes: Int64
  /// Whether the log could be emptied; not while another process is reading it.
  public let isLogEmpty: Bool
}

extension KeyVault {
  /// Gives free pages back to the file system and empties the log.
  ///
  /// Others go on meanwhile: it works in transactions of 256 pages. Nothing in the vault changes,
  /// its generation neither. Pages that are partly filled stay so.
  /// - Parameter progress: is told between steps, outside the vault's lock.
  @discardableResult
  public func compact(
    progress: (PageProgress) -> Void = { _ in }
  ) throws(VaultError) -> CompactionReport {
    let (before, free) = try withConnection { connection throws(DatabaseError) in
      (try connection.fileByteCount(), try connection.int64("PRAGMA freelist_count"))
    }
    var left = free
    while left > 0 {
      let start = ContinuousClock.now
      let now = try withConnection { connection throws(DatabaseError) in
        try connection.execute("PRAGMA incremental_vacuum(256)")
        return try connection.int64("PRAGMA freelist_count")
      }
      // Others may free as many pages as are given back: this is not for ever.
      guard now < left else { break }
      left = now
      progress(PageProgress(done: Int(max(free - left, 0)), total: Int(free)))
      letOthersIn(after: ContinuousClock.now - start)
    }
    return try withRing { ring throws(VaultError) in
      let isLogEmpty = ring.store.truncateLog()
      let bytes = try wrapping { () throws(DatabaseError) in
        try ring.store.connection.fileByteCount()
      }
      return CompactionReport(fileBytesBefore: before, fileBytes: bytes, isLogEmpty: isLogEmpty)
    }
  }

  private func withConnection<R>(
    _ body: (Connection) throws(DatabaseError) -> R
  ) throws(VaultError) -> R {
    try withRing { ring throws(VaultError) in
      try wrapping { () throws(DatabaseError) in try body(ring.store.connection) }
    }
  }
}
