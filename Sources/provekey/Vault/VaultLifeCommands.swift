import ArgumentParser
import ProveKeySealing
import ProveKeyVault

// The commands that change a vault's keys, copy it, or end it.

extension VaultCommand {
  struct Rewrap: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lock the vault with another unlock method.",
      discussion: """
        The old one opens this file no longer. Copies made before still open with it. Without a
        --new option the new passphrase is asked for.
        """)
    @OptionGroup var target: Target
    @OptionGroup var new: ReplacingUnlockOptions

    func run() async throws {
      let vault = try target.open()
      let isLogEmpty = try vault.rewrap(unlock: try new.method())
      try Output.show(
        [
          ("unlockedBy", .text(try vault.info().unlockMethod)),
          ("generation", .number(Int(clamping: try vault.info().generation))),
          ("logEmptied", .flag(isLogEmpty)),
        ], json: target.json)
      try vault.close()
    }
  }

  struct Rotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Seal every record under a new data key and give the old one up.",
      discussion: "Cut short, it leaves a sound vault; running it again finishes the work.")
    @OptionGroup var target: Target

    func run() async throws {
      let vault = try target.open()
      var line = ProgressLine("rotate")
      let report = try vault.rotate { progress in
        line.show(progress.done, of: progress.total)
        return .goOn
      }
      line.end()
      try Output.show(
        [
          ("epoch", .number(Int(report.epoch))), ("resealed", .number(report.resealed)),
          ("retired", .list(report.retired.map { "\($0)" })),
          ("resumed", .flag(report.isResumed)),
        ], json: target.json)
      try vault.close()
    }
  }

  struct Retire: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Delete the data key of an epoch that no record is left under.")
    @OptionGroup var target: Target
    @Option(help: "The epoch's number.") var epoch: UInt32

    func run() async throws {
      let vault = try target.open()
      try vault.retire(epoch: epoch)
      try Output.show(
        [
          ("retired", .number(Int(epoch))),
          ("epochs", .list(try vault.info().epochs.map { "\($0)" })),
        ], json: target.json)
      try vault.close()
    }
  }

  struct Backup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Copy the vault to a new file, and read the copy through.",
      discussion: "It is locked as the vault is. Nothing is overwritten.")
    @OptionGroup var target: Target
    @Option(help: "The copy's file; it must not exist.") var to: String

    func run() async throws {
      let vault = try target.open()
      var line = ProgressLine("backup")
      let report = try vault.backup(to: to) { line.show($0.done, of: $0.total) }
      line.end()
      try Output.show(
        [
          ("generation", .number(Int(clamping: report.generation))),
          ("records", .number(report.records)), ("keys", .number(report.keys)),
          ("bytes", .number(Int(report.fileBytes))),
        ], json: target.json)
      try vault.close()
    }
  }

  struct Compact: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give the vault's free pages back to the file system.")
    @OptionGroup var target: Target

    func run() async throws {
      let vault = try target.open()
      var line = ProgressLine("compact")
      let report = try vault.compact { line.show($0.done, of: $0.total) }
      line.end()
      try Output.show(
        [
          ("bytesBefore", .number(Int(report.fileBytesBefore))),
          ("bytes", .number(Int(report.fileBytes))), ("logEmptied", .flag(report.isLogEmpty)),
        ], json: target.json)
      try vault.close()
    }
  }

  struct Destroy: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Erase the vault with everything in it, for good.",
      discussion: "Its keys go first, then every byte of its files. Copies of it are not touched.")
    @OptionGroup var target: Target
    @Flag(help: "Yes, erase it.") var yes = false

    func validate() throws {
      guard yes else {
        throw ValidationError("This erases every key in the vault for good; say --yes to do it.")
      }
    }

    func run() async throws {
      let receipt = try target.open().destroy()
      try Output.show(
        [
          ("generation", .number(Int(clamping: receipt.generation))),
          ("records", .number(receipt.records)), ("keys", .number(receipt.keys)),
          ("dataKeys", .number(receipt.dataKeys)),
          ("overwrittenBytes", .number(receipt.overwrittenBytes)),
        ], json: target.json)
    }
  }
}
