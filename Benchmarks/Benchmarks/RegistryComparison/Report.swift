import Foundation

/// What was measured, for the plots and the page.
struct Report: Codable {
  var machine = Machine()
  var results: [Result] = []

  /// One contestant in one setting.
  struct Result: Codable {
    /// The figure of the aims it belongs to: S3 and so on.
    var figure: String
    var work: String
    var contestant: String
    var setting = Setting()
    /// Nanoseconds an operation, median of the rounds.
    var nanoseconds: Double?
    /// The spread of the rounds: least and most.
    var least: Double?
    var most: Double?
    /// Of single operations, in nanoseconds.
    var p50: Double?
    var p99: Double?
    var p999: Double?
    /// Operations a second, all tasks together: the median of the rounds.
    var perSecond: Double?
    var bytes: Double?
    /// The median of the rounds' own ratios to the reference: times, or what is said in `work`.
    var ratio: Double?
    var reference: String?
  }

  /// What a measurement was made on.
  struct Setting: Codable, Hashable {
    var engine = "SQLite"
    var rows: Int?
    var cacheKibibytes: Int?
    var keys = "uniform"
    var state = "warm"
    var threads = 1
  }

  struct Machine: Codable {
    var processor = Self.line(of: "/proc/cpuinfo", after: "model name") ?? "unknown"
    var cores = ProcessInfo.processInfo.activeProcessorCount
    var load = (try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8))?.split(
      separator: " "
    ).first.map(String.init)
    var date = ISO8601DateFormatter().string(from: Date())
    /// Set by the script that starts the program.
    var versions = ProcessInfo.processInfo.environment["BENCH_VERSIONS"] ?? "unknown"
    var commit = ProcessInfo.processInfo.environment["BENCH_COMMIT"] ?? "unknown"

    private static func line(of path: String, after name: String) -> String? {
      guard let text = try? String(contentsOfFile: path, encoding: .utf8),
        let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) })
      else { return nil }
      return line.split(separator: ":").last?.trimmingCharacters(in: .whitespaces)
    }
  }

  /// Adds a result and prints it.
  mutating func add(_ result: Result) {
    results.append(result)
    var words = [result.figure, result.work, result.contestant, result.setting.engine]
    if let rows = result.setting.rows { words.append("\(rows) rows") }
    if let cache = result.setting.cacheKibibytes { words.append("cache \(cache) KiB") }
    words += [result.setting.keys, result.setting.state, "threads \(result.setting.threads)"]
    if let time = result.nanoseconds { words.append("\(Int(time)) ns") }
    if let rate = result.perSecond { words.append("\(Int(rate))/s") }
    if let p99 = result.p99 { words.append("p99 \(Int(p99))") }
    if let bytes = result.bytes { words.append("\(Int(bytes)) bytes") }
    if let ratio = result.ratio {
      words.append("ratio \((ratio * 100).rounded() / 100) to \(result.reference ?? "")")
    }
    print(words.joined(separator: ", "))
  }

  func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    try encoder.encode(self).write(to: URL(fileURLWithPath: path))
  }
}

extension [Double] {
  var median: Double { quantile(0.5) }

  func quantile(_ share: Double) -> Double {
    let ordered = sorted()
    return ordered[Int(Double(ordered.count - 1) * share)]
  }
}

extension [UInt32] {
  /// Of an ascending list.
  func quantile(_ share: Double) -> Double { Double(self[Int(Double(count - 1) * share)]) }
}
