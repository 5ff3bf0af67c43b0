import ArgumentParser
import ProveKeySealing
import ProveKeyVault

// The commands for a vault that does not open any more.

extension VaultCommand {
  struct Salvage: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Read out of a damaged vault what is genuine.",
      discussion: """
        The damaged file is not changed, and nobody may have it open. What does not open is listed \
        and never guessed. With --into the rest is written to a new vault with the same key or \
        passphrase. 'whole: no' says that things are missing, or may be older ones than the vault \
        had last. Exit code 1 when anything was lost.
        """)
    @Argument(help: "The damaged vault's file.") var file: String
    @OptionGroup var unlock: UnlockOptions
    @Option(help: "The new vault's file; it must not exist.") var into: String?
    @Option(
      help: ArgumentHelp(
        "An origin whose storage is to be looked for; may be given again.", valueName: "origin"))
    var origin: [String] = []
    @Flag(help: "Print facts as JSON.") var json = false

    func run() async throws {
      let report = try KeyVault.salvage(
        at: file, unlock: try unlock.method(), into: into, origins: origin)
      try Output.show(
        [
          ("whole", .flag(report.isWhole)), ("records", .number(report.records)),
          ("keys", .number(report.keys)), ("storageItems", .number(report.storageItems)),
          ("databases", .number(report.databases)),
          ("databaseRows", .number(report.databaseRows)),
          ("lost", .number(report.lossCount)),
          ("losses", .list(report.losses.map(\.sentence))),
        ], json: json)
      guard report.isWhole else {
        throw Refusal(text: "not everything that the vault had could be read out")
      }
    }
  }

  struct Reset: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make an empty vault in the place of one whose key is lost.",
      discussion: """
        Only when the vault is there and its key file is not, as after a restore from a backup that \
        left the key out: nothing in it can be read any more. Give the new vault's lock with a \
        --new option.
        """)
    @Argument(help: "The vault's file.") var file: String
    @OptionGroup var unlock: UnlockOptions
    @OptionGroup var new: ReplacingUnlockOptions
    @OptionGroup var anchor: AnchorOptions
    @Flag(help: "Yes, erase it.") var yes = false
    @Flag(help: "Print facts as JSON.") var json = false

    func run() async throws {
      guard yes else { throw ValidationError("Give --yes to erase the vault.") }
      let (vault, receipt) = try KeyVault.reset(
        at: file, unlock: try unlock.method(), lockingWith: try new.method(),
        anchor: anchor.mark)
      try Output.show(
        [
          ("overwrittenBytes", .number(receipt.overwrittenBytes)),
          ("unlockedBy", .text(try vault.info().unlockMethod)),
        ], json: json)
      try vault.close()
    }
  }
}
