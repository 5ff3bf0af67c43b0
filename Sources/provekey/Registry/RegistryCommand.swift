import ArgumentParser
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeySealing

/// `provekey registry`: a server's registry from the outside.
struct RegistryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "registry", abstract: "Make, inspect and tend a server's registry.",
    discussion: """
      A registry is made with 'init' for one tenant and build config, which every later command must \
      name as well. Rows are sealed under a key: keep its key file or passphrase apart from the \
      store. Phone numbers and people's ids are read from standard input, since arguments show in \
      the process list. 'docs/registry-command.md' shows every command at work.
      """,
    groupedSubcommands: [
      CommandGroup(
        name: "A registry", subcommands: [Initialise.self, Migrate.self, Stats.self, Report.self]),
      CommandGroup(
        name: "Looking up",
        subcommands: [Show.self, List.self, Events.self, Explain.self]),
      CommandGroup(
        name: "Changing registrations",
        subcommands: [
          Revoke.self, Suspend.self, Resume.self, Unbind.self, Rename.self, Disconnect.self,
          Erase.self,
        ]),
      CommandGroup(
        name: "Upkeep", subcommands: [Sweep.self, Verify.self, Replay.self, Backup.self]),
      CommandGroup(
        name: "In and out",
        subcommands: [Export.self, Import.self, Generate.self, RegistryShellCommand.self]),
    ])

  /// Which store, whose.
  struct Place: ParsableArguments {
    @Option(
      help: ArgumentHelp(
        "The store: sqlite:PATH, or postgresql://HOST/DATABASE.", valueName: "url"))
    var store: StoreAddress
    @Option(help: "The tenant that the registry belongs to.") var tenant = "default"
    @Option(help: "Its environment and region.") var buildConfig = BuildConfig.usUAT
    @Option(help: "Months without authentication after which a key is inactive.")
    var inactivityMonths = 12
    @Option(help: "Whether other processes may use a SQLite store at the same time.")
    var mode = Mode.shared
    @Option(
      help: """
        Whether deleted or older rows are to be noticed: 'kept'; or 'off', which removes the digests \
        that are there.
        """)
    var setDigests = Digests.kept
    @Flag(help: "Print facts as JSON.") var json = false

    enum Mode: String, ExpressibleByArgument, CaseIterable {
      case shared, exclusive
    }

    enum Digests: String, ExpressibleByArgument, CaseIterable {
      case kept, off
    }

    func validate() throws {
      try store.validate()
    }

    /// How the store is opened.
    var options: SQLiteStoreOptions {
      SQLiteStoreOptions(
        mode: mode == .shared ? .shared : .exclusive, setDigests: setDigests == .kept ? .kept : .off
      )
    }

    func policy() throws -> RegistryPolicy {
      try RegistryPolicy(inactivityMonths: inactivityMonths)
    }

    func scope() throws -> RegistryScope {
      try RegistryScope(tenant: tenant, buildConfig: buildConfig)
    }

    func registry(on store: any RegistryStore) async throws -> DeviceRegistry {
      try await DeviceRegistry(store: store, scope: try scope(), policy: try policy())
    }
  }

  /// What every command on an existing registry takes.
  struct Target: ParsableArguments {
    @OptionGroup var place: Place
    @OptionGroup var unlock: UnlockOptions

    var json: Bool { place.json }

    /// Opens the registry, runs `body` and closes it.
    func use(
      _ options: SQLiteStoreOptions? = nil, _ body: (DeviceRegistry) async throws -> Void
    ) async throws {
      let store = try await open(options)
      do {
        try await body(try await place.registry(on: store))
      } catch {
        // What the body met is the one to tell; closing empties the log where it can.
        try? await store.close()
        throw error
      }
      try await store.close()
    }

    func open(_ options: SQLiteStoreOptions? = nil) async throws -> any RegistryStore {
      try await place.store.open(unlock: try unlock.method(), options: options ?? place.options)
    }
  }

  /// One registration by its deviceId.
  struct Device: ParsableArguments {
    @Option(help: "The key's deviceId.") var device: String

    func id() throws -> DeviceID { try DeviceID(validating: device) }
  }
}
