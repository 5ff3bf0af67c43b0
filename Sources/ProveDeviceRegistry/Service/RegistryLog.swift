public import Logging
import ProveKeyModel

/// What a registry tells its logger: names and counts, never an id, a number or a note.
public struct RegistryLog: Sendable {
  /// A logger that says nothing: the default everywhere.
  public static let silent = Logger(label: "prove.registry") { _ in SwiftLogNoOpLogHandler() }

  let logger: Logger

  func decided(_ decision: KeyDecision) {
    let outcome: Logger.MetadataValue
    switch decision.outcome {
    case .authenticate: outcome = "authenticate"
    case .recover: outcome = "recover"
    case .requirePossession(let reason, _): outcome = "requirePossession \(reason.name)"
    case .reject(let reason): outcome = "reject \(reason.rawValue)"
    }
    logger.debug("decided", metadata: ["row": "\(decision.row)", "outcome": outcome])
  }

  func appended(_ kind: KeyEvent.Kind) {
    logger.debug("event", metadata: ["kind": "\(kind.name)"])
  }

  func retries(_ cause: RegistryMetrics.RetryCause, attempt: Int) {
    logger.notice("tried again", metadata: ["cause": "\(cause)", "attempt": "\(attempt)"])
  }

  func erased(_ receipt: ErasureReceipt) {
    logger.info(
      "erased",
      metadata: [
        "subject": "\(receipt.subject)", "registrations": "\(receipt.registrations)",
        "details": "\(receipt.details)", "items": "\(receipt.items)",
      ])
  }

  func damaged(_ table: String) {
    logger.error("a row was altered or damaged", metadata: ["table": "\(table)"])
  }
}
