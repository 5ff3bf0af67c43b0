import ProveKeySealing
import SQLiteDatabase

/// How far a rotation has walked over the rows.
struct RotationWalk {
  /// The epoch that all rows shall have.
  let epoch: UInt32
  /// Whether an earlier rotation is gone on with.
  let isResumed: Bool
  /// The last row that was walked.
  fileprivate(set) var last: Locator?
  fileprivate(set) var walked = 0
  fileprivate(set) var resealed = 0
  fileprivate(set) var total: Int
  fileprivate(set) var isAtEnd = false

  init(epoch: UInt32, isResumed: Bool, total: Int) {
    self.epoch = epoch
    self.isResumed = isResumed
    self.total = total
  }
}

extension RecordStore {
  /// Begins a rotation, or goes on with one that was cut short.
  func beginRotation() throws(VaultError) -> RotationWalk {
    let isNew = try addEpoch()
    return RotationWalk(
      epoch: keys.currentEpoch, isResumed: !isNew, total: trusted?.rows.count ?? 0)
  }

  /// Walks the next `rowCount` rows and seals the older ones of them anew, in one transaction.
  ///
  /// Rows that are written meanwhile are sealed under the new epoch, by this process and, since it
  /// sees the state first (V6), by any other: so what was walked need not be walked again.
  func advance(_ walk: inout RotationWalk, rowCount: Int) throws(VaultError) {
    var next = walk
    try writing { writer throws(VaultError) in
      let page = try table.locators(after: walk.last, limit: rowCount)
      next.isAtEnd = page.count < rowCount
      var byteCount = 0
      for locator in page {
        guard let row = trusted?.rows[locator] else {
          throw .damaged(VaultDamage(.record, .unexpected))
        }
        if row.epoch < walk.epoch, let count = try writer.reseal(at: locator) {
          next.resealed += 1
          byteCount += count
        }
        next.walked += 1
        next.last = locator
        if byteCount >= VaultLimits.rotationByteCount {
          next.isAtEnd = false
          break
        }
      }
    }
    next.total = max(trusted?.rows.count ?? 0, next.walked)
    walk = next
  }

  /// Retires every epoch below the one that was rotated to.
  func retireEpochs(below epoch: UInt32) throws(VaultError) -> [UInt32] {
    let old = keys.sealedEpochs.map(\.epoch).filter { $0 < epoch }
    for epoch in old { try retire(epoch) }
    truncateLog()
    return old
  }
}
