import CFloor
import Foundation
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import Synchronization

/// A clock that moves on with every reading, so that each authentication changes something, and a day
/// on when it is told to.
final class SteppingClock: Sendable {
  private let passed = Atomic<Int64>(0)

  /// A millisecond on with each reading.
  var clock: WallClock {
    WallClock { [self] in
      let passed = passed.wrappingAdd(1, ordering: .relaxed).newValue
      return UTCInstant(millisecondsSinceEpoch: Sample.day.millisecondsSinceEpoch + passed)
    }
  }

  func advanceByDay() {
    passed.wrappingAdd(Sample.dayMilliseconds, ordering: .relaxed)
  }
}

/// S6: durable authentications a second, against one commit each and SQLite writing the same rows.
///
/// A key's first authentication of a day moves entries of four indexes, the next ones of none: each is
/// measured by itself.
struct Authentications {
  let sample: Sample
  let rounds: Int

  private static let aloneCount = 300
  private static let manyCount = 12_800
  private static let tasks = 64

  func run(into report: inout Report) async throws {
    let path = try sample.copy(as: "authentications")
    let rawPath = try sample.copy(as: "authentications-raw")
    let clock = SteppingClock()
    let registry = try await sample.open(path, clock: clock.clock)
    let live = try await Self.serving(
      sample.ids, in: registry, count: Self.aloneCount + Self.manyCount)
    guard live.count == Self.aloneCount + Self.manyCount else {
      throw Failure(what: "too few keys that serve")
    }
    guard let raw = registry_floor_open(rawPath, Sample.key, 2_000) else {
      throw Failure(what: "no floor")
    }
    var rates: [Day: Rates] = [:]
    for round in 0...rounds {
      clock.advanceByDay()
      let ids = live.shuffled()
      for day in Day.allCases {
        let alone = ids.prefix(Self.aloneCount)
        let many = ids.dropFirst(Self.aloneCount).shuffled()
        let single = try await Self.record(Array(alone), in: registry, tasks: 1)
        let together = try await Self.record(many, in: registry, tasks: Self.tasks)
        let plain = Self.write(Array(alone), day, raw, inOneCommit: 1)
        let batched = Self.write(many, day, raw, inOneCommit: Self.tasks)
        // The first round fills the caches.
        guard round > 0 else { continue }
        rates[day, default: Rates()].note(single, together, plain, batched)
      }
    }
    registry_floor_close(raw)
    try await registry.close()
    for day in Day.allCases { rates[day]?.report(day, sample.count, &report) }
  }

  private enum Day: String, CaseIterable {
    case first = "first of the day"
    case again = "again on the same day"
  }

  private struct Rates {
    var single: [Double] = []
    var together: [Double] = []
    var plain: [Double] = []
    var batched: [Double] = []

    mutating func note(
      _ single: Double, _ together: Double, _ plain: Double, _ batched: Double
    ) {
      self.single.append(single)
      self.together.append(together)
      self.plain.append(plain)
      self.batched.append(batched)
    }

    func report(_ day: Day, _ count: Int, _ report: inout Report) {
      let work = "durable authentications, \(day.rawValue)"
      for (contestant, tasks, rates, others, reference) in [
        ("ours", 1, single, [], nil as String?),
        ("ours", Authentications.tasks, together, single, "ours, one commit each"),
        ("ours", Authentications.tasks, together, batched, "SQLite, 64 in a commit"),
        ("SQLite, one commit each", 1, plain, [], nil),
        ("SQLite, 64 in a commit", 1, batched, plain, "SQLite, one commit each"),
      ] {
        var result = Report.Result(figure: "S6", work: work, contestant: contestant)
        result.setting.rows = count
        result.setting.threads = tasks
        result.perSecond = rates.median
        (result.least, result.most) = (rates.min(), rates.max())
        if !others.isEmpty { result.ratio = zip(rates, others).map { $0 / $1 }.median }
        result.reference = reference
        report.add(result)
      }
    }
  }

  /// Keys that an authentication can be recorded of for a while.
  static func serving(
    _ ids: [DeviceID], in registry: DeviceRegistry, count: Int
  ) async throws -> [DeviceID] {
    var serving: [DeviceID] = []
    let soon = UTCInstant(
      millisecondsSinceEpoch: Sample.day.millisecondsSinceEpoch + 30 * Sample.dayMilliseconds)
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
    _ ids: [DeviceID], in registry: DeviceRegistry, tasks: Int
  ) async throws -> Double {
    let start = ContinuousClock.now
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<tasks {
        group.addTask {
          for index in stride(from: task, to: ids.count, by: tasks) {
            try await registry.recordAuthentication(of: ids[index])
          }
        }
      }
      try await group.waitForAll()
    }
    return Double(ids.count) / (start.duration(to: .now) / .seconds(1))
  }

  /// - Returns: how many a second SQLite writes.
  private static func write(
    _ ids: [DeviceID], _ day: Day, _ raw: OpaquePointer, inOneCommit count: Int
  ) -> Double {
    let start = ContinuousClock.now
    for first in stride(from: 0, to: ids.count, by: count) {
      registry_floor_begin(raw)
      for id in ids[first..<min(first + count, ids.count)] {
        var id = id.rawValue
        id.withUTF8 { bytes in
          bytes.withMemoryRebound(to: CChar.self) {
            registry_floor_authenticate(raw, $0.baseAddress, bytes.count, day == .first ? 1 : 0)
          }
        }
      }
      registry_floor_commit(raw)
    }
    return Double(ids.count) / (start.duration(to: .now) / .seconds(1))
  }
}
