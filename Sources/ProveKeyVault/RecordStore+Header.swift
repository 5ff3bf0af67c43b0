import ProveKeySealing
import SQLiteDatabase

// Changes of what stands between the unlock method and the records; each is one transaction with
// the state that names it (V5).
//
// V13. A data key is durable before the first record is sealed under it, and deleted only in a
// transaction whose trusted set counts no row under it; the lowest epoch left is then the lowest
// that the state accepts.

extension RecordStore {
  /// Puts a new header in the place of the old one, which opens nothing any more.
  func replaceHeader(_ header: [UInt8]) throws(VaultError) {
    let name = try wrapping(.using(.header)) { () throws(SealingError) in
      try StoreKeys.unlockMethodName(ofHeader: header)
    }
    let commit = try committing { writer throws(VaultError) in
      var tables = try trustedHeaderTables()
      tables.header = header
      try writer.replace(tables, minimumEpoch: keys.minimumEpoch)
    }
    unlockMethodName = name
    try commit.get()
  }

  /// Makes the data key of a next epoch durable and then uses it; does neither when the vault has
  /// several, since a rotation is then under way.
  /// - Returns: whether there is a new one.
  func addEpoch() throws(VaultError) -> Bool {
    let commit = try committing { writer throws(VaultError) -> SealedEpoch? in
      var tables = try trustedHeaderTables()
      // One that was durable when memory for it ran out is used from now on.
      for epoch in try tables.sealedEpochs() { try adopt(epoch) }
      guard tables.epochs.count == 1 else { return nil }
      let epoch = try wrapping(.using(.epochKey)) { () throws(SealingError) in
        try keys.prepareEpoch()
      }
      tables.epochs.append((Int64(epoch.epoch), epoch.sealed))
      try writer.replace(tables, minimumEpoch: keys.minimumEpoch)
      return epoch
    }
    // Only now: a record must never be sealed under a key that a crash could take away.
    if let added = commit.result { try adopt(added) }
    return try commit.get() != nil
  }

  /// Gives an epoch's data key up, when no row of it is left; retiring again changes nothing.
  ///
  /// The proof is the count that the trusted set keeps, in the transaction that deletes the key.
  func retire(_ epoch: UInt32) throws(VaultError) {
    let commit = try committing { writer throws(VaultError) in
      var tables = try trustedHeaderTables()
      let left = trusted?.count(ofEpoch: epoch) ?? 0
      guard left == 0, epoch != keys.currentEpoch else {
        throw .epochInUse(epoch: epoch, records: left)
      }
      guard epoch >= 1, epoch < keys.currentEpoch else { throw .unknownEpoch(epoch) }
      guard tables.epochs.contains(where: { $0.epoch == epoch }) else { return }
      tables.epochs.removeAll { $0.epoch == epoch }
      let lowest = try tables.sealedEpochs().map(\.epoch).min() ?? keys.currentEpoch
      try writer.replace(tables, minimumEpoch: max(lowest, keys.minimumEpoch))
    }
    if let minimum = trusted?.state.minimumEpoch { keys.refuse(epochsBelow: minimum) }
    if keys.sealedEpochs.contains(where: { $0.epoch == epoch }) {
      try wrapping(.using(.epochKey)) { () throws(SealingError) in try keys.retire(epoch: epoch) }
    }
    try commit.get()
  }

  private func adopt(_ epoch: SealedEpoch) throws(VaultError) {
    try wrapping(.using(.epochKey)) { () throws(SealingError) in try keys.adopt(epoch) }
  }

  /// The header tables, held against the trusted state before anything is built on them (V5).
  private func trustedHeaderTables() throws(VaultError) -> HeaderTables {
    let tables = try wrapping { () throws(DatabaseError) in
      try HeaderTables(reading: connection)
    }
    guard let tables else { throw .damaged(VaultDamage(.header, .missing)) }
    guard tables.hash == trusted?.state.headerHash else {
      throw .damaged(VaultDamage(.header, .replaced))
    }
    return tables
  }
}
