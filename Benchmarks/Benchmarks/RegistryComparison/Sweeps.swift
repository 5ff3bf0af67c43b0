import Foundation
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import Synchronization

/// S10: noting the inactive, of registries of different sizes, and what readers feel of it.
struct Sweeps {
  let folder: String

  func run(into report: inout Report) async throws {
    var times: [Double] = []
    for (size, limit) in [(100_000, 5_000), (1_000_000, 5_000), (1_000_000, 100_000)] {
      let sample = Sample(folder: folder, count: size)
      let path = try sample.copy(as: "sweep")
      let registry = try await sample.open(path)
      let ids = sample.ids
      let idle = try await Self.read(ids, in: registry) { try await Task.sleep(for: .seconds(2)) }
      var took = 0.0
      var swept = 0
      let busy = try await Self.read(ids, in: registry) {
        let start = ContinuousClock.now
        swept = try await registry.sweep(limit: limit).deactivated
        took = start.duration(to: .now) / .nanoseconds(1)
      }
      guard swept > 0 else { throw Failure(what: "none were inactive") }
      times.append(took / Double(swept))
      var result = Report.Result(
        figure: "S10", work: "sweep \(swept) inactive, a registration", contestant: "ours")
      result.setting.rows = size
      result.nanoseconds = took / Double(swept)
      if times.count == 2 {
        result.ratio = times[1] / times[0]
        result.reference = "the same of 100000"
      }
      report.add(result)
      for (state, latencies) in [("before the sweep", idle), ("during the sweep", busy)] {
        var result = Report.Result(figure: "S10", work: "resolve by one reader", contestant: "ours")
        result.setting.rows = size
        result.setting.state = "\(state) of \(swept)"
        (result.p50, result.p99) = (latencies.quantile(0.5), latencies.quantile(0.99))
        result.p999 = latencies.quantile(0.999)
        if state == "during the sweep" {
          result.ratio = latencies.quantile(0.99) / idle.quantile(0.99)
          result.reference = "p99 when idle"
        }
        report.add(result)
      }
      try await registry.close()
      try FileManager.default.removeItem(atPath: path)
    }
  }

  /// Reads until `body` has ended.
  private static func read(
    _ ids: [DeviceID], in registry: DeviceRegistry, while body: () async throws -> Void
  ) async throws -> [UInt32] {
    let isOver = Flag()
    let reader = Task {
      var watch = Stopwatch(1_000_000)
      while !isOver.isRaised {
        guard let id = ids.randomElement(), try await registry.registration(id) != nil else {
          throw Failure(what: "a registration is missing")
        }
        watch.lap()
      }
      return watch.times
    }
    do { try await body() } catch {
      isOver.raise()
      throw error
    }
    isOver.raise()
    return try await reader.value.sorted()
  }
}

/// Raised once, by one task for another.
final class Flag: Sendable {
  private let value = Atomic<Bool>(false)

  var isRaised: Bool { value.load(ordering: .acquiring) }

  func raise() { value.store(true, ordering: .releasing) }
}
