import CFloor
import CPlain
import Foundation
import GRDB
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform

/// The registry in SQLite, against the floor, plain SQLite, GRDB and SQLCipher.
struct SQLiteComparison {
  let folder: String
  let plan: Plan

  private static let smallCache = 2_000
  private static let largeCache = 262_144

  /// Which parts run; all of them unless the environment names some.
  private var parts: Set<String> {
    let all = "growth peers caches cold threads candidates decide authentications mixes sizes sweep"
    let wanted = ProcessInfo.processInfo.environment["BENCH_PARTS"] ?? all
    return Set(wanted.split(separator: " ").map(String.init))
  }

  func run(into report: inout Report) async throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let parts = parts
    let isSweepAlone = parts == ["sweep"]
    for size in isSweepAlone ? Sweeps.sizes : plan.sizes {
      try await Sample(folder: folder, count: size).make(inTheClear: !isSweepAlone)
    }
    if parts.contains("growth") { try await growth(&report) }
    if parts.contains("peers") { try await peers(&report) }
    if parts.contains("caches") { try await caches(&report) }
    if parts.contains("cold") { try await cold(&report) }
    if parts.contains("threads") { try await threads(&report) }
    if parts.contains("candidates") { try await Candidates(folder: folder).run(into: &report) }
    if parts.contains("decide") { try decide(&report) }
    if parts.contains("authentications") {
      try await Authentications(sample: middle, rounds: plan.rounds).run(into: &report)
    }
    if parts.contains("mixes") {
      let path = try middle.copy(as: "mixes")
      let registry = try await middle.open(path, clock: Mixes.clock)
      try await Mixes(registry: registry, ids: middle.ids, engine: "SQLite").run(into: &report)
      try await registry.close()
    }
    if parts.contains("sizes") { try sizes(&report) }
    if parts.contains("sweep") {
      try await Sweeps(folder: folder, rounds: plan.rounds).run(into: &report)
    }
  }

  private var middle: Sample { Sample(folder: folder, count: plan.middle) }

  /// S3: how look-ups slow down as the registry grows.
  private func growth(_ report: inout Report) async throws {
    for size in plan.sizes {
      let sample = Sample(folder: folder, count: size)
      let ids = sample.ids
      try sample.warm()
      let registry = try await sample.open()
      var turns = Interleaving(
        figure: "S3", work: "resolve", rounds: plan.rounds, lookUps: plan.lookUps)
      turns.setting.rows = size
      turns.setting.cacheKibibytes = Self.smallCache
      var contestants: [any Contestant] = [
        Ours(name: "ours", registry: registry, ids: ids),
        Floor(
          sample.registryPath, key: Sample.key, ids, cacheKibibytes: Self.smallCache, threads: 1),
      ]
      var alone: DeviceRegistry?
      if sample.hasPlain {
        contestants += [
          PlainSQLite(sample.plainPath, ids, cacheKibibytes: Self.smallCache, threads: 1),
          try GRDBPool(sample.plainPath, ids, cacheKibibytes: Self.smallCache),
        ]
        let registry = try await sample.open(try sample.copy(as: "alone"), .exclusive)
        contestants.append(Ours(name: Self.exclusive, registry: registry, ids: ids))
        alone = registry
      }
      try await turns.run(contestants, among: size, into: &report)
      try await registry.close()
      try await alone?.close()
    }
  }

  /// The registry with the file, a copy of the sample, to itself.
  private static let exclusive = "ours, exclusive"

  /// Look-ups beside SQLCipher, at its defaults and at its best, with the caches that belong to it.
  private func peers(_ report: inout Report) async throws {
    guard let program = ProcessInfo.processInfo.environment["BENCH_CIPHER"] else {
      throw Failure(what: "BENCH_CIPHER names no program")
    }
    let sample = middle
    let ids = sample.ids
    if !FileManager.default.fileExists(atPath: sample.cipherPath) {
      let maker = Process()
      maker.executableURL = URL(fileURLWithPath: program)
      maker.arguments = ["make", sample.plainPath, sample.cipherPath]
      try maker.run()
      maker.waitUntilExit()
      guard maker.terminationStatus == 0 else { throw Failure(what: "no encrypted copy") }
    }
    for (isBest, cache) in [(false, Self.smallCache), (true, Self.largeCache)] {
      let registry = try await sample.open(cacheKibibytes: cache)
      let cipher = try Cipher(
        program, sample.cipherPath, ids: sample.idsPath, cacheKibibytes: cache, isBest: isBest)
      var turns = Interleaving(
        figure: "peers", work: "resolve beside SQLCipher", rounds: plan.rounds,
        lookUps: plan.lookUps)
      turns.setting.rows = sample.count
      turns.setting.cacheKibibytes = cache
      turns.warmUp = isBest ? 200_000 : 20_000
      try await turns.run(
        [
          Ours(name: "ours", registry: registry, ids: ids), cipher,
          PlainSQLite(sample.plainPath, ids, cacheKibibytes: cache, threads: 1),
          try GRDBPool(sample.plainPath, ids, cacheKibibytes: cache),
        ], among: sample.count, into: &report)
      cipher.close()
      try await registry.close()
    }
  }

  /// Small and large page caches, keys asked for evenly and not.
  private func caches(_ report: inout Report) async throws {
    let sample = middle
    let ids = sample.ids
    for (cache, keys) in [
      (Self.smallCache, "zipfian"), (Self.largeCache, "uniform"), (Self.largeCache, "zipfian"),
    ] {
      let registry = try await sample.open(cacheKibibytes: cache)
      var turns = Interleaving(
        figure: "S3", work: "resolve", rounds: plan.rounds, lookUps: plan.lookUps)
      turns.setting.rows = sample.count
      turns.setting.cacheKibibytes = cache
      turns.setting.keys = keys
      turns.warmUp = cache == Self.largeCache ? 200_000 : 20_000
      try await turns.run(
        [
          Ours(name: "ours", registry: registry, ids: ids),
          Floor(sample.registryPath, key: Sample.key, ids, cacheKibibytes: cache, threads: 1),
          PlainSQLite(sample.plainPath, ids, cacheKibibytes: cache, threads: 1),
          try GRDBPool(sample.plainPath, ids, cacheKibibytes: cache),
        ], among: sample.count, into: &report)
      try await registry.close()
    }
  }

  /// The first look-ups after the kernel has forgotten the files; handles and their first pages stay.
  private func cold(_ report: inout Report) async throws {
    let sample = Sample(folder: folder, count: 1_000_000)
    guard plan.sizes.contains(sample.count) else { return }
    let ids = sample.ids
    let registry = try await sample.open()
    var turns = Interleaving(figure: "S3", work: "resolve", rounds: plan.rounds, lookUps: 200)
    turns.setting.rows = sample.count
    turns.setting.cacheKibibytes = Self.smallCache
    turns.setting.state = "cold"
    turns.warmUp = 0
    turns.before = { try Sample.forget([sample.registryPath, sample.plainPath]) }
    try await turns.run(
      [
        Ours(name: "ours", registry: registry, ids: ids),
        Floor(
          sample.registryPath, key: Sample.key, ids, cacheKibibytes: Self.smallCache, threads: 1),
        PlainSQLite(sample.plainPath, ids, cacheKibibytes: Self.smallCache, threads: 1),
      ], among: sample.count, into: &report)
    try await registry.close()
  }

  /// S13: look-ups by several at once.
  private func threads(_ report: inout Report) async throws {
    let sample = middle
    let ids = sample.ids
    let registry = try await sample.open()
    let alone = try await sample.open(try sample.copy(as: "alone"), .exclusive)
    let contestants: [any Contestant] = [
      Ours(name: "ours", registry: registry, ids: ids),
      Floor(
        sample.registryPath, key: Sample.key, ids, cacheKibibytes: Self.smallCache, threads: 8),
      PlainSQLite(sample.plainPath, ids, cacheKibibytes: Self.smallCache, threads: 8),
      try GRDBPool(sample.plainPath, ids, cacheKibibytes: Self.smallCache),
      Ours(name: Self.exclusive, registry: alone, ids: ids),
    ]
    var ofOne: [String: Double] = [:]
    for threads in [1, 2, 8] {
      var turns = Interleaving(
        figure: "S13", work: "resolve", rounds: plan.rounds, lookUps: plan.lookUps * 2)
      turns.setting.rows = sample.count
      turns.setting.cacheKibibytes = Self.smallCache
      turns.setting.threads = threads
      let first = report.results.count
      try await turns.run(contestants, among: sample.count, into: &report)
      for name in ["ours", Self.exclusive] {
        let measured = report.results[first...].first { $0.contestant == name }
        guard let rate = measured?.perSecond else { continue }
        guard let one = ofOne[name] else {
          ofOne[name] = rate
          continue
        }
        var result = Report.Result(
          figure: "S13", work: "rate of \(threads) threads to that of one", contestant: name,
          setting: turns.setting)
        result.ratio = rate / one
        result.reference = "one thread"
        report.add(result)
      }
    }
    try await registry.close()
    try await alone.close()
  }

  /// S5: a decision on facts in hand.
  private func decide(_ report: inout Report) throws {
    let number = try PhoneNumber("2001004014")
    let publicKey = try PublicKey(algorithm: .ed25519, bytes: [UInt8](repeating: 1, count: 32))
    let key = try KeyRegistration(
      placing: publicKey, as: try DeviceID(validating: "sample"), on: .mobile, at: Sample.day
    ).bound(to: number, proveID: nil, at: Sample.day)
    let facts = KeyFacts(presented: .registered(key, .fresh))
    let request = KeyRequest(channel: .mobile, phoneNumber: number)
    let count = 200_000
    var means: [Double] = []
    for _ in 0..<plan.rounds {
      let start = ContinuousClock.now
      var authenticated = 0
      for _ in 0..<count {
        let decision = KeyRules.decide(request, facts: facts, policy: .prove, now: Sample.day)
        if case .authenticate = decision.outcome { authenticated += 1 }
      }
      guard authenticated == count else { throw Failure(what: "another decision") }
      means.append(start.duration(to: .now) / .nanoseconds(1) / Double(count))
    }
    var result = Report.Result(figure: "S5", work: "decide", contestant: "ours")
    (result.nanoseconds, result.least, result.most) = (means.median, means.min(), means.max())
    report.add(result)
  }

  /// S9: bytes of each table and index.
  private func sizes(_ report: inout Report) throws {
    for size in plan.sizes where size >= plan.middle && size <= 1_000_000 {
      let sample = Sample(folder: folder, count: size)
      var totals: [Double] = []
      for (name, path) in [("ours", sample.registryPath), ("plain SQLite", sample.plainPath)] {
        let queue = try DatabaseQueue(path: path)
        let rows = try queue.read {
          try Row.fetchAll($0, sql: "SELECT name, sum(pgsize) AS bytes FROM dbstat GROUP BY name")
        }
        try queue.close()
        var total = 0.0
        for row in rows {
          let bytes: Double = row["bytes"]
          total += bytes
          var result = Report.Result(
            figure: "S9", work: "bytes a registration: \(row["name"] as String)", contestant: name)
          result.setting.rows = size
          result.bytes = bytes / Double(size)
          report.add(result)
        }
        totals.append(total / Double(size))
      }
      var result = Report.Result(
        figure: "S9", work: "bytes a registration", contestant: "ours")
      result.setting.rows = size
      result.bytes = totals[0]
      result.ratio = totals[0] / totals[1]
      result.reference = "plain SQLite"
      report.add(result)
    }
  }
}
