import Glibc
import ProveKeySealing

/// How far a rotation has come.
public struct RotationProgress: Hashable, Sendable {
  /// The epoch that the records are sealed under anew.
  public let epoch: UInt32
  /// Records that were looked at.
  public let done: Int
  /// Records that there are.
  public let total: Int
}

/// What to do after a part of a long work.
public enum NextStep: Hashable, Sendable {
  /// Go on.
  case goOn
  /// Stop here; what was done stays, and the same call goes on from there another time.
  case stop
}

/// What a rotation has done.
public struct RotationReport: Hashable, Sendable {
  /// The epoch that new records are sealed under.
  public let epoch: UInt32
  /// Records that were sealed anew.
  public let resealed: Int
  /// Epochs whose data keys were given up.
  public let retired: [UInt32]
  /// Whether an earlier rotation was gone on with, rather than a new data key made.
  public let isResumed: Bool
  /// Whether no record is left under an older epoch; false when it was stopped.
  public let isComplete: Bool
}

extension KeyVault {
  /// Seals every record under a new data key and gives the old one up.
  ///
  /// Other threads and processes go on reading, writing and signing: the records are sealed anew
  /// in transactions of at most 256. A crash or stop at any point leaves a sound vault with two
  /// data keys; rotating again then finishes that rotation and makes no third one.
  /// - Parameter progress: is asked between transactions, outside the vault's lock, and may use the
  ///   vault itself.
  /// - Throws: ``VaultError``; what was done until then stays.
  /// - Complexity: linear in the records.
  @discardableResult
  public func rotate(
    progress: (RotationProgress) -> NextStep = { _ in .goOn }
  ) throws(VaultError) -> RotationReport {
    try rotate(rowCount: VaultLimits.rotationRowCount, progress: progress)
  }

  /// Rotates with as many rows in a transaction as given.
  @discardableResult
  func rotate(
    rowCount: Int, progress: (RotationProgress) -> NextStep
  ) throws(VaultError) -> RotationReport {
    var walk = try withRing { ring throws(VaultError) in try ring.store.beginRotation() }
    while true {
      let step = progress(
        RotationProgress(epoch: walk.epoch, done: walk.walked, total: walk.total))
      guard step == .goOn else { return RotationReport(walk, retired: [], isComplete: false) }
      guard !walk.isAtEnd else { break }
      let start = ContinuousClock.now
      try withRing { ring throws(VaultError) in
        try ring.store.advance(&walk, rowCount: rowCount)
      }
      letOthersIn(after: ContinuousClock.now - start)
    }
    let retired = try withRing { ring throws(VaultError) in
      try ring.store.retireEpochs(below: walk.epoch)
    }
    return RotationReport(walk, retired: retired, isComplete: true)
  }

  /// Deletes an epoch's data key for good, when no record is left under it.
  ///
  /// Whatever it sealed is refused from then on, should somebody put it back. Retiring an epoch
  /// again changes nothing.
  /// - Returns: the epochs that are left.
  /// - Throws: ``VaultError/epochInUse(epoch:records:)``, ``VaultError/unknownEpoch(_:)``.
  @discardableResult
  public func retire(epoch: UInt32) throws(VaultError) -> [UInt32] {
    try withRing { ring throws(VaultError) in
      try ring.store.retire(epoch)
      ring.store.truncateLog()
      return ring.store.keys.sealedEpochs.map(\.epoch)
    }
  }

  /// Pauses between two transactions: a lock that is taken again at once lets nobody else in, and
  /// another process asks for the file only now and then.
  func letOthersIn(after elapsed: Duration) {
    let worked = elapsed.components.attoseconds / 1_000_000_000_000
    let pause = mode == .exclusive ? 500 : min(max(worked, 1_000), 200_000)
    usleep(UInt32(clamping: pause))  // woken early by a signal, it has paused long enough
  }
}

extension RotationReport {
  init(_ walk: RotationWalk, retired: [UInt32], isComplete: Bool) {
    self.init(
      epoch: walk.epoch, resealed: walk.resealed, retired: retired, isResumed: walk.isResumed,
      isComplete: isComplete)
  }
}
