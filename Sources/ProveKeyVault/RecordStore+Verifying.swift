import ProveKeySealing
import SQLiteDatabase

extension RecordStore {
  /// Opens the state and checks header tables and all rows against it (V2, V5, V6).
  func verifySet(_ sealedState: [UInt8]) throws(VaultError) {
    let state = try keys.openSetState(sealedState)
    if let last = trusted?.state.generation, state.generation <= last { throw .rolledBack }
    try adoptHeaderTables(of: state)

    var set = TrustedSet(state: state, sealedState: sealedState)
    try table.forEachRow { row, _ throws(VaultError) in
      guard row.trusted.version <= state.generation else {
        throw .damaged(VaultDamage(.record, .unexpected))
      }
      guard set.state.count < VaultLimits.recordsPerVault else {
        throw .damaged(VaultDamage(.records, .unexpected))
      }
      guard set.set(row.trusted, at: row.locator, keys) == nil else {
        throw .damaged(VaultDamage(.record, .unexpected))
      }
    }
    guard set.state.count == state.count else {
      let finding = VaultDamage.Finding.count(found: set.state.count, expected: state.count)
      throw .damaged(VaultDamage(.records, finding))
    }
    guard set.state.sum == state.sum else { throw .damaged(VaultDamage(.records, .replaced)) }
    trusted = set
    verifications += 1
  }

  /// Checks that header and data keys are those the state names, and opens new ones (V5).
  private func adoptHeaderTables(of state: SetState) throws(VaultError) {
    let tables = try wrapping { () throws(DatabaseError) in
      try HeaderTables(reading: connection)
    }
    guard let tables else { throw .damaged(VaultDamage(.header, .missing)) }
    guard tables.hash == state.headerHash else { throw .damaged(VaultDamage(.header, .replaced)) }
    unlockMethodName = try wrapping(.using(.header)) { () throws(SealingError) in
      try StoreKeys.unlockMethodName(ofHeader: tables.header)
    }
    let epochs = try tables.sealedEpochs()
    for epoch in epochs {
      try wrapping(.using(.epochKey)) { () throws(SealingError) in try keys.adopt(epoch) }
    }
    keys.refuse(epochsBelow: state.minimumEpoch)
    // What another process has retired.
    let listed = Set(epochs.map(\.epoch))
    for epoch in keys.sealedEpochs.map(\.epoch) where !listed.contains(epoch) {
      try wrapping(.using(.epochKey)) { () throws(SealingError) in try keys.retire(epoch: epoch) }
    }
  }
}
