import Foundation
import ProveDeviceRegistry
import ProveDeviceRegistryPostgres
import ProveKeyModel
import ProveKeyPlatform

/// S7: the registry in PostgreSQL against `pgbench -S -M prepared` on the same server.
///
/// `pgbench` reads a row of four columns by its whole-number key and decodes nothing: what the server
/// and libpq themselves can do.
struct PostgresComparison {
  let address: String
  let pgbench: String
  let folder: String
  let plan: Plan

  private static let batch = 100
  private var seconds: Double { plan.isFull ? 5 : 3 }

  func run(into report: inout Report) async throws {
    let sample = Sample(folder: folder, count: plan.middle)
    let ids = sample.ids
    var store = try await PostgresRegistryStore.open(address, unlock: try Sample.unlock)
    var registry = try await Sample.registry(on: store)
    if try await registry.statistics().registrations.values.reduce(0, +) < ids.count {
      try await registry.generate(sample.registrations)
    }
    try await registry.close()
    for connections in [1, 8] {
      var options = PostgresStoreOptions()
      options.connectionLimit = connections
      store = try await PostgresRegistryStore.openExisting(
        address, unlock: try Sample.unlock, options: options)
      registry = try await Sample.registry(on: store)
      try await compare(registry, ids, connections, &report)
      try await registry.close()
    }
    store = try await PostgresRegistryStore.openExisting(address, unlock: try Sample.unlock)
    registry = try await Sample.registry(on: store, clock: Mixes.clock)
    try await Mixes(registry: registry, ids: ids, engine: "PostgreSQL").run(into: &report)
    try await registry.close()
  }

  private func compare(
    _ registry: DeviceRegistry, _ ids: [DeviceID], _ connections: Int, _ report: inout Report
  ) async throws {
    var peers: [Double] = []
    var rates: [String: [Double]] = [:]
    var times: [String: [UInt32]] = [:]
    // As many tasks as connections, and more, whose calls travel together.
    let works = [
      ("resolve", connections, false), ("resolve, 32 tasks at once", 32, false),
      ("resolve, \(Self.batch) in a call", connections, true),
    ]
    for round in 0...plan.rounds {
      let peer = try peerRate(connections)
      if round > 0 { peers.append(peer) }
      for (work, tasks, isBatch) in works {
        let (rate, each) = try await measure(registry, ids, tasks, isBatch)
        // The first round makes connections and prepares statements.
        guard round > 0 else { continue }
        rates[work, default: []].append(rate)
        times[work, default: []] += each
      }
    }
    for (work, tasks, _) in works {
      let ordered = (times[work] ?? []).sorted()
      var result = Report.Result(figure: "S7", work: work, contestant: "ours")
      result.setting = setting(ids.count, connections)
      result.setting.state = "\(tasks) tasks"
      result.perSecond = rates[work]?.median
      (result.least, result.most) = (rates[work]?.min(), rates[work]?.max())
      (result.p50, result.p99) = (ordered.quantile(0.5), ordered.quantile(0.99))
      result.p999 = ordered.quantile(0.999)
      result.ratio = zip(rates[work] ?? [], peers).map { $0 / $1 }.median
      result.reference = "pgbench -S -M prepared"
      report.add(result)
    }
    var result = Report.Result(figure: "S7", work: "select by key", contestant: "pgbench")
    result.setting = setting(ids.count, connections)
    result.perSecond = peers.median
    (result.least, result.most) = (peers.min(), peers.max())
    report.add(result)
  }

  private func setting(_ rows: Int, _ connections: Int) -> Report.Setting {
    var setting = Report.Setting()
    setting.engine = "PostgreSQL"
    setting.rows = rows
    setting.threads = connections
    return setting
  }

  private func measure(
    _ registry: DeviceRegistry, _ ids: [DeviceID], _ tasks: Int, _ isBatch: Bool
  ) async throws -> (rate: Double, each: [UInt32]) {
    let start = ContinuousClock.now
    let end = start + .seconds(seconds)
    let (done, times) = try await withThrowingTaskGroup(of: (Int, [UInt32]).self) { group in
      for _ in 0..<tasks {
        group.addTask {
          var watch = Stopwatch(100_000)
          var done = 0
          while ContinuousClock.now < end {
            let wanted = (0..<(isBatch ? Self.batch : 1)).map { _ in
              ids[Int.random(in: 0..<ids.count)]
            }
            let found =
              isBatch
              ? try await registry.resolve(wanted) : [try await registry.registration(wanted[0])]
            guard !found.contains(where: { $0 == nil }) else {
              throw Failure(what: "a registration is missing")
            }
            done += found.count
            watch.lap()
          }
          return (done, watch.times)
        }
      }
      return try await group.reduce(into: (0, [])) { $0 = ($0.0 + $1.0, $0.1 + $1.1) }
    }
    return (Double(done) / (start.duration(to: .now) / .seconds(1)), times)
  }

  /// Transactions a second of `pgbench`, whose command line the script has prepared.
  private func peerRate(_ connections: Int) throws -> Double {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = [
      "-c",
      "\(pgbench) -n -S -M prepared -c \(connections) -j \(min(connections, 2)) "
        + "-T \(Int(seconds)) bench",
    ]
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("tps") }),
      let rate = line.split(separator: " ").dropFirst(2).first.flatMap({ Double($0) })
    else { throw Failure(what: "pgbench said nothing") }
    return rate
  }
}
