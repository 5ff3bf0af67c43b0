import ProveDeviceRegistry
import ProveKeyPlatform

/// The ids of the batches applied last through one handle (G9); older ones are taken off the table.
final class RecentWrites: Sendable {
  private let state = Locked(State())

  /// How many ids stay on the table: more than the 10,000 that a store must know.
  private static let capacity = 16_384

  private struct State {
    var ids: [WriteID] = []
    var oldest = 0
    /// Ids that fell out and wait to be deleted.
    var fallen: [WriteID] = []
  }

  /// Notes that a batch took effect.
  func note(_ id: WriteID) {
    state.withLock { state in
      guard state.ids.count == Self.capacity else { return state.ids.append(id) }
      state.fallen.append(state.ids[state.oldest])
      state.ids[state.oldest] = id
      state.oldest = (state.oldest + 1) % Self.capacity
    }
  }

  /// An id to delete along with the next batch.
  func takeFallen() -> WriteID? {
    state.withLock { $0.fallen.popLast() }
  }

  /// Takes back an id whose deletion came to nothing.
  func putBack(_ id: WriteID?) {
    guard let id else { return }
    state.withLock { $0.fallen.append(id) }
  }
}
