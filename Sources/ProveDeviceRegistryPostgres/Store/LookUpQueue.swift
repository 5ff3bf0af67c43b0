import ProveDeviceRegistry
import ProveKeyPlatform
import ProveKeySealing

/// Lets look-ups that arrive together share a round trip.
///
/// A look-up asks for a connection only when none is on its way already; whichever comes free takes
/// along all that wait by then, up to a limit.
final class LookUpQueue: Sendable {
  private let pool: ConnectionPool
  private let state = Locked(State())

  /// Look-ups that one round trip takes at most.
  private static let batchLimit = 32

  private struct State {
    var waiting: [LookUp] = []
    /// Connections asked for that have not come yet.
    var askedFor = 0
  }

  private struct LookUp {
    let device: Locator
    let continuation: CheckedContinuation<Result<StoredRegistration?, PostgresError>, Never>
  }

  init(_ pool: ConnectionPool) {
    self.pool = pool
  }

  /// Reads one registration.
  func registration(at device: Locator) async throws(PostgresError) -> StoredRegistration? {
    let result = await withCheckedContinuation { continuation in
      let mustAsk = state.withLock { state in
        state.waiting.append(LookUp(device: device, continuation: continuation))
        return Self.mustAsk(&state)
      }
      if mustAsk { ask() }
    }
    return try result.get()
  }

  private static func mustAsk(_ state: inout State) -> Bool {
    guard state.askedFor == 0, !state.waiting.isEmpty else { return false }
    state.askedFor = 1
    return true
  }

  private func ask() {
    pool.submit { self.serve($0) }
  }

  /// Answers those that wait, on a connection or with the reason why there is none.
  private func serve(_ connection: Result<ServerConnection, PostgresError>) {
    let (lookUps, mustAsk) = state.withLock { state in
      state.askedFor -= 1
      let taken = Array(state.waiting.prefix(Self.batchLimit))
      state.waiting.removeFirst(taken.count)
      return (taken, Self.mustAsk(&state))
    }
    if mustAsk { ask() }
    guard !lookUps.isEmpty else { return }
    do throws(PostgresError) {
      let reader = PostgresReader(connection: try connection.get())
      let rows = try reader.registrations(at: lookUps.map(\.device))
      for (lookUp, row) in zip(lookUps, rows) {
        lookUp.continuation.resume(returning: .success(row))
      }
    } catch {
      for lookUp in lookUps { lookUp.continuation.resume(returning: .failure(error)) }
    }
  }
}
