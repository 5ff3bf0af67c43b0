import ProveKeySealing
import SQLiteDatabase

extension KeyVault {
  /// Walks everything in the vault and says what is wrong with it.
  ///
  /// Pages, schema, header, state, index, every row against what was last trusted, and how the
  /// records of each role fit together. It goes on past what it finds.
  /// - Parameter progress: is told now and then, under the vault's lock: it must not use the vault.
  /// - Throws: ``VaultError`` when the walk itself cannot be made.
  /// - Complexity: linear in the rows; the cores share the work; other calls wait meanwhile.
  public func verify(
    progress: (VerificationProgress) -> Void = { _ in }
  ) throws(VaultError) -> VaultReport {
    try withRing { ring throws(VaultError) in
      try ring.reading { reader throws(VaultError) in
        try VaultVerification.run(reader, progress: progress)
      }
    }
  }

  /// Facts about the vault that tell nothing of its content.
  public func info() throws(VaultError) -> VaultInfo {
    try withRing { ring throws(VaultError) in
      try ring.reading { reader throws(VaultError) in
        let store = reader.store
        let (format, bytes) = try wrapping { () throws(DatabaseError) in
          (
            try store.connection.userVersion(),
            try store.connection.int64("PRAGMA page_count")
              * store.connection.int64("PRAGMA page_size")
          )
        }
        guard let state = store.trusted?.state else {
          throw .damaged(VaultDamage(.state, .missing))
        }
        return VaultInfo(
          format: Int(format), mode: mode, generation: state.generation,
          records: Int(state.count), keys: Int(state.keyCount), epoch: store.keys.currentEpoch,
          epochs: store.keys.sealedEpochs.map(\.epoch),
          unlockMethod: store.unlockMethodName, fileBytes: bytes)
      }
    }
  }
}
