import CampaignSupport
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import ProveKeyTesting
import StoreTestSupport
import Testing

/// Q8: random histories, the same seed on all engines, agree state by state with a simple model.
///
/// A failure prints the seed and the fewest steps found that show it.
@Suite("Random histories", .inTurn)
struct HistoryTests {
  private static let memorySeeds: Range<UInt64> = 0..<(TestLength.isLong ? 20_000 : 240)
  private static let allSeeds: Range<UInt64> = 0..<(TestLength.isLong ? 1_000 : 24)

  /// Runs histories, some at a time, and reports the first that differs.
  private func run(
    _ seeds: Range<UInt64>, count: Int, on factories: [StoreFactory]
  ) async throws {
    for seed in seeds {
      guard let difference = try await History(seed: seed, count: count).shrunk(on: factories)
      else { continue }
      Issue.record("\(difference)")
      return
    }
  }

  @Test("in memory, agree with the model", arguments: 0..<4 as Range<UInt64>)
  func memory(part: UInt64) async throws {
    let size = UInt64(Self.memorySeeds.count) / 4
    try await run(part * size..<(part + 1) * size, count: 30, on: [.memory])
  }

  @Test("on every engine, agree with each other and with the model")
  func engines() async throws {
    try await run(Self.allSeeds, count: 40, on: StoreFactory.all)
  }

  @Test("come by every row of the decision table and by nearly every refusal")
  func reach() throws {
    var all = History.Reach()
    for seed in Self.memorySeeds {
      let reach = try History(seed: seed, count: 30).reach()
      all.rows.formUnion(reach.rows)
      all.refusals.formUnion(reach.refusals)
      all.completed += reach.completed
    }
    #expect(all.rows == Set(DecisionRow.allCases))
    let refusals: [RegistryError] = [
      .unknownDevice, .deviceIDTaken, .deviceRevoked, .deviceSuspended, .deviceInactive, .notBound,
      .signatureInvalid, .ticketExpired, .ticketSpent, .planStale, .nothingToComplete,
      .possessionMissing, .possessionFailed, .phoneNumberMismatch, .newKeyMissing, .newKeyMismatch,
      .registrationCapReached,
    ]
    for refusal in refusals { #expect(all.refusals.contains("\(refusal)"), "\(refusal)") }
    #expect(all.completed > Self.memorySeeds.count / 2, "\(all.completed) completed")
  }

  @Test("a store that loses something is found, and the history that shows it is short")
  func finds() async throws {
    for fault in ForgetfulStore.Fault.allCases {
      let factory = StoreFactory("forgetful") {
        let store = try InMemoryRegistryStore()
        return .init { ForgetfulStore(InMemoryRegistryStore(sharing: store), fault) }
      }
      var found: HistoryDifference?
      for seed in 0..<300 as Range<UInt64> where found == nil {
        found = try await History(seed: seed, count: 30).shrunk(on: [factory])
      }
      let difference = try #require(found, "\(fault) was not found")
      #expect(difference.history.steps.count <= 12, "\(fault): \(difference)")
    }
  }
}
