import ProveKeyPlatform
import SQLiteDatabase
import Synchronization

/// The reading transactions that readers keep open where nobody but this process writes.
///
/// Beginning and ending one for each look-up asks the file whether others have written; where there are
/// no others, the writer's turns tell. A reader that finds a turn has passed since it began reads anew,
/// so that every write that returned is seen (G4). SQLite cannot begin its log anew while somebody
/// reads from it: those who are idle are made to end.
final class KeptSnapshots: Sendable {
  private let readers: [Locked<RegistryReader?>]
  private let turnCount = Atomic<UInt64>(0)

  init(of readers: [Locked<RegistryReader?>]) {
    self.readers = readers
  }

  /// How often the writer may have changed what is read.
  var turns: UInt64 { turnCount.load(ordering: .acquiring) }

  /// Has everybody read anew from now on; to be called between a commit and its answer.
  func endTurn() {
    turnCount.wrappingAdd(1, ordering: .releasing)
  }

  /// Has nobody hold more of the log than the present turn needs: idle readers end what they keep open,
  /// busy ones with their next look-up.
  /// - Parameter waits: whether to wait for the busy ones, and end theirs too.
  func releaseLog(waiting waits: Bool = false) {
    endTurn()
    for reader in readers {
      if waits {
        reader.withLock { $0?.stopReading() }
      } else {
        _ = reader.withLockIfFree { $0?.stopReading() }
      }
    }
  }
}
