/// Lets contestants take turns at the same keys and puts their times into relation.
struct Interleaving {
  let figure: String
  let work: String
  var setting = Report.Setting()
  let rounds: Int
  let lookUps: Int
  /// Done before each contestant's turn, such as emptying caches.
  var before: (() throws -> Void)?
  /// Look-ups that are not counted, before the first round.
  var warmUp = 20_000

  /// - Parameters:
  ///   - contestants: ours first, then the reference that ratios are to.
  func run(
    _ contestants: [any Contestant], among count: Int, into report: inout Report
  ) async throws {
    let threads = setting.threads
    var keys = KeySequence(.init(rawValue: setting.keys) ?? .uniform, among: count)
    if warmUp > 0 {
      let numbers = keys.next(warmUp)
      for contestant in contestants { _ = try await contestant.round(numbers, threads: threads) }
    }
    var each = [[UInt32]](repeating: [], count: contestants.count)
    var means = [[Double]](repeating: [], count: contestants.count)
    var rates = means
    for _ in 0..<rounds {
      let numbers = keys.next(lookUps)
      for (index, contestant) in contestants.enumerated() {
        try before?()
        let (times, whole) = try await contestant.round(numbers, threads: threads)
        each[index] += times
        // A process of its own does not count the way to it and back.
        let sum = times.reduce(0.0) { $0 + Double($1) }
        means[index].append(sum / Double(times.count))
        rates[index].append(Double(times.count) / (threads == 1 ? sum : whole) * 1e9)
      }
    }
    for (index, contestant) in contestants.enumerated() {
      let ordered = each[index].sorted()
      var result = Report.Result(
        figure: figure, work: work, contestant: contestant.name, setting: setting)
      result.nanoseconds = means[index].median
      result.least = means[index].min()
      result.most = means[index].max()
      result.p50 = ordered.quantile(0.5)
      result.p99 = ordered.quantile(0.99)
      result.p999 = ordered.quantile(0.999)
      result.perSecond = rates[index].median
      if contestants.count > 1, contestants[index].name.hasPrefix("ours") {
        result.ratio = zip(means[index], means[1]).map { $0 / $1 }.median
        result.reference = contestants[1].name
      }
      report.add(result)
    }
  }
}
