import ProveKeyPlatform
import ProveKeySealing
import SQLiteDatabase

/// What was erased with a vault.
public struct DestructionReceipt: Hashable, Sendable {
  /// The generation that the vault had.
  public let generation: UInt64
  /// Rows, all roles together.
  public let records: Int
  /// Keys among them, pending ones included.
  public let keys: Int
  /// Sealed data keys, beside the wrapped root key.
  public let dataKeys: Int
  /// Bytes of database and log that were overwritten in place.
  public let overwrittenBytes: Int
}

extension KeyVault {
  /// Erases the vault for good: its keys first, then every byte of its files, then the files.
  ///
  /// 1. Header, data keys and state are deleted in one durable transaction, which is then moved
  ///    into the file: from here on no secret opens what is left.
  /// 2. The log and the database are overwritten with zeros in place, and removed.
  /// 3. The anchor forgets the vault.
  ///
  /// The vault is closed by it, also when it throws. A crash before the first step is complete
  /// leaves the vault as it was; after it, files that nothing opens and that may be deleted. What a
  /// file system or disk keeps of overwritten blocks, and backups, are out of reach: of those only
  /// the wrapped keys matter, and they open with the old secret as before.
  /// - Throws: ``VaultError/inUse`` in shared mode, where another process may have the vault open:
  ///   open it exclusively; nothing has changed then.
  public func destroy() throws(VaultError) -> DestructionReceipt {
    guard mode == .exclusive else { throw .inUse }
    return try takingRing { ring throws(VaultError) in
      let store = ring.store
      let path = try wrapping { () throws(DatabaseError) in try store.connection.mainFile() }
      guard let path else { throw .invalidPath }
      try store.reading { _ throws(VaultError) in }
      guard let state = store.trusted?.state else {
        throw .damaged(VaultDamage(.state, .missing))
      }
      let dataKeys = store.keys.sealedEpochs.count
      try store.eraseKeys()
      var bytes = 0
      // The log holds no lock of SQLite's, and all of it is in the database.
      bytes += try Self.overwrite(path + "-wal")
      // From here on it is not the database that counts: its file is overwritten all the same.
      try? store.close()
      for suffix in ["", "-wal", "-shm", "-journal"] {
        bytes += try Self.overwrite(path + suffix)
        try filing { () throws(DurableFile.Problem) in
          try DurableFile(path: path + suffix).remove()
        }
      }
      if let anchor = store.anchor {
        try wrapping { () throws(AnchorError) in try anchor.forget() }
      }
      return DestructionReceipt(
        generation: state.generation, records: Int(state.count), keys: Int(state.keyCount),
        dataKeys: dataKeys, overwrittenBytes: bytes)
    }
  }

  private static func overwrite(_ path: String) throws(VaultError) -> Int {
    try filing { () throws(DurableFile.Problem) in try DurableFile(path: path).overwrite() }
  }
}

extension RecordStore {
  /// Deletes everything that leads from a secret to the records, and moves that into the file.
  func eraseKeys() throws(VaultError) {
    try wrapping { () throws(DatabaseError) in
      try connection.transaction { () throws(DatabaseError) in
        for table in ["header", "epoch", "state"] { try connection.execute("DELETE FROM \(table)") }
      }
      try connection.checkpoint(.full)
    }
  }
}

extension Connection {
  /// The absolute path of the database's file.
  fileprivate func mainFile() throws(DatabaseError) -> String? {
    try strings("SELECT file FROM pragma_database_list WHERE name = 'main'").first
  }
}
