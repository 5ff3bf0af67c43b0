/// The data key of an epoch, sealed under the store's root and bound to store and epoch.
///
/// It is kept beside the records; deleting it everywhere erases what only it can open.
public struct SealedEpoch: Sendable, Equatable {
  /// The epoch's number, from 1 on.
  public let epoch: UInt32
  /// The sealed key.
  public let sealed: [UInt8]

  /// Puts together what a store has kept.
  public init(epoch: UInt32, sealed: [UInt8]) {
    self.epoch = epoch
    self.sealed = sealed
  }
}
