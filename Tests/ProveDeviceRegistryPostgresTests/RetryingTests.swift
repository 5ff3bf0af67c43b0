import MetricsTestKit
import ProveDeviceRegistry
import Testing

@testable import ProveDeviceRegistryPostgres

@Suite("A call that is tried again")
struct RetryingTests {
  /// Calls that fail at once each time, with pauses of two milliseconds at most.
  private func attempts(_ options: PostgresStoreOptions) async -> (count: Int, time: Duration) {
    var retrying = options.retrying
    retrying.jitter = { min($0, 2) }
    var count = 0
    let start = ContinuousClock.now
    await #expect(throws: PostgresError.self) {
      try await retrying.run { () throws(PostgresError) -> Void in
        count += 1
        throw PostgresError(.cannotConnect, operation: "connect")
      }
    }
    return (count, ContinuousClock.now - start)
  }

  @Test("is given up when its window is over, by default however often it failed")
  func window() async {
    var options = PostgresStoreOptions()
    options.retryWindowMilliseconds = 300
    let (count, time) = await attempts(options)
    #expect(time >= .milliseconds(300))
    #expect(count < options.attemptLimit)
  }

  @Test("is given up after so many attempts as its caller allows, and each further one is counted")
  func limit() async throws {
    let metrics = TestMetrics()
    var options = PostgresStoreOptions()
    options.attemptLimit = 3
    // Not over before the attempts are, however busy the machine is.
    options.retryWindowMilliseconds = 600_000
    options.metrics = RegistryMetrics(factory: metrics)
    #expect(await attempts(options).count == 3)
    let counter = try metrics.expectCounter("prove_registry_retries", [("cause", "connection")])
    #expect(counter.totalValue == 2)
  }
}
