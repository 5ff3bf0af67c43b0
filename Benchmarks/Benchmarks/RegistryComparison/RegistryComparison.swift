import Foundation
import ProveDeviceRegistry

/// The registry side by side with what people would use instead, in turn, with the results as JSON.
///
/// - `RegistryComparison sqlite FOLDER OUT.json [full]`
/// - `RegistryComparison postgres ADDRESS PGBENCH FOLDER OUT.json [full]`
///
/// Samples are made in FOLDER once and used again. `scripts/bench-registry` runs both.
@main
struct RegistryComparison {
  static func main() async throws {
    SQLiteRegistryStore.stopCountingMemory()
    let words = Array(CommandLine.arguments.dropFirst())
    let isFull = words.last == "full"
    switch (words.first, words.count - (isFull ? 1 : 0)) {
    case ("sqlite", 3):
      let plan = Plan(isFull: isFull)
      var report = Report()
      do { try await SQLiteComparison(folder: words[1], plan: plan).run(into: &report) } catch {
        // What was measured until then is not lost.
        try report.write(to: words[2])
        throw error
      }
      try report.write(to: words[2])
    case ("postgres", 5):
      let plan = Plan(isFull: isFull)
      var report = Report()
      try await PostgresComparison(
        address: words[1], pgbench: words[2], folder: words[3], plan: plan
      ).run(into: &report)
      try report.write(to: words[4])
    default:
      let usage = """
        usage: RegistryComparison sqlite FOLDER OUT.json [full]
               RegistryComparison postgres ADDRESS PGBENCH FOLDER OUT.json [full]

        """
      FileHandle.standardError.write(Data(usage.utf8))
      exit(2)
    }
  }
}

/// How much is measured.
struct Plan {
  let isFull: Bool

  /// Registrations of the samples, ascending.
  var sizes: [Int] {
    isFull ? [1_000, 10_000, 100_000, 1_000_000, 10_000_000] : [1_000, 10_000, 100_000, 1_000_000]
  }
  /// The sample that is written to, and the one that figures are about unless they say otherwise.
  let middle = 100_000
  var rounds: Int { isFull ? 9 : 5 }
  var lookUps: Int { isFull ? 50_000 : 20_000 }
}

/// Something did not do what it should.
struct Failure: Error {
  let what: String
}
