import ProveKeyModel
import ProveKeyPlatform

/// Lets changes of one registration take turns in this process, first come first served.
///
/// They would exclude each other by their versions anyhow; in turn, none of them has to be planned
/// again and again while others are faster. Other processes are met by the versions alone, and so
/// is a task that, within its turn, changes the same registration once more.
final class DeviceTurns: Sendable {
  /// Who waits, by the device whose turn is taken.
  private let waiting = Locked<[DeviceID: [CheckedContinuation<Void, Never>]]>([:])

  /// A turn that a task has.
  private struct Turn: Hashable, Sendable {
    let turns: ObjectIdentifier
    let id: DeviceID
  }

  /// The turns that the present task has.
  @TaskLocal private static var held: Set<Turn> = []

  /// Runs `body` when nobody else changes this device's registration.
  func inTurn(
    of id: DeviceID, _ body: () async throws(RegistryError) -> Void
  ) async throws(RegistryError) {
    let turn = Turn(turns: ObjectIdentifier(self), id: id)
    guard !Self.held.contains(turn) else { return try await body() }
    await take(id)
    defer { pass(id) }
    let result = await Self.$held.withValue(Self.held.union([turn])) {
      () async -> Result<Void, RegistryError> in
      do throws(RegistryError) { return .success(try await body()) } catch {
        return .failure(error)
      }
    }
    try result.get()
  }

  /// Waits until nobody else changes this device's registration.
  private func take(_ id: DeviceID) async {
    await withCheckedContinuation { continuation in
      let isFree = waiting.withLock { waiting in
        guard waiting[id] != nil else {
          waiting[id] = []
          return true
        }
        waiting[id]?.append(continuation)
        return false
      }
      if isFree { continuation.resume() }
    }
  }

  /// Lets the next one have its turn.
  private func pass(_ id: DeviceID) {
    let next = waiting.withLock { waiting -> CheckedContinuation<Void, Never>? in
      guard let first = waiting[id]?.first else {
        waiting[id] = nil
        return nil
      }
      waiting[id]?.removeFirst()
      return first
    }
    next?.resume()
  }
}
