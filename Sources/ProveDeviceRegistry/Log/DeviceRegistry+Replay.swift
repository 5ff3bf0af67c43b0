public import ProveKeyModel

/// What deciding every kept decision again gave.
public struct ReplayReport: Hashable, Sendable {
  /// Events that were read.
  public let events: Int
  /// Decisions among them whose facts are still there.
  public let decisions: Int
  /// Those that today's rules decide the same.
  public let reproduced: Int
  /// Decisions whose facts were erased, so that they cannot be made again.
  public let erased: Int
  /// Decisions by row.
  public let byRow: [DecisionRow: Int]
  /// Where today's rules say otherwise, in words without ids; at most 100.
  public let disagreements: [String]

  /// Whether every decision was reproduced.
  public var agrees: Bool { decisions == reproduced }
}

extension DeviceRegistry {
  /// Decides every kept decision again from its facts and compares.
  /// - Parameters:
  ///   - limit: how many events are read at most; nothing for all.
  ///   - progress: is told how many events were read.
  /// - Throws: ``RegistryError/damaged(table:)`` when an event was altered.
  public func replay(
    limit: Int? = nil, progress: (_ events: Int) -> Void = { _ in }
  ) async throws(RegistryError) -> ReplayReport {
    var (events, decisions, reproduced, erased) = (0, 0, 0, 0)
    var byRow: [DecisionRow: Int] = [:]
    var disagreements: [String] = []
    var position: EventPosition?
    while events < limit ?? .max {
      let page = try await store.events(
        after: position, limit: min(RegistryLimits.pageLimit, (limit ?? .max) - events))
      for stored in page {
        let event = try openEvent(stored)
        if event.row != nil, event.kind.isDecision, event.isRedacted { erased += 1 }
        guard let record = event.detail?.decision else { continue }
        decisions += 1
        byRow[record.row, default: 0] += 1
        if record.isReproduced {
          reproduced += 1
        } else if disagreements.count < VerificationReport.problemLimit {
          disagreements.append("\(record.row) of \(event.at.iso8601) is decided otherwise today")
        }
      }
      events += page.count
      position = page.last?.position
      progress(events)
      if page.isEmpty { break }
    }
    return ReplayReport(
      events: events, decisions: decisions, reproduced: reproduced, erased: erased, byRow: byRow,
      disagreements: disagreements)
  }
}

extension KeyEvent.Kind {
  /// Whether the event tells of a decision rather than of a change.
  var isDecision: Bool {
    switch self {
    case .counterRegression, .staleVault, .forkedVault, .rejected, .possessionRequired, .decided:
      true
    default: false
    }
  }
}
