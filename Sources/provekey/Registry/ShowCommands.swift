import ArgumentParser
import ProveDeviceRegistry
import ProveKeyModel

extension RegistryCommand {
  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show one registration; phone numbers stay redacted.")
    @OptionGroup var target: Target
    @OptionGroup var device: Device

    func run() async throws {
      try await target.use { registry in
        guard let key = try await registry.registration(try device.id()) else {
          throw RegistryError.unknownDevice
        }
        try Output.show(RegistrationFacts.all(of: key, registry.policy), json: target.json)
      }
    }
  }

  struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Tell in plain words why the last attempts with a key ended as they did.",
      discussion: "The latest comes first. Neither numbers nor ids are shown.")
    @OptionGroup var target: Target
    @OptionGroup var device: Device
    @Option(help: "How many of the latest events: 1 to 1,000.") var limit = 20

    func run() async throws {
      try await target.use { registry in
        for item in try await registry.explain(try device.id(), limit: limit) {
          guard target.json else {
            print("\(item.at.iso8601)  \(item.text)")
            continue
          }
          try Output.show(
            [
              ("at", .text(item.at.iso8601)), ("event", .text(item.kind.name)),
              ("decision", item.row.map { .text("\($0)") }), ("text", .text(item.text)),
            ], json: true)
        }
      }
    }
  }
}
