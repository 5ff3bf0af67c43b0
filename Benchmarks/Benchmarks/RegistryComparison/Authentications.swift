import CFloor
import Foundation
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import Synchronization

/// A clock that moves a second on with every reading, so that each authentication changes something.
final class SteppingClock: Sendable {
  private let seconds = Atomic<Int64>(0)

  var clock: WallClock {
    WallClock { [self] in
      let passed = seconds.wrappingAdd(1, ordering: .relaxed).newValue
      return UTCInstant(
        millisecondsSinceEpoch: Sample.day.millisecondsSinceEpoch + passed * 1_000)
    }
  }
}

/// S6: durable authentications a second, against one commit each and SQLite writing the same rows.
struct Authentications {
  let sample: Sample
  let rounds: Int

  func run(into report: inout Report) async throws {
    let path = try sample.copy(as: "authentications")
    let rawPath = try sample.copy(as: "authentications-raw")
    let registry = try await sample.open(path, clock: SteppingClock().clock)
    let live = try await Self.serving(sample.ids, in: registry, count: 20_000)
    guard let raw = registry_floor_open(rawPath, Sample.key, 2_000) else {
      throw Failure(what: "no floor")
    }
    var (single, together, batched) = ([Double](), [Double](), [Double]())
    for round in 0...rounds {
      let alone = try await Self.record(live, in: registry, count: 300, tasks: 1)
      let many = try await Self.record(live, in: registry, count: 12_800, tasks: 64)
      let start = ContinuousClock.now
      for _ in 0..<(12_800 / 64) {
        registry_floor_begin(raw)
        for _ in 0..<64 {
          guard var id = live.randomElement()?.rawValue else { continue }
          id.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
              registry_floor_authenticate(raw, $0.baseAddress, bytes.count)
            }
          }
        }
        registry_floor_commit(raw)
      }
      let floor = 12_800 / (start.duration(to: .now) / .seconds(1))
      // The first round fills the caches.
      guard round > 0 else { continue }
      single.append(alone)
      together.append(many)
      batched.append(floor)
    }
    registry_floor_close(raw)
    try await registry.close()
    for (work, contestant, tasks, rates, others, reference) in [
      ("durable authentications", "ours", 1, single, [], nil),
      ("durable authentications", "ours", 64, together, single, "ours, one commit each"),
      ("durable authentications", "ours", 64, together, batched, "SQLite, 64 in a commit"),
      ("the same rows, 64 in a commit", "SQLite", 1, batched, [], nil as String?),
    ] {
      var result = Report.Result(figure: "S6", work: work, contestant: contestant)
      result.setting.rows = sample.count
      result.setting.threads = tasks
      result.perSecond = rates.median
      (result.least, result.most) = (rates.min(), rates.max())
      if !others.isEmpty { result.ratio = zip(rates, others).map { $0 / $1 }.median }
      result.reference = reference
      report.add(result)
    }
  }

  /// Keys that an authentication can be recorded of.
  static func serving(
    _ ids: [DeviceID], in registry: DeviceRegistry, count: Int
  ) async throws -> [DeviceID] {
    var serving: [DeviceID] = []
    let soon = UTCInstant(
      millisecondsSinceEpoch: Sample.day.millisecondsSinceEpoch + 30 * 86_400_000)
    for id in ids where serving.count < count {
      guard let key = try await registry.registration(id), key.isServing,
        !key.isInactive(at: soon, afterMonths: 12)
      else { continue }
      serving.append(id)
    }
    return serving
  }

  /// - Returns: how many a second.
  private static func record(
    _ ids: [DeviceID], in registry: DeviceRegistry, count: Int, tasks: Int
  ) async throws -> Double {
    let start = ContinuousClock.now
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<tasks {
        group.addTask {
          for _ in 0..<(count / tasks) {
            guard let id = ids.randomElement() else { return }
            try await registry.recordAuthentication(of: id)
          }
        }
      }
      try await group.waitForAll()
    }
    return Double(count) / (start.duration(to: .now) / .seconds(1))
  }
}
