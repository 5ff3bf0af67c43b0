package import JSONLines
package import ProveDeviceRegistry
import ProveKeyModel
package import ProveKeyPlatform

/// A registry that answers requests, one line of JSON each: the registry for programs in any
/// language.
///
/// ```
/// {"id":1,"op":"revoke","deviceId":"d","reason":"lost","now":"2026-11-22T00:00:00Z"}
/// {"id":1,"ok":true,"result":"revoked"}
/// ```
///
/// It keeps to what the vault's shell keeps to: every line gets one answer, in order, and none ends
/// the shell (H1); an answer is one line and gives the id back as it was written (H2); a refused
/// request has changed nothing, save that a decision may have spent a challenge or ticket (H3); no
/// refusal repeats what a field carried (H4). The time is the request's `now`, else the clock's.
///
/// It does no input or output of its own, and is for one task.
package final class RegistryShellSession {
  let registry: DeviceRegistry
  let clock: RegistryShellClock
  var devices = TrialDevices()
  /// The ticket of the last decision, for requests that name none.
  var lastTicket: KeyTicket?

  /// Answers for an open registry, which it does not close.
  /// - Parameter clock: the clock that the registry was opened with.
  package init(registry: DeviceRegistry, clock: RegistryShellClock) {
    self.registry = registry
    self.clock = clock
  }

  /// Answers line after line until they end; each answer is written before the next line is read.
  package func serve<Failure>(
    _ lines: inout LineReader<Failure>, write: ([UInt8]) throws(Failure) -> Void
  ) async throws(Failure) {
    while let line = try lines.next() {
      switch line {
      case .line(let bytes): try write(await answer(to: bytes) + [0x0A])
      case .tooLong: try write(answerToTooLongLine() + [0x0A])
      }
    }
  }

  /// The answer to a line, both without their ends.
  package func answer(to line: [UInt8]) async -> [UInt8] {
    var id = JSONText.null
    do {
      let request = try LineRequest(
        line, limits: RegistryShellLimits.line, operations: RegistryShellOperation.byName
      ) { id = $0 }
      clock.set(try request.fields.optionalInstant("now"))
      let result = try await request.operation.run(self, request.fields)
      return JSONLine.answer(result, id: id)
    } catch {
      return JSONLine.refusal(LineRefusal(error), id: id)
    }
  }

  /// The answer to a line that was longer than a line may be, and was skipped.
  package func answerToTooLongLine() -> [UInt8] {
    JSONLine.refusal(.tooLong(RegistryShellLimits.line), id: .null)
  }
}

/// The clock of a registry in a shell: each request sets it, or leaves it to the machine's.
package final class RegistryShellClock: Sendable {
  private let instant = Locked<UTCInstant?>(nil)

  /// Makes a clock that shows the machine's time.
  package init() {}

  func set(_ now: UTCInstant?) { instant.withLock { $0 = now } }

  /// The clock to open the registry with.
  package var wallClock: WallClock {
    WallClock { self.instant.withLock { $0 } ?? WallClock.system.now }
  }
}
