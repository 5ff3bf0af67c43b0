public import Metrics
import ProveKeyModel

/// What a registry counts and times, through swift-metrics: names, rows and kinds, never an id.
///
/// | label | kind | dimensions |
/// |---|---|---|
/// | `prove_registry_decisions` | counter | `row`: D1 to D19 |
/// | `prove_registry_changes` | counter | `event`: the kind of each event that was appended |
/// | `prove_registry_lookup` | timer | a registration looked up by deviceId |
/// | `prove_registry_commit` | timer | a batch written, until it is durable |
/// | `prove_registry_batch_rows` | recorder | rows of a batch |
/// | `prove_registry_pool_wait` | timer | a call's wait for one of the server's connections, also in vain |
/// | `prove_registry_retries` | counter | `cause`: `conflict`, `contention`, `outcomeUnknown`, `connection` |
public final class RegistryMetrics: Sendable {
  private let decisions: [Counter]
  private let changes: [Counter]
  private let lookups: Timer
  private let commits: Timer
  private let batchRows: Recorder
  private let poolWaits: Timer
  private let retriesByCause: [Counter]

  /// Why something was tried again.
  package enum RetryCause: Int, CaseIterable, Sendable {
    /// Another server's transaction was in the way.
    case conflict
    /// Somebody else changed the rows first.
    case contention
    /// It is not known whether a write took effect.
    case outcomeUnknown
    /// The connection to a server was lost, or none was to be had.
    case connection
  }

  /// Makes the metrics once.
  /// - Parameter factory: where they are sent; by default where the program's metrics go.
  public init(factory: any MetricsFactory = MetricsSystem.factory) {
    decisions = DecisionRow.allCases.map {
      Counter(
        label: "prove_registry_decisions", dimensions: [("row", "\($0)")], factory: factory)
    }
    changes = KeyEvent.Kind.allCases.map {
      Counter(
        label: "prove_registry_changes", dimensions: [("event", $0.name)], factory: factory)
    }
    lookups = Timer(label: "prove_registry_lookup", factory: factory)
    commits = Timer(label: "prove_registry_commit", factory: factory)
    batchRows = Recorder(label: "prove_registry_batch_rows", aggregate: true, factory: factory)
    poolWaits = Timer(label: "prove_registry_pool_wait", factory: factory)
    retriesByCause = RetryCause.allCases.map {
      Counter(
        label: "prove_registry_retries", dimensions: [("cause", "\($0)")], factory: factory)
    }
  }

  func count(_ row: DecisionRow) { decisions[row.rawValue - 1].increment() }

  func count(_ kind: KeyEvent.Kind) { changes[Int(kind.rawValue) - 1].increment() }

  /// Counts a further attempt.
  package func countRetry(_ cause: RetryCause) { retriesByCause[cause.rawValue].increment() }

  func recordLookup(since start: ContinuousClock.Instant) {
    lookups.recordNanoseconds(start.nanosecondsUntilNow)
  }

  func recordCommit(since start: ContinuousClock.Instant, rows: Int) {
    commits.recordNanoseconds(start.nanosecondsUntilNow)
    batchRows.record(rows)
  }

  /// Times a call's wait for a connection, from asking until it is there or given up.
  package func recordPoolWait(since start: ContinuousClock.Instant) {
    poolWaits.recordNanoseconds(start.nanosecondsUntilNow)
  }
}

extension ContinuousClock.Instant {
  fileprivate var nanosecondsUntilNow: Int64 {
    let (seconds, attoseconds) = duration(to: .now).components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}
