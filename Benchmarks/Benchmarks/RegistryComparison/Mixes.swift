import Foundation
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import ProveKeyTesting

/// YCSB's core workloads in what they mean for a registry: read is resolve, update is a recorded
/// authentication, insert is place, scan is a visitor's candidates, read-modify-write is rebind.
struct Mixes {
  let registry: DeviceRegistry
  let ids: [DeviceID]
  let engine: String
  var operations = 4_000
  var tasks = 8

  static var clock: WallClock { SteppingClock().clock }

  enum Step: String, CaseIterable {
    case read, update, insert, scan, rebind
  }

  /// Shares in percent, and how keys are chosen.
  ///
  /// Source: YCSB, "Core Workloads".
  private static let mixes:
    [(name: String, keys: KeySequence.Spread, shares: [(step: Step, percent: Int)])] = [
      ("A", .zipfian, [(.read, 50), (.update, 50)]),
      ("B", .zipfian, [(.read, 95), (.update, 5)]),
      ("C", .zipfian, [(.read, 100)]),
      // The latest: what was placed in the run itself.
      ("D", .zipfian, [(.read, 95), (.insert, 5)]),
      ("E", .zipfian, [(.scan, 95), (.insert, 5)]),
      ("F", .zipfian, [(.read, 50), (.rebind, 50)]),
    ]

  func run(into report: inout Report) async throws {
    let live = try await Authentications.serving(ids, in: registry, count: 20_000)
    let visitors = try await Self.visitors(of: live, in: registry)
    for mix in Self.mixes {
      let run = MixRun(registry: registry, live: live, visitors: visitors)
      let start = ContinuousClock.now
      let steps = try await withThrowingTaskGroup(of: [(Step, UInt32)].self) { group in
        for _ in 0..<tasks {
          group.addTask {
            try await run.perform(
              operations / tasks, mix.shares, mix.keys, isLatest: mix.name == "D")
          }
        }
        return try await group.reduce(into: []) { $0 += $1 }
      }
      let rate = Double(steps.count) / (start.duration(to: .now) / .seconds(1))
      let shares = mix.shares.map { "\($0.percent) % \($0.step.rawValue)" }
        .joined(separator: ", ")
      for step in [nil] + Step.allCases.map(Optional.some) {
        let times = steps.filter { step == nil || $0.0 == step }.map(\.1).sorted()
        guard !times.isEmpty else { continue }
        var result = Report.Result(
          figure: "YCSB", work: "\(mix.name): \(step?.rawValue ?? shares)", contestant: "ours")
        result.setting.engine = engine
        result.setting.rows = ids.count
        result.setting.keys = mix.keys.rawValue
        result.setting.threads = tasks
        result.p50 = times.quantile(0.5)
        result.p99 = times.quantile(0.99)
        result.p999 = times.quantile(0.999)
        if step == nil { result.perSecond = rate }
        report.add(result)
      }
    }
  }

  private static func visitors(
    of ids: [DeviceID], in registry: DeviceRegistry
  ) async throws -> [VisitorID] {
    var visitors: [VisitorID] = []
    for id in ids where visitors.count < 5_000 {
      if let visitor = try await registry.registration(id)?.visitorID { visitors.append(visitor) }
    }
    return visitors
  }
}

/// One task's share of a mix.
private struct MixRun: Sendable {
  let registry: DeviceRegistry
  let live: [DeviceID]
  let visitors: [VisitorID]

  func perform(
    _ count: Int, _ shares: [(step: Mixes.Step, percent: Int)], _ spread: KeySequence.Spread,
    isLatest: Bool
  ) async throws -> [(Mixes.Step, UInt32)] {
    var keys = KeySequence(spread, among: live.count)
    var hosts = KeySequence(spread, among: visitors.count)
    var placed: [DeviceID] = []
    var times: [(Mixes.Step, UInt32)] = []
    for _ in 0..<count {
      let step = Self.step(of: shares)
      var id = live[Int(keys.next())]
      // Rank 0 is the latest.
      if isLatest, !placed.isEmpty {
        id = placed[placed.count - 1 - Int(keys.next()) % placed.count]
      }
      var device: SimulatedDevice?
      if step == .insert { device = try SimulatedDevice() }
      let challenge = registry.issueChallenge()
      let newKey = try device?.offer(for: challenge)
      let start = ContinuousClock.now
      switch step {
      case .read:
        guard try await registry.registration(id) != nil else {
          throw Failure(what: "a registration is missing")
        }
      case .update: try await registry.recordAuthentication(of: id)
      case .scan: _ = try await registry.candidates(of: visitors[Int(hosts.next())])
      case .rebind:
        let number = try PhoneNumber("+1200100\(Int.random(in: 1000...9999))")
        try await registry.rebind(id, to: number)
      case .insert:
        guard let newKey else { break }
        placed.append(try await registry.place(newKey, for: challenge, on: .mobile).deviceID)
      }
      times.append((step, UInt32(clamping: Int64(start.duration(to: .now) / .nanoseconds(1)))))
    }
    return times
  }

  private static func step(of shares: [(step: Mixes.Step, percent: Int)]) -> Mixes.Step {
    var left = Int.random(in: 0..<100)
    for share in shares {
      if left < share.percent { return share.step }
      left -= share.percent
    }
    return .read
  }
}
