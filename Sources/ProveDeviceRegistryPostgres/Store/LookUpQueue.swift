import Dispatch
import ProveDeviceRegistry
import ProveKeyPlatform
import ProveKeySealing

/// Lets look-ups that arrive together share a round trip.
///
/// - U1: two connections serve look-ups as they come. Those that wait meanwhile are taken along by
///   whichever comes free, many in one statement, which costs the server and the network far less
///   than a round trip each.
/// - U2: another connection is asked for when many wait, or one waits for long: a server that hangs
///   on two connections does not hold up the rest.
/// - U3: no more wait than may wait for the pool; one too many is refused at once.
final class LookUpQueue: Sendable {
  private let pool: ConnectionPool
  private let tripsLimit: Int
  private let state = Locked(State())
  private let timer = DispatchQueue(label: "prove-device-registry.look-ups")

  /// Look-ups that one round trip takes at most.
  private static let batchLimit = PostgresSQL.devicesAtOnce
  /// Connections that serve without a crowd (U1).
  private static let readyConnections = 2
  /// So many that wait are a crowd (U2).
  private static let crowd = batchLimit / 2
  /// How long a look-up waits before another connection is asked for, in milliseconds (U2).
  private static let patience = 20

  private struct State {
    var waiting: [LookUp] = []
    /// Connections that serve look-ups.
    var serving = 0
    /// Whether one was asked for that has not come yet.
    var isAskedFor = false
    /// Whether the timer will look after those that wait.
    var isWatched = false

    /// Notes what has to be done for those that wait.
    mutating func next(isPressing: Bool = false) -> Turn {
      guard !waiting.isEmpty, !isAskedFor else { return .nothing }
      if isPressing || serving < LookUpQueue.readyConnections || waiting.count >= LookUpQueue.crowd
      {
        isAskedFor = true
        return .ask
      }
      guard !isWatched else { return .nothing }
      isWatched = true
      return .setTimer
    }

    mutating func take() -> [LookUp] {
      let taken = Array(waiting.prefix(LookUpQueue.batchLimit))
      waiting.removeFirst(taken.count)
      return taken
    }
  }

  private struct LookUp {
    let device: Locator
    let since = ContinuousClock.now
    let continuation: CheckedContinuation<Result<StoredRegistration?, PostgresError>, Never>
  }

  /// What is to be done next, decided under the lock.
  private enum Turn {
    case ask
    case setTimer
    case nothing
  }

  /// Makes a queue whose connections go back to the pool, where they are renewed in time, after so
  /// many round trips.
  init(_ pool: ConnectionPool, tripsLimit: Int = 100) {
    self.pool = pool
    self.tripsLimit = tripsLimit
  }

  /// How many look-ups wait for a connection.
  var waitingCount: Int { state.withLock { $0.waiting.count } }

  /// Reads one registration.
  func registration(at device: Locator) async throws(PostgresError) -> StoredRegistration? {
    let result = await withCheckedContinuation { continuation in
      let lookUp = LookUp(device: device, continuation: continuation)
      let turn = state.withLock { state -> Turn? in
        guard state.waiting.count < pool.waiterLimit else { return nil }
        state.waiting.append(lookUp)
        return state.next()
      }
      guard let turn else {
        return continuation.resume(
          returning: .failure(PostgresError(.poolFull, operation: "wait")))
      }
      carryOut(turn)
    }
    return try result.get()
  }

  private func carryOut(_ turn: Turn) {
    switch turn {
    case .ask: pool.submit { self.serve($0) }
    case .setTimer:
      timer.asyncAfter(deadline: .now() + .milliseconds(Self.patience)) { [weak self] in
        self?.lookAfterWaiting()
      }
    case .nothing: break
    }
  }

  /// Asks for another connection when somebody has waited for long (U2).
  private func lookAfterWaiting() {
    carryOut(
      state.withLock { state in
        state.isWatched = false
        let longest = state.waiting.first.map { $0.since.duration(to: .now) } ?? .zero
        return state.next(isPressing: longest >= .milliseconds(Self.patience))
      })
  }

  /// Answers those that wait, on a connection or with the reason why there is none.
  private func serve(_ connection: Result<ServerConnection, PostgresError>) {
    var (lookUps, turn) = state.withLock { state in
      state.isAskedFor = false
      state.serving += 1
      return (state.take(), state.next())
    }
    carryOut(turn)
    var trips = 0
    while !lookUps.isEmpty {
      trips += 1
      let goesOn =
        answer(lookUps, on: connection) && trips < tripsLimit && pool.counts.waiting == 0
      guard goesOn else { break }
      (lookUps, turn) = state.withLock { state in (state.take(), state.next()) }
      carryOut(turn)
    }
    carryOut(
      state.withLock { state in
        state.serving -= 1
        return state.next()
      })
  }

  /// Makes a round trip; gives whether the connection is fit for another.
  private func answer(
    _ lookUps: [LookUp], on connection: Result<ServerConnection, PostgresError>
  ) -> Bool {
    do throws(PostgresError) {
      let reader = PostgresReader(connection: try connection.get())
      let rows = try reader.registrations(at: lookUps.map(\.device))
      for (lookUp, row) in zip(lookUps, rows) {
        lookUp.continuation.resume(returning: .success(row))
      }
      return true
    } catch {
      for lookUp in lookUps { lookUp.continuation.resume(returning: .failure(error)) }
      return false
    }
  }
}
