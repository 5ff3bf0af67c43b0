import JSONLines
import ProveKeyVault

/// The vault as a whole; each of these answers when all of its work is done.
extension ShellOperation {
  static let vault: [ShellOperation] = [
    ShellOperation("vault.info", [], "facts and counts") { session, _ in
      let info = try session.vault.info()
      return .object([
        ("format", .integer(info.format)), ("mode", .string("\(info.mode)")),
        ("unlockedBy", .string(info.unlockMethod)), ("generation", .integer(info.generation)),
        ("records", .integer(info.records)), ("keys", .integer(info.keys)),
        ("epoch", .integer(info.epoch)),
        ("epochs", .array(info.epochs.map { .integer($0) })), ("bytes", .integer(info.fileBytes)),
      ])
    },
    ShellOperation("vault.verify", [], "what is wrong") { session, _ in
      let report = try session.vault.verify()
      return .object([
        ("records", .integer(report.records)), ("keys", .integer(report.keys)),
        ("sound", .boolean(report.isSound)), ("problemCount", .integer(report.problemCount)),
        ("problems", .array(report.problems.map { .string("\($0)") })),
      ])
    },
    ShellOperation("vault.rotate", [], "what was done") { session, _ in
      let report = try session.vault.rotate()
      return .object([
        ("epoch", .integer(report.epoch)), ("resealed", .integer(report.resealed)),
        ("retired", .array(report.retired.map { .integer($0) })),
        ("resumed", .boolean(report.isResumed)), ("complete", .boolean(report.isComplete)),
      ])
    },
    ShellOperation("vault.retire", [.required("epoch")], "the epochs left") { session, fields in
      .array(try session.vault.retire(epoch: fields.integer("epoch")).map { .integer($0) })
    },
    ShellOperation("vault.backup", [.required("to")], "what the copy holds") { session, fields in
      let report = try session.vault.backup(to: fields.text("to"))
      return .object([
        ("generation", .integer(report.generation)), ("records", .integer(report.records)),
        ("keys", .integer(report.keys)), ("bytes", .integer(report.fileBytes)),
      ])
    },
  ]
}
