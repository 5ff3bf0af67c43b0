import Foundation
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import Synchronization

/// S10: noting the inactive, of registries of different sizes, and what readers feel of it.
///
/// The sizes take turns, each time with a copy that nothing was swept from.
struct Sweeps {
  let folder: String
  let rounds: Int

  /// The registrations of a registry, and how many inactive ones of them are noted.
  private struct Setting: Hashable {
    let size: Int
    let limit: Int
  }

  /// What one sweep took, and what a reader felt before and meanwhile.
  private struct Turn {
    let swept: Int
    let nanoseconds: Double
    let idle: [UInt32]
    let busy: [UInt32]
  }

  private static let few = Setting(size: 100_000, limit: 5_000)
  private static let many = Setting(size: 1_000_000, limit: 5_000)
  private static let all = Setting(size: 1_000_000, limit: 100_000)

  /// The samples that are needed.
  static let sizes = [few.size, many.size]

  func run(into report: inout Report) async throws {
    var ids: [Int: [DeviceID]] = [:]
    for size in Self.sizes { ids[size] = Sample(folder: folder, count: size).ids }
    var turns: [Setting: [Turn]] = [:]
    for round in 0..<rounds {
      // The largest once: it takes as long as all others.
      for setting in round == 0 ? [Self.few, Self.many, Self.all] : [Self.few, Self.many] {
        let turn = try await turn(setting, ids[setting.size, default: []])
        turns[setting, default: []].append(turn)
      }
    }
    let few = turns[Self.few, default: []]
    for setting in [Self.few, Self.many, Self.all] {
      let turns = turns[setting, default: []]
      addTimes(of: turns, setting, beside: setting == Self.many ? few : [], to: &report)
      addReaders(of: turns, setting, to: &report)
    }
  }

  private func turn(_ setting: Setting, _ ids: [DeviceID]) async throws -> Turn {
    let sample = Sample(folder: folder, count: setting.size)
    let path = try sample.copy(as: "sweep")
    let registry = try await sample.open(path)
    let idle = try await Self.read(ids, in: registry) { try await Task.sleep(for: .seconds(2)) }
    var took = 0.0
    var swept = 0
    let busy = try await Self.read(ids, in: registry) {
      let start = ContinuousClock.now
      swept = try await registry.sweep(limit: setting.limit).deactivated
      took = start.duration(to: .now) / .nanoseconds(1)
    }
    guard swept > 0 else { throw Failure(what: "none were inactive") }
    try await registry.close()
    try FileManager.default.removeItem(atPath: path)
    return Turn(swept: swept, nanoseconds: took / Double(swept), idle: idle, busy: busy)
  }

  private func addTimes(
    of turns: [Turn], _ setting: Setting, beside others: [Turn], to report: inout Report
  ) {
    var result = Report.Result(
      figure: "S10", work: "sweep \(turns[0].swept) inactive, a registration", contestant: "ours")
    result.setting.rows = setting.size
    let times = turns.map(\.nanoseconds)
    (result.nanoseconds, result.least, result.most) = (times.median, times.min(), times.max())
    if !others.isEmpty {
      result.ratio = zip(turns, others).map { $0.nanoseconds / $1.nanoseconds }.median
      result.reference = "the same of \(Self.few.size)"
    }
    report.add(result)
  }

  private func addReaders(of turns: [Turn], _ setting: Setting, to report: inout Report) {
    for (state, latencies) in [("before", \Turn.idle), ("during", \Turn.busy)] {
      var result = Report.Result(figure: "S10", work: "resolve by one reader", contestant: "ours")
      result.setting.rows = setting.size
      result.setting.state = "\(state) the sweep of \(turns[0].swept)"
      func median(_ share: Double) -> Double {
        turns.map { $0[keyPath: latencies].quantile(share) }.median
      }
      (result.p50, result.p99, result.p999) = (median(0.5), median(0.99), median(0.999))
      if latencies == \.busy {
        result.ratio = turns.map { $0.busy.quantile(0.99) / $0.idle.quantile(0.99) }.median
        result.reference = "p99 when idle"
      }
      report.add(result)
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
