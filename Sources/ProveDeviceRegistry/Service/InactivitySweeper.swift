public import Logging
public import ServiceLifecycle

/// Sweeps a registry again and again, as a service of the program that links it.
///
/// A sweep only tidies (R5 holds to the millisecond without it), so that several programs may each
/// run one: what one has noted the others no longer find. It works in bounded batches, lets readers
/// and writers through between them, and stops between two batches when the program shuts down.
public struct InactivitySweeper: Service {
  private let registry: DeviceRegistry
  private let interval: Duration
  private let batch: Int
  private let logger: Logger
  private let pause: @Sendable (Duration) async throws -> Void

  /// Prepares a sweeper; nothing runs before ``run()``.
  /// - Parameters:
  ///   - registry: what is swept.
  ///   - interval: how long to wait after a sweep that left nothing to do.
  ///   - batch: how many registrations and items one call changes at most.
  ///   - logger: told what each sweep did, in counts.
  ///   - pause: how to wait; tests do not.
  public init(
    _ registry: DeviceRegistry, every interval: Duration = .seconds(3600), batch: Int = 10_000,
    logger: Logger = RegistryLog.silent,
    pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
  ) {
    self.registry = registry
    self.interval = interval
    self.batch = batch
    self.logger = logger
    self.pause = pause
  }

  /// Sweeps until the program shuts down or the task is cancelled.
  ///
  /// A failed sweep is told to the logger and tried again after the interval.
  /// - Throws: ``RegistryError/store(_:)`` with `closed` once the registry was closed.
  public func run() async throws {
    try await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        let isDone = try await sweepOnce()
        // Also after a batch that left more to do, so that others get their turn.
        do { try await pause(isDone ? interval : .milliseconds(10)) } catch is CancellationError {
          return
        }
      }
    }
  }

  /// One bounded sweep; false when it left more to do.
  private func sweepOnce() async throws(RegistryError) -> Bool {
    do throws(RegistryError) {
      let report = try await registry.sweep(limit: batch)
      logger.info(
        "swept",
        metadata: [
          "deactivated": "\(report.deactivated)", "itemsRemoved": "\(report.itemsRemoved)",
          "detailsErased": "\(report.detailsErased)", "complete": "\(report.isComplete)",
        ])
      return report.isComplete
    } catch {
      if error == .store(.closed) { throw error }
      logger.error("sweep failed", metadata: ["error": "\(error)"])
      return true
    }
  }
}
