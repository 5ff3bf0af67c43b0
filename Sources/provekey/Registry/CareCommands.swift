import ArgumentParser
import ProveDeviceRegistry
import ProveDeviceRegistryPostgres
import ProveKeyModel

extension RegistryCommand {
  struct Initialise: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "init", abstract: "Make an empty registry for a tenant and build config.")
    @OptionGroup var place: Place
    @OptionGroup var unlock: NewUnlockOptions

    func run() async throws {
      let store = try await place.store.create(
        unlock: try unlock.method(), options: place.options)
      let registry = try await place.registry(on: store)
      try await RegistryCommand.show(registry, json: place.json)
      try await registry.close()
    }
  }

  struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Bring a store of an older format up to this program's.",
      discussion: "A SQLite store is brought up to date by whatever opens it; a copy first is wise."
    )
    @OptionGroup var target: Target

    func run() async throws {
      let (before, after): (Int, Int)
      switch target.place.store {
      case .sqlite(let path):
        before = Int(try SQLiteRegistryStore.format(at: path))
        try await target.use { _ in }
        after = Int(try SQLiteRegistryStore.format(at: path))
      case .postgres(let url):
        (before, after) = try await PostgresRegistryStore.migrate(
          url, options: StoreAddress.forPeople)
      }
      try Output.show(
        [
          ("formatBefore", .number(before)), ("format", .number(after)),
          ("changed", .flag(before != after)),
        ], json: target.json)
    }
  }

  struct Stats: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Count registrations by state, candidates, events, items and bytes.")
    @OptionGroup var target: Target

    func run() async throws {
      try await target.use { try await RegistryCommand.show($0, json: target.json) }
    }
  }

  struct Sweep: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Note keys that have become inactive, and remove what has expired.",
      discussion: """
        It only tidies: a key is inactive from its very instant on whether or not a sweep has run. \
        A sweep that was interrupted goes on when it is begun again.
        """)
    @OptionGroup var target: Target

    /// Registrations, items and details that one call changes at most.
    private static let step = 5_000

    func run() async throws {
      try await target.use { registry in
        var line = ProgressLine("sweep")
        var (deactivated, removed, erased) = (0, 0, 0)
        var isComplete = false
        while !isComplete {
          let report = try await registry.sweep(limit: Self.step)
          deactivated += report.deactivated
          removed += report.itemsRemoved
          erased += report.detailsErased
          isComplete = report.isComplete
          line.show(deactivated + removed + erased)
        }
        line.end()
        try Output.show(
          [
            ("deactivated", .number(deactivated)), ("itemsRemoved", .number(removed)),
            ("detailsErased", .number(erased)), ("complete", .flag(isComplete)),
          ], json: target.json)
      }
    }
  }

  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Read and check everything in the registry.",
      discussion: """
        Nobody should write meanwhile. Exit code 1 when anything is damaged or was altered. Once \
        what was found is settled, --rebuild-digests takes the rows as they are for right.
        """)
    @OptionGroup var target: Target
    @Flag(help: "Make the set digests anew from the rows as they are, then check everything.")
    var rebuildDigests = false

    func run() async throws {
      var options = target.place.options
      if rebuildDigests { options.setDigests = .rebuilt }
      try await target.use(options) { registry in
        var line = ProgressLine("verify")
        let report = try await registry.verify { line.show($0, of: $1) }
        line.end()
        try Output.show(
          [
            ("registrations", .number(report.registrations)), ("events", .number(report.events)),
            ("setDigests", .flag(report.hasSetDigests)),
            ("sound", .flag(report.problems.isEmpty)), ("problems", .list(report.problems)),
          ], json: target.json)
        guard report.problems.isEmpty else {
          throw Refusal(text: "the registry is damaged or was altered")
        }
      }
    }
  }

  struct Replay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Decide every kept decision again from its facts, and compare.",
      discussion: "Exit code 1 when today's rules decide one otherwise.")
    @OptionGroup var target: Target
    @Option(help: "How many events to read at most; all of them when left out.") var limit: Int?

    func validate() throws {
      if let limit, limit < 1 { throw ValidationError("--limit is 1 or more.") }
    }

    func run() async throws {
      try await target.use { registry in
        let total = min(limit ?? .max, try await registry.statistics().events)
        var line = ProgressLine("replay")
        let report = try await registry.replay(limit: limit) { line.show($0, of: total) }
        line.end()
        let rows = report.byRow.sorted { $0.key.rawValue < $1.key.rawValue }
        try Output.show(
          [
            ("events", .number(report.events)), ("decisions", .number(report.decisions)),
            ("reproduced", .number(report.reproduced)), ("erased", .number(report.erased)),
            ("agrees", .flag(report.agrees)),
            ("byRow", .list(rows.map { "\($0.key) \($0.value)" })),
            ("disagreements", .list(report.disagreements)),
          ], json: target.json)
        guard report.agrees else {
          throw Refusal(text: "today's rules decide some of what was kept otherwise")
        }
      }
    }
  }

  struct Backup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Copy a SQLite registry to a new file while it is in use, and read the copy through.",
      discussion: """
        The copy is one state of the registry, has mode 0600 and is locked as the registry is. \
        Nothing is overwritten. It is a registry itself: --store sqlite:FILE opens it.
        """)
    @OptionGroup var target: Target
    @Option(help: "The copy's file; it must not exist.") var to: String

    func run() async throws {
      guard case .sqlite = target.place.store,
        let store = try await target.open() as? SQLiteRegistryStore
      else {
        throw Refusal(text: "only a SQLite store is copied so; for PostgreSQL see pg_basebackup")
      }
      var line = ProgressLine("backup")
      let report = try await store.backup(to: to) { line.show($0, of: $1) }
      line.end()
      try await store.close()
      try Output.show(
        [
          ("registrations", .number(report.registrations)), ("events", .number(report.events)),
          ("bytes", .number(report.byteCount)),
        ], json: target.json)
    }
  }

  static func show(_ registry: DeviceRegistry, json: Bool) async throws {
    let counts = try await registry.statistics()
    var facts: Output.Facts = [
      ("tenant", .text(registry.scope.tenant)),
      ("buildConfig", .text(registry.scope.buildConfig.rawValue)),
    ]
    for state in StoredRegistration.State.allCases {
      facts.append((state.name, .number(counts.registrations[state] ?? 0)))
    }
    facts += [
      ("candidates", .number(counts.candidates)), ("events", .number(counts.events)),
      ("items", .number(counts.items)), ("bytes", counts.byteCount.map { .number($0) }),
    ]
    try Output.show(facts, json: json)
  }
}
