import ArgumentParser
import ProveKeyModel
import ProveKeyVault

/// `provekey vault`: a device's vault from the outside.
struct VaultCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vault", abstract: "Make, inspect, maintain and destroy a device's vault.",
    subcommands: [
      Create.self, Info.self, Keys.self, StorageCommand.self, ShellCommand.self, Verify.self,
      Salvage.self, Rewrap.self, Rotate.self, Retire.self, Backup.self, Compact.self,
      Destroy.self, Reset.self,
    ])

  /// What every command on an existing vault takes.
  struct Target: ParsableArguments {
    @Argument(help: "The vault's file.") var file: String
    @OptionGroup var unlock: UnlockOptions
    @OptionGroup var anchor: AnchorOptions
    @Flag(help: "Print facts as JSON.") var json = false

    func open() throws -> KeyVault {
      try KeyVault.openExisting(at: file, unlock: try unlock.method(), anchor: anchor.mark)
    }
  }

  /// What remembers how far the vault had come.
  struct AnchorOptions: ParsableArguments {
    @Option(
      help: ArgumentHelp(
        "A file away from the vault that remembers how far it had come; an older vault is refused.",
        valueName: "file"))
    var anchor: String?

    var mark: FileRollbackAnchor? { anchor.map { FileRollbackAnchor(path: $0) } }
  }

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Make an empty vault.")
    @Argument(help: "The vault's file; it must not exist.") var file: String
    @OptionGroup var unlock: NewUnlockOptions
    @OptionGroup var anchor: AnchorOptions
    @Flag(help: "Print facts as JSON.") var json = false

    func run() async throws {
      let vault = try KeyVault.create(
        at: file, unlock: try unlock.method(), anchor: anchor.mark)
      try VaultCommand.show(try vault.info(), json: json)
      try vault.close()
    }
  }

  struct Info: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show what the vault holds, in counts.")
    @OptionGroup var target: Target

    func run() async throws {
      let vault = try target.open()
      try VaultCommand.show(try vault.info(), json: target.json)
      try vault.close()
    }
  }

  struct Keys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the keys of an origin or app, latest first.")
    @OptionGroup var target: Target
    @Option(help: "The web origin or app id that the keys belong to.") var origin: String
    @Option(help: "Their environment and region.") var buildConfig = BuildConfig.usUAT

    func run() async throws {
      let vault = try target.open()
      let scope = try KeyScope(buildConfig: buildConfig, origin: origin)
      let keys = try vault.keys(in: scope)
      if target.json {
        for key in keys {
          try Output.show(
            [
              ("deviceId", .text(key.deviceID.rawValue)), ("state", .text(key.state.text)),
              ("algorithm", .text(key.publicKey.algorithm.name)),
              ("createdAt", .text(key.createdAt.iso8601)),
              ("confirmedAt", key.confirmedAt.map { .text($0.iso8601) }),
            ], json: true)
        }
      } else if keys.isEmpty {
        print("no keys")
      } else {
        Output.table(
          ["deviceId", "state", "algorithm", "created", "confirmed"],
          keys.map {
            [
              $0.deviceID.rawValue, $0.state.text, $0.publicKey.algorithm.name,
              $0.createdAt.iso8601, $0.confirmedAt?.iso8601 ?? "-",
            ]
          })
      }
      try vault.close()
    }
  }

  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Read and check everything in the vault.",
      discussion: "Exit code 1 when anything is damaged or was altered.")
    @OptionGroup var target: Target

    func run() async throws {
      let vault = try target.open()
      var line = ProgressLine("verify")
      let report = try vault.verify { line.show($0.done, of: $0.total) }
      line.end()
      try Output.show(
        [
          ("records", .number(report.records)), ("keys", .number(report.keys)),
          ("sound", .flag(report.isSound)),
          ("problems", .list(report.problems.map(\.sentence))),
        ], json: target.json)
      try vault.close()
      guard report.isSound else { throw Refusal(text: "the vault is damaged or was altered") }
    }
  }

  static func show(_ info: VaultInfo, json: Bool) throws {
    try Output.show(
      [
        ("format", .number(Int(info.format))), ("unlockedBy", .text("\(info.unlockMethod)")),
        ("generation", .number(Int(clamping: info.generation))),
        ("records", .number(info.records)), ("keys", .number(info.keys)),
        ("epoch", .number(Int(info.epoch))), ("bytes", .number(Int(info.fileBytes))),
      ], json: json)
  }
}

extension ProveKey.State {
  fileprivate var text: String {
    switch self {
    case .pending: "pending"
    case .placed: "placed"
    }
  }
}
