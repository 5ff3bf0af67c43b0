import ProveKeyPlatform
import ProveKeySealing
import SQLiteDatabase

/// How far a long work on the vault's pages has come.
public struct PageProgress: Hashable, Sendable {
  /// Pages that were dealt with.
  public let done: Int
  /// Pages that there are.
  public let total: Int
}

/// What a backup holds.
public struct BackupReport: Hashable, Sendable {
  /// The generation that was copied.
  public let generation: UInt64
  /// Rows, all roles together.
  public let records: Int
  /// Keys, pending ones included.
  public let keys: Int
  /// Bytes of the copy.
  public let fileBytes: Int64
}

extension KeyVault {
  /// Copies the vault into a new file while other threads and processes go on using it.
  ///
  /// The copy is one state of the vault, the one at the last step; it has mode 0600 and the same
  /// unlock method. When this returns it is on disk, and every record of it was opened. A vault
  /// restored from it shows an older generation: an anchor refuses it, and so does a server.
  /// - Parameters:
  ///   - path: nothing may stand there.
  ///   - progress: is told between steps, outside the vault's lock.
  /// - Throws: ``VaultError/alreadyExists`` when something stands at the path, ``VaultError/damaged(_:)``
  ///   when the copy is not sound, as it is when the vault is not; nothing is left at the path.
  @discardableResult
  public func backup(
    to path: String, progress: (PageProgress) -> Void = { _ in }
  ) throws(VaultError) -> BackupReport {
    try backup(to: path, pageCount: 256, progress: progress)
  }

  /// Backs up with as many pages at a time as given.
  @discardableResult
  func backup(
    to path: String, pageCount: Int32, progress: (PageProgress) -> Void
  ) throws(VaultError) -> BackupReport {
    guard path.utf8.count <= VaultLimits.pathByteCount else { throw .invalidPath }
    for suffix in ["", "-wal", "-shm", "-journal"] {
      guard !DurableFile(path: path + suffix).isThere else { throw .alreadyExists }
    }
    let isNew = try wrapping { () throws(DatabaseError) in
      try DatabaseFile(path: path).prepare(access: .readWriteCreate)
    }
    guard isNew else { throw .alreadyExists }
    do throws(VaultError) {
      try copy(to: path, pageCount: pageCount, progress: progress)
      return try verifyCopy(at: path)
    } catch {
      for suffix in ["", "-wal", "-shm", "-journal"] {
        // The failure that led here is the one to tell; a part that stays opens as no vault.
        try? DurableFile(path: path + suffix).remove()
      }
      throw error
    }
  }

  private func copy(
    to path: String, pageCount: Int32, progress: (PageProgress) -> Void
  ) throws(VaultError) {
    let target = try wrapping { () throws(DatabaseError) in
      try Connection(path: path, options: ConnectionOptions(access: .readWrite))
    }
    let backup = try withRing { ring throws(VaultError) in
      try wrapping { () throws(DatabaseError) in
        try OnlineBackup(of: ring.store.connection, to: target)
      }
    }
    var (isDone, restarts, remaining) = (false, 0, Int.max)
    while !isDone {
      let start = ContinuousClock.now
      isDone = try withRing { _ throws(VaultError) in
        try wrapping { () throws(DatabaseError) in
          // Writers of other processes that start the copy anew wait for the whole of it at last.
          try backup.step(pageCount: restarts < 8 ? pageCount : -1)
        }
      }
      let pages = backup.pages
      restarts += pages.remaining >= remaining ? 1 : 0
      remaining = pages.remaining
      progress(PageProgress(done: pages.total - pages.remaining, total: pages.total))
      if !isDone { letOthersIn(after: ContinuousClock.now - start) }
    }
    try wrapping { () throws(DatabaseError) in try target.close() }
  }

  /// Opens the copy with keys of its own and reads everything in it.
  private func verifyCopy(at path: String) throws(VaultError) -> BackupReport {
    let keys = try withRing { ring throws(VaultError) in ring.store.keys }
    let connection = try wrapping { () throws(DatabaseError) in
      try DatabaseFile(path: path).open(ConnectionOptions(access: .readWrite))
    }
    let tables = try wrapping { () throws(DatabaseError) in
      try HeaderTables(reading: connection)
    }
    guard let epochs = try tables?.sealedEpochs() else {
      throw .damaged(VaultDamage(.header, .missing))
    }
    let copyKeys = try wrapping(.using(.epochKey)) { () throws(SealingError) in
      try keys.ofCopy(epochs: epochs)
    }
    let store = RecordStore(connection, copyKeys, mode: .exclusive)
    let (report, generation, bytes) = try store.reading { reader throws(VaultError) in
      let bytes = try wrapping { () throws(DatabaseError) in try connection.fileByteCount() }
      return (
        try VaultVerification.run(reader), store.trusted?.state.generation ?? 0, bytes
      )
    }
    try store.close()
    if let problem = report.problems.first { throw .damaged(problem) }
    return BackupReport(
      generation: generation, records: report.records, keys: report.keys, fileBytes: bytes)
  }
}

extension Connection {
  /// Bytes of the database, with what its log adds to it.
  func fileByteCount() throws(DatabaseError) -> Int64 {
    try int64("PRAGMA page_count") * int64("PRAGMA page_size")
  }
}
