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
  /// Opens every registration and every event of it, and checks structure, counts and chains, and
  /// that each registration is in the state that its events lead to.
  ///
  /// Nobody should write meanwhile: what is counted at different times may differ. A
  /// registration that was taken away, or put back, with all its rows and events is not found.
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
            let history = try await history(of: row.device)
            events += history.count
            if history.state != row.state {
              problems.append("a registration in state \(state) where its events lead elsewhere")
            }
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

  /// How many events a registration has, and the state that they lead to.
  private func history(
    of device: Locator
  ) async throws(RegistryError) -> (count: Int, state: StoredRegistration.State?) {
    var count = 0
    var state: StoredRegistration.State?
    while true {
      let page = try await events(
        at: device, after: UInt64(count), limit: RegistryLimits.pageLimit)
      count += page.count
      state = page.last { $0.kind.stateAfter != nil }?.kind.stateAfter ?? state
      if page.count < RegistryLimits.pageLimit { return (count, state) }
    }
  }
}

extension KeyEvent.Kind {
  /// The state that the event leads to; nothing for one that changes none.
  fileprivate var stateAfter: StoredRegistration.State? {
    switch self {
    case .placed: .placed
    case .bound, .rebound: .bound
    case .unbound: .unbound
    case .revoked: .revoked
    case .deactivated: .dormant
    case .authenticated, .recovered, .rekeyed, .counterRegression, .staleVault, .forkedVault,
      .rejected, .possessionRequired, .possessionFailed:
      nil
    }
  }
}
