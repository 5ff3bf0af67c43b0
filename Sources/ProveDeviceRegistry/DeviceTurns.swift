import ProveKeyModel
import ProveKeyPlatform

/// Lets changes of one registration take turns in this process, first come first served.
///
/// They would exclude each other by their versions anyhow; in turn, none of them has to be planned
/// again and again while others are faster. Other processes are met by the versions alone.
final class DeviceTurns: Sendable {
  /// Who waits, by the device whose turn is taken.
  private let waiting = Locked<[DeviceID: [CheckedContinuation<Void, Never>]]>([:])

  /// Waits until nobody else changes this device's registration.
  func take(_ id: DeviceID) async {
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
  func pass(_ id: DeviceID) {
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
