import ArgumentParser
import Foundation
import ProveKeyModel
import ProveKeyVault
import ProveUnify

/// `provekey device`: a device of one's own, which plays the client SDK against a server.
struct DeviceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "device", abstract: "Play a device with a vault against a running sandbox.",
    discussion: """
      The server's half of a flow is somebody else's: any server SDK, or curl. It gives the authToken \
      that 'enroll' and 'authenticate' begin with. 'docs/sandbox.md' has a flow from end to end.
      """,
    subcommands: [
      Enroll.self, Authenticate.self, List.self, Evict.self, Forget.self,
    ])

  /// The device's vault, and whose keys are meant.
  struct Place: ParsableArguments {
    @Option(help: ArgumentHelp("The device's vault.", valueName: "file")) var vault: String
    @OptionGroup var unlock: UnlockOptions
    @Option(help: "The web origin or app id that the keys belong to.")
    var origin = "https://sandbox.example"
    @Option(help: "Their environment and region.") var buildConfig = BuildConfig.usUAT
    @Flag(help: "Print facts as JSON.") var json = false

    func scope() throws -> KeyScope { try KeyScope(buildConfig: buildConfig, origin: origin) }

    func open() throws -> KeyVault {
      try KeyVault.openExisting(at: vault, unlock: try unlock.method())
    }
  }

  struct Enroll: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Run a flow; make the vault first if there is none.")
    @OptionGroup var place: Place
    @OptionGroup var flow: DeviceFlow

    func run() async throws {
      let vault = try KeyVault.open(at: place.vault, unlock: try place.unlock.method())
      try await flow.run(on: vault, place)
    }
  }

  struct Authenticate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Run a flow with the vault that is there.")
    @OptionGroup var place: Place
    @OptionGroup var flow: DeviceFlow

    func run() async throws {
      try await flow.run(on: try place.open(), place)
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the device's keys, latest first.")
    @OptionGroup var place: Place

    func run() async throws {
      let vault = try place.open()
      for key in try vault.keys(in: try place.scope()) {
        try Output.show(
          [
            ("deviceId", .text(key.deviceID.rawValue)),
            ("state", .text(key.state == .placed ? "placed" : "pending")),
            ("createdAt", .text(key.createdAt.iso8601)),
          ], json: place.json)
      }
      try vault.close()
    }
  }

  struct Evict: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lose what the origin has stored, keys included, as browsers do.")
    @OptionGroup var place: Place

    func run() async throws {
      let vault = try place.open()
      let scope = try place.scope()
      var count = 0
      for key in try vault.keys(in: scope) where try vault.removeKey(key.deviceID) { count += 1 }
      try vault.localStorage(for: scope.origin).clear()
      try vault.close()
      try Output.show([("keysLost", .number(count))], json: place.json)
    }
  }

  struct Forget: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Remove one key of the device.")
    @OptionGroup var place: Place
    @Option(help: "The key's deviceId.") var device: String

    func run() async throws {
      let vault = try place.open()
      let isRemoved = try vault.removeKey(try DeviceID(validating: device))
      try vault.close()
      guard isRemoved else { throw Refusal(text: "the vault has no such key") }
      try Output.show([("forgotten", .flag(true))], json: place.json)
    }
  }
}
