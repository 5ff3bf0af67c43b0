import ProveKeyModel
import ProveKeySealing

/// What a walk over a whole registry found.
public struct VerificationReport: Hashable, Sendable {
  /// Registrations that were read and opened.
  public let registrations: Int
  /// Events that were read and opened.
  public let events: Int
  /// What is wrong, in words without ids; empty when all is well.
  public let problems: [String]

  /// How many problems are listed at most.
  public static let problemLimit = 100
}

extension DeviceRegistry {
  /// Opens every registration and every event of it, and checks structure, counts and chains.
  public func verify() async throws(RegistryError) -> VerificationReport {
    var problems = try await store.structureProblems()
    var registrations = 0
    var candidates = 0
    var events = 0
    for state in StoredRegistration.State.allCases {
      var position: PagePosition?
      while true {
        let rows = try await store.registrations(
          in: .state(state), after: position, limit: RegistryLimits.pageLimit)
        for (index, row) in rows.enumerated() {
          registrations += 1
          if row.isCandidate { candidates += 1 }
          do {
            _ = try codec.open(row)
            events += try await countEvents(of: row.device)
          } catch .damaged(let table) {
            problems.append(
              "a row of table \(table) was altered or damaged (state \(state), number \(index))")
          }
        }
        guard rows.count == RegistryLimits.pageLimit else { break }
        position = rows.last?.position
      }
    }
    let statistics = try await store.statistics()
    if statistics.candidates != candidates {
      problems.append(
        "\(statistics.candidates) candidate rows where the registrations give \(candidates)")
    }
    if statistics.events != events, problems.isEmpty {
      problems.append("\(statistics.events) events where the registrations have \(events)")
    }
    return VerificationReport(
      registrations: registrations, events: events,
      problems: Array(problems.prefix(VerificationReport.problemLimit)))
  }

  private func countEvents(of device: Locator) async throws(RegistryError) -> Int {
    var count = 0
    while true {
      let page = try await events(
        at: device, after: UInt64(count), limit: RegistryLimits.pageLimit)
      count += page.count
      if page.count < RegistryLimits.pageLimit { return count }
    }
  }
}
