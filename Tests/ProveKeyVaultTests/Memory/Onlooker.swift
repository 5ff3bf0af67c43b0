import Foundation
import ProveKeyPlatform
import Testing

/// Looks into another process at the moment when that says it is ready, and then lets it go on.
///
/// It does so on a thread of its own: an exit test holds one of the few that tasks run on until the
/// process has ended. The two speak over the pipes `ready` and `go` in the fixture's folder.
final class Onlooker<Found>: Sendable {
  private enum Outcome {
    case none
    case found(Result<Found, any Error>)
  }

  private struct NotReady: Error {}

  private let outcome = Locked<Outcome>(.none)
  private let isOver = Locked(0)
  private let done = DispatchSemaphore(value: 0)

  init(at fixture: VaultFixture, _ look: @escaping @Sendable (pid_t) throws -> Found) {
    Thread.detachNewThread { [self] in
      let result = Result<Found, any Error> {
        let process = try whoIsReady(fixture.path("ready"))
        // For reading too: opening then waits for nobody.
        let go = unsafe open(fixture.path("go"), O_RDWR)
        defer { close(go) }
        // Whatever was seen, the process must not wait for ever.
        defer { letGo(go) }
        return try look(process)
      }
      outcome.withLock { $0 = .found(result) }
      done.signal()
    }
  }

  /// What was found; to be asked when the process has ended.
  func result() throws -> Found {
    isOver.withLock { $0 = 1 }
    done.wait()
    guard case .found(let result) = outcome.withLock({ $0 }) else { throw NotReady() }
    return try result.get()
  }

  private func whoIsReady(_ path: String) throws -> pid_t {
    let descriptor = unsafe open(path, O_RDONLY | O_NONBLOCK)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    var number: pid_t = 0
    while isOver.withLock({ $0 }) == 0 {
      let count = unsafe read(descriptor, &number, MemoryLayout<pid_t>.size)
      if count == MemoryLayout<pid_t>.size { return number }
      usleep(10_000)
    }
    throw NotReady()
  }

  private func letGo(_ descriptor: Int32) {
    var answer: UInt8 = 1
    _ = unsafe write(descriptor, &answer, 1)
    // The byte is lost when the last end is closed before the other process has read it.
    for _ in 0..<1000 {
      var waiting: Int32 = 0
      guard unsafe ioctl(descriptor, UInt(FIONREAD), &waiting) == 0, waiting > 0 else { return }
      usleep(10_000)
    }
  }
}
