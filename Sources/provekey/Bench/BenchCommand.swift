import ArgumentParser
import ProveKeyModel

/// `provekey bench`: how fast an operator's own store is, on their own machine.
struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Time look-ups and authentications on a store of yours.",
    discussion: """
      Only reads, unless --write is given: then keys of its own are made, used and removed again. \
      Times are of this machine as busy as it is now; compare runs of one machine with each other.
      """,
    subcommands: [BenchVault.self, BenchRegistry.self])

  /// How long, and how the result is shown.
  struct Length: ParsableArguments {
    @Option(help: "How many operations of each kind are timed, 100 to 1000000.")
    var count = 10_000

    func validate() throws {
      guard (100...1_000_000).contains(count) else {
        throw ValidationError("--count is 100 to 1000000.")
      }
    }
  }
}

/// The times of single operations of one kind.
struct OperationTimes {
  let name: String
  private var nanoseconds: [Int64] = []

  init(_ name: String) { self.name = name }

  mutating func add(_ time: Duration) {
    nanoseconds.append(
      time.components.seconds * 1_000_000_000 + time.components.attoseconds / 1_000_000_000)
  }

  /// Times one operation.
  mutating func time<Value>(_ body: () throws -> Value) rethrows -> Value {
    let start = ContinuousClock.now
    let value = try body()
    add(start.duration(to: .now))
    return value
  }

  /// How many, how many a second one after the other, and the times that 50, 99 and 99.9 in a hundred
  /// stay below, in nanoseconds.
  var facts: Output.Facts {
    let ordered = nanoseconds.sorted()
    let sum = ordered.reduce(0, +)
    func quantile(_ thousandths: Int) -> Output.Value? {
      ordered.isEmpty ? nil : .number(Int(ordered[(ordered.count - 1) * thousandths / 1000]))
    }
    return [
      ("operation", .text(name)), ("count", .number(ordered.count)),
      ("perSecond", sum > 0 ? .number(Int(Int64(ordered.count) * 1_000_000_000 / sum)) : nil),
      ("p50Nanoseconds", quantile(500)), ("p99Nanoseconds", quantile(990)),
      ("p999Nanoseconds", quantile(999)),
    ]
  }

  /// Prints each kind: a JSON object a line, or a table.
  static func show(_ all: [OperationTimes], json: Bool) throws {
    if json {
      for times in all { try Output.show(times.facts, json: true) }
      return
    }
    let facts = all.map(\.facts)
    guard let header = facts.first?.map(\.name) else { return }
    Output.table(header, facts.map { $0.map { $0.value?.text ?? "-" } })
  }
}
