import ArgumentParser
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform

extension RegistryCommand {
  struct Report: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write a page with plots of what the registry holds.",
      discussion: """
        One HTML file that needs neither network nor script, with a table of numbers beside each \
        plot. It holds counts only: no number, id or key.
        """)
    @OptionGroup var target: Target
    @Option(help: "The page's file; it must not exist.") var output: String
    @Option(help: "How many events to read at most for the decisions by row.")
    var events = 1_000_000

    func validate() throws {
      guard events >= 1 else { throw ValidationError("--events is 1 or more.") }
    }

    func run() async throws {
      let store = try await target.open()
      do {
        let registry = try await target.place.registry(on: store)
        let statistics = try await store.statistics()
        var line = ProgressLine("report")
        let total = min(events, statistics.events)
        let replay = try await registry.replay(limit: events) { line.show($0, of: total) }
        line.end()
        let figures = ReportFigures(
          now: WallClock.system.now, inactivityMonths: registry.policy.inactivityMonths,
          statistics: statistics, census: try await store.census(), replay: replay)
        let page = ReportPage(
          tenant: registry.scope.tenant, buildConfig: registry.scope.buildConfig.rawValue,
          figures: figures)
        let bytes = Array(page.html.utf8)
        let file = try OutputFile(creating: output)
        try file.write(bytes)
        try file.finish()
        try Output.show(
          [
            ("registrations", .number(figures.total)), ("eventsRead", .number(replay.events)),
            ("bytes", .number(bytes.count)),
          ], json: target.json)
      } catch {
        // What was met is the one to tell.
        try? await store.close()
        throw error
      }
      try await store.close()
    }
  }
}
