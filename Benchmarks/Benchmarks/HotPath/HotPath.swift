import Foundation

/// One piece of hot work, repeated: for times, for counting instructions and for looking at where
/// they go.
///
/// - `HotPath make FOLDER KEYS` makes a vault of so many keys that others can measure as well.
/// - `HotPath WORK COUNT FOLDER` does the work so many times on that vault and prints nanoseconds a
///   call: one round, for `scripts/compare-vault`, which takes turns with others.
/// - `HotPath WORK COUNT` does it on a vault of its own and prints the median of five rounds.
///
/// With `HOTPATH_ONCE` set it does one round and prints nothing: under callgrind, two such runs with
/// different counts give the instructions of one call, since what is done once falls out of the
/// difference.
@main
struct HotPath {
  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    if arguments.count == 3, arguments[0] == "make", let keys = Int(arguments[2]), keys > 0 {
      _ = try SampleVault.make(in: arguments[1], keys: keys)
      return
    }
    guard (2...3).contains(arguments.count), let work = Work(rawValue: arguments[0]),
      let count = Int(arguments[1]), count > 0
    else {
      let names = Work.allCases.map(\.rawValue).joined(separator: "|")
      let usage = "usage: HotPath \(names) COUNT [FOLDER] | make FOLDER KEYS\n"
      FileHandle.standardError.write(Data(usage.utf8))
      exit(2)
    }
    if arguments.count == 3 {
      try measureOnce(work, count, SampleVault(folder: arguments[2]))
      return
    }
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let sample = try SampleVault.make(in: folder.path, keys: work.keyCount)
    if ProcessInfo.processInfo.environment["HOTPATH_ONCE"] != nil {
      try work.prepare(sample, count: count)()
    } else {
      try measure(work, count, sample)
    }
  }

  private static func measureOnce(_ work: Work, _ count: Int, _ sample: SampleVault) throws {
    let perform = try work.prepare(sample, count: count)
    let time = try Time(of: perform)
    print(Int(((work.isShared ? time.wall : time.processor) / work.units(count)).rounded()))
  }

  private static func measure(_ work: Work, _ count: Int, _ sample: SampleVault) throws {
    let perform = try work.prepare(sample, count: count)
    let times = try (0..<5).map { _ in try Time(of: perform) }
    let wall = times.map(\.wall).sorted()[2] / work.units(count)
    let processor = times.map(\.processor).sorted()[2] / work.units(count)
    print("\(work.rawValue) \(Int(wall.rounded())) ns, processor \(Int(processor.rounded())) ns")
  }
}

/// How long something took, in nanoseconds.
struct Time {
  let wall: Double
  /// Of all threads together.
  let processor: Double

  init(of perform: () throws -> Void) throws {
    let before = clock()
    wall = try ContinuousClock().measure(perform) / .nanoseconds(1)
    processor = Double(clock() - before) * 1e9 / Double(CLOCKS_PER_SEC)
  }
}

/// The work did not do what it should.
struct Failure: Error {}

/// A folder of its own that is removed afterwards.
struct TemporaryFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "hot-path-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  func remove() {
    // What cannot be removed is the system's to tidy: the figures are printed by then.
    try? FileManager.default.removeItem(atPath: path)
  }
}
