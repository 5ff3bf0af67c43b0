import ArgumentParser
import ProveDeviceRegistry
import ProveKeyModel

/// `provekey registry`: a server's registry from the outside.
struct RegistryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "registry", abstract: "Make, inspect and tend a server's registry.",
    subcommands: [
      Initialise.self, Stats.self, Show.self, List.self, Revoke.self, Sweep.self, Verify.self,
      Events.self,
    ])

  /// Which store, whose.
  struct Place: ParsableArguments {
    @Option(help: ArgumentHelp("The store.", valueName: "sqlite:PATH")) var store: String
    @Option(help: "The tenant that the registry belongs to.") var tenant = "default"
    @Option(help: "Its environment and region.") var buildConfig = BuildConfig.usUAT
    @Option(help: "Months without authentication after which a key is inactive.")
    var inactivityMonths = 12
    @Flag(help: "Print facts as JSON.") var json = false

    var path: String {
      get throws {
        guard store.hasPrefix("sqlite:"), store.utf8.count > 7 else {
          throw ValidationError("--store takes sqlite:PATH.")
        }
        return String(store.dropFirst(7))
      }
    }

    func registry(on store: any RegistryStore) async throws -> DeviceRegistry {
      try await DeviceRegistry(
        store: store, scope: try RegistryScope(tenant: tenant, buildConfig: buildConfig),
        policy: try RegistryPolicy(inactivityMonths: inactivityMonths))
    }
  }

  /// What every command on an existing registry takes.
  struct Target: ParsableArguments {
    @OptionGroup var place: Place
    @OptionGroup var unlock: UnlockOptions

    var json: Bool { place.json }

    /// Opens the registry, runs `body` and closes it.
    func use(_ body: (DeviceRegistry) async throws -> Void) async throws {
      let store = try SQLiteRegistryStore.openExisting(
        at: try place.path, unlock: try unlock.method())
      let registry = try await place.registry(on: store)
      try await body(registry)
      try await registry.close()
    }
  }

  struct Initialise: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "init", abstract: "Make an empty registry for a tenant and build config.")
    @OptionGroup var place: Place
    @OptionGroup var unlock: NewUnlockOptions

    func run() async throws {
      let store = try SQLiteRegistryStore.create(
        at: try place.path, unlock: try unlock.method())
      let registry = try await place.registry(on: store)
      try await RegistryCommand.show(registry, json: place.json)
      try await registry.close()
    }
  }

  struct Stats: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show counts.")
    @OptionGroup var target: Target

    func run() async throws {
      try await target.use { try await RegistryCommand.show($0, json: target.json) }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show one registration; phone numbers stay redacted.")
    @OptionGroup var target: Target
    @Option(help: "The key's deviceId.") var device: String

    func run() async throws {
      try await target.use { registry in
        guard let key = try await registry.registration(try DeviceID(validating: device)) else {
          throw RegistryError.unknownDevice
        }
        try Output.show(RegistrationFacts.all(of: key, registry.policy), json: target.json)
      }
    }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Disable a key for good.")
    @OptionGroup var target: Target
    @Option(help: "The key's deviceId.") var device: String
    @Option(help: "Why; kept with the event.") var reason: String?

    func run() async throws {
      try await target.use { registry in
        let result = try await registry.revoke(
          try DeviceID(validating: device), reason: reason, actor: "operator")
        try Output.show([("result", .text(result.rawValue))], json: target.json)
      }
    }
  }

  struct Sweep: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Note keys that have become inactive, and remove what has expired.")
    @OptionGroup var target: Target

    func run() async throws {
      try await target.use { registry in
        let report = try await registry.sweep()
        try Output.show(
          [
            ("deactivated", .number(report.deactivated)),
            ("itemsRemoved", .number(report.itemsRemoved)),
            ("complete", .flag(report.isComplete)),
          ], json: target.json)
      }
    }
  }

  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Read and check everything in the registry.",
      discussion: "Exit code 1 when anything is damaged or was altered.")
    @OptionGroup var target: Target

    func run() async throws {
      try await target.use { registry in
        let report = try await registry.verify()
        try Output.show(
          [
            ("registrations", .number(report.registrations)), ("events", .number(report.events)),
            ("sound", .flag(report.problems.isEmpty)), ("problems", .list(report.problems)),
          ], json: target.json)
        guard report.problems.isEmpty else {
          throw Refusal(text: "the registry is damaged or was altered")
        }
      }
    }
  }

  static func show(_ registry: DeviceRegistry, json: Bool) async throws {
    let counts = try await registry.statistics()
    var facts: Output.Facts = [
      ("tenant", .text(registry.scope.tenant)),
      ("buildConfig", .text(registry.scope.buildConfig.rawValue)),
    ]
    for state in StoredRegistration.State.allCases {
      facts.append((String(describing: state), .number(counts.registrations[state] ?? 0)))
    }
    facts += [
      ("candidates", .number(counts.candidates)), ("events", .number(counts.events)),
      ("items", .number(counts.items)), ("bytes", counts.byteCount.map { .number($0) }),
    ]
    try Output.show(facts, json: json)
  }
}

/// A registration's facts as they are printed: phone numbers redacted.
enum RegistrationFacts {
  static func all(of key: KeyRegistration, _ policy: RegistryPolicy) -> Output.Facts {
    [
      ("deviceId", .text(key.deviceID.rawValue)), ("state", .text(key.state.name.rawValue)),
      ("algorithm", .text(key.publicKey.algorithm.name)),
      ("phoneNumber", key.association.map { .text($0.phoneNumber.redacted) }),
      ("proveId", key.association?.proveID.map { .text($0.rawValue) }),
      ("boundAt", key.binding.map { .text($0.boundAt.iso8601) }),
      ("deviceType", .text(key.device.kind.name)),
      ("deviceName", key.device.name.map { .text($0) }),
      ("clientCustomerId", key.clientCustomerID.map { .text($0.rawValue) }),
      ("clientHumanId", key.clientHumanID.map { .text($0.rawValue) }),
      ("placedAt", .text(key.placedAt.iso8601)),
      ("lastAuthenticatedAt", key.lastAuthenticatedAt.map { .text($0.iso8601) }),
      (
        "inactiveFrom",
        key.binding.map { _ in
          .text(key.becomesInactive(afterMonths: policy.inactivityMonths).iso8601)
        }
      ),
      ("version", .number(Int(clamping: key.version))),
    ]
  }
}
