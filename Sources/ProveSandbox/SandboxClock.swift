#if Sandbox
  import Foundation
  import ProveKeyModel
  public import ProveKeyPlatform

  /// The time of day as the sandbox has it: the machine's, and as much later as a test has said.
  ///
  /// How much is kept in a file, so that a restart does not turn the time back.
  public final class SandboxClock: Sendable {
    private let aheadMilliseconds: Locked<Int64>
    private let path: String?

    /// Begins as far ahead as the file says; without a file, at the machine's time.
    public init(path: String? = nil) {
      self.path = path
      // A file that is not there, or is damaged, is no reason not to begin at all.
      let text = path.flatMap { try? String(contentsOfFile: $0, encoding: .utf8) }
      let ahead = text.flatMap { Int64($0) } ?? 0
      aheadMilliseconds = Locked((0...Self.limitMilliseconds).contains(ahead) ? ahead : 0)
    }

    /// The farthest that the clock can be ahead: a hundred years.
    static let limitMilliseconds: Int64 = 100 * 366 * 24 * 60 * 60 * 1000

    /// The clock for whoever reads it.
    public var wallClock: WallClock {
      WallClock { [self] in
        let now = WallClock.system.now.millisecondsSinceEpoch
        return UTCInstant(
          millisecondsSinceEpoch: now + aheadMilliseconds.withLock { $0 })
      }
    }

    /// Moves the clock on.
    /// - Returns: whether it did; not beyond its limit.
    func advance(months: Int, seconds: Int64) -> Bool {
      guard months >= 0, months <= 1200, seconds >= 0, seconds <= Self.limitMilliseconds / 1000
      else { return false }
      let now = wallClock.now
      let target = now.adding(months: months).adding(seconds: seconds)
      let step = target.millisecondsSinceEpoch - now.millisecondsSinceEpoch
      return aheadMilliseconds.withLock {
        guard $0 + step <= Self.limitMilliseconds else { return false }
        $0 += step
        guard let path else { return true }
        do { try String($0).write(toFile: path, atomically: true, encoding: .utf8) } catch {
          $0 -= step
          return false
        }
        return true
      }
    }
  }
#endif
