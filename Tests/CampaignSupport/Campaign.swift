import Foundation

/// How far the long campaigns go: short by default, whole with PROVE_KEY_STORE_LONG=1.
package enum Campaign: Sendable {
  /// Whether `PROVE_KEY_STORE_LONG=1` asks for the long form.
  package static let isLong =
    ProcessInfo.processInfo.environment["PROVE_KEY_STORE_LONG"] == "1"

  /// How many rounds of something that is random anyway.
  package static func rounds(short: Int, long: Int) -> Int {
    let asked = ProcessInfo.processInfo.environment["PROVE_KEY_STORE_ROUNDS"]
    return asked.flatMap(Int.init) ?? (isLong ? long : short)
  }

  /// Runs for every number from 1 until nothing fails any more; in the short form for ever larger
  /// steps, so that the many operations of a long life are few runs.
  /// - Parameters:
  ///   - limit: what no life reaches; one that does is an error.
  ///   - sample: about how many runs the short form makes of each doubling.
  ///   - run: fails the operation of a number, and says whether there was one to fail.
  /// - Returns: how many runs there were.
  package static func untilUndisturbed(
    upTo limit: Int, sample: Int, _ run: (Int) async throws -> Bool
  ) async throws -> Int {
    var (number, runs) = (1, 0)
    while number <= limit {
      runs += 1
      guard try await run(number) else { return runs }
      number += isLong ? 1 : 1 + number * 6 / sample
    }
    throw CampaignProblem("a life has more than \(limit) operations")
  }

  /// Takes away all files of a folder.
  package static func removeAll(in folder: String) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
      try FileManager.default.removeItem(atPath: folder + "/" + name)
    }
  }
}

/// A campaign that could not be run.
package struct CampaignProblem: Error, CustomStringConvertible {
  /// Why.
  package let description: String

  init(_ description: String) { self.description = description }
}
