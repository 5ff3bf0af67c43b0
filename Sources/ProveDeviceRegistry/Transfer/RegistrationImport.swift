import JSONLines
import ProveKeyModel

/// What an import did.
public struct ImportReport: Hashable, Sendable {
  /// A line that was not taken.
  public struct RefusedLine: Hashable, Sendable {
    /// Its number, counted from 1.
    public let number: Int
    /// Why, in words that repeat nothing of it.
    public let reason: String
  }

  /// Lines that were read.
  public internal(set) var lines = 0
  /// Registrations that are registered now.
  public internal(set) var imported = 0
  /// Registrations that were there already, the same: skipped.
  public internal(set) var identical = 0
  /// Lines that were not taken.
  public internal(set) var refused = 0
  /// Those lines, at most 1,000 of them.
  public internal(set) var refusedLines: [RefusedLine] = []

  /// How many refused lines are listed at most.
  public static let refusedLineLimit = 1000
}

/// Brings registrations in from lines of JSON, each a ``RegistrationDocument``.
///
/// Works in transactions of at most 250 registrations. An import that was interrupted is begun
/// again from the first line: what is there already is skipped. Each registration gets one event,
/// `imported`, whose reason names its state.
public struct RegistrationImport: Sendable {
  private let registry: DeviceRegistry
  private let actor: String
  private var report = ImportReport()
  private var waiting: [(number: Int, registration: KeyRegistration)] = []

  /// Registrations that one transaction brings in; each is two rows.
  static let batchCount = RegistryLimits.batchLimit / 2

  /// Begins an import.
  /// - Parameter actor: who acts, as the events name it.
  public init(into registry: DeviceRegistry, actor: String = "import") {
    self.registry = registry
    self.actor = actor
  }

  /// Lines that were read so far.
  public var lines: Int { report.lines }

  /// Takes the next line, without its end.
  /// - Throws: what the store meets. A line that is no registration is noted, not thrown.
  public mutating func take(_ line: [UInt8]) async throws(RegistryError) {
    report.lines += 1
    do throws(DocumentProblem) {
      let document = try RegistrationDocument(line: line)
      waiting.append((report.lines, document.registration))
    } catch { refuse(report.lines, error.reason) }
    if waiting.count == Self.batchCount { try await flush() }
  }

  /// Notes a line that was longer than ``RegistrationDocument/lineByteLimit`` and was skipped.
  public mutating func takeTooLong() {
    report.lines += 1
    refuse(report.lines, LineRefusal.tooLong(RegistrationDocument.limits).message)
  }

  /// Brings in what is waiting, and says what was done.
  public mutating func finish() async throws(RegistryError) -> ImportReport {
    try await flush()
    report.refusedLines.sort { $0.number < $1.number }
    return report
  }

  private mutating func flush() async throws(RegistryError) {
    guard !waiting.isEmpty else { return }
    let arrivals = try await registry.bringIn(waiting.map(\.registration), actor: actor)
    for (item, arrival) in zip(waiting, arrivals) {
      switch arrival {
      case .registered: report.imported += 1
      case .identical: report.identical += 1
      case .different:
        refuse(item.number, "another registration has this deviceId already")
      case .idSpent:
        refuse(item.number, "the deviceId was erased here, and is never used again")
      }
    }
    waiting = []
  }

  private mutating func refuse(_ number: Int, _ reason: String) {
    report.refused += 1
    guard report.refusedLines.count < ImportReport.refusedLineLimit else { return }
    report.refusedLines.append(.init(number: number, reason: reason))
  }
}
