import ArgumentParser
import ProveDeviceRegistry
import ProveKeyModel

/// Who acts and why, as the event names it.
struct ActorOptions: ParsableArguments {
  @Option(help: "Who does it; kept with the event.") var actor = "operator"
}

/// Why; kept with the event.
struct ReasonOptions: ParsableArguments {
  @Option(help: "Why; kept with the event, at most 255 bytes.") var reason: String?
}

extension RegistryCommand {
  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Disable a key for good.",
      discussion: "It cannot be taken back: 'suspend' can. The deviceId is never used again.")
    @OptionGroup var target: Target
    @OptionGroup var device: Device
    @OptionGroup var reason: ReasonOptions
    @OptionGroup var actor: ActorOptions

    func run() async throws {
      try await target.use { registry in
        let result = try await registry.revoke(
          try device.id(), reason: reason.reason, actor: actor.actor)
        try Output.show([("result", .text(result.rawValue))], json: target.json)
      }
    }
  }

  struct Suspend: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Bar a key from use until it is resumed.")
    @OptionGroup var target: Target
    @OptionGroup var device: Device
    @OptionGroup var reason: ReasonOptions
    @OptionGroup var actor: ActorOptions

    func run() async throws {
      try await target.use { registry in
        let key = try await registry.suspend(
          try device.id(), reason: reason.reason, actor: actor.actor)
        try Output.show(RegistrationFacts.all(of: key, registry.policy), json: target.json)
      }
    }
  }

  struct Resume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Let a suspended key be used again.")
    @OptionGroup var target: Target
    @OptionGroup var device: Device
    @OptionGroup var reason: ReasonOptions
    @OptionGroup var actor: ActorOptions

    func run() async throws {
      try await target.use { registry in
        let key = try await registry.resume(
          try device.id(), reason: reason.reason, actor: actor.actor)
        try Output.show(RegistrationFacts.all(of: key, registry.policy), json: target.json)
      }
    }
  }

  struct Unbind: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take the number from one key, or from all keys of a person; the keys stay.",
      discussion: """
        The next use of such a key needs a possession check.

          echo +12001004014 | provekey registry unbind --by phone --store sqlite:r --key-file k
        """)
    @OptionGroup var target: Target
    @OptionGroup var subject: SubjectOptions
    @OptionGroup var reason: ReasonOptions
    @OptionGroup var actor: ActorOptions

    func run() async throws {
      let subject = try subject.subject()
      try await target.use { registry in
        var count = 1
        if case .deviceID(let id) = subject {
          try await registry.unbind(id, reason: reason.reason, actor: actor.actor)
        } else {
          count = try await registry.unbindAll(
            of: subject, reason: reason.reason, actor: actor.actor)
        }
        try Output.show([("unbound", .number(count))], json: target.json)
      }
    }
  }

  struct Rename: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give a device a name, or take its name away.",
      discussion: "The name comes on standard input; an empty line takes the old one away.")
    @OptionGroup var target: Target
    @OptionGroup var device: Device
    @OptionGroup var actor: ActorOptions

    func run() async throws {
      let name = try StandardInput.value()
      try await target.use { registry in
        let key = try await registry.rename(
          try device.id(), to: name.isEmpty ? nil : name, actor: actor.actor)
        try Output.show(RegistrationFacts.all(of: key, registry.policy), json: target.json)
      }
    }
  }

  struct Disconnect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Note that a number is out of service: its keys then need another number.",
      discussion: "The number comes on standard input.")
    @OptionGroup var target: Target
    @OptionGroup var actor: ActorOptions

    func run() async throws {
      let number = try PhoneNumber(try StandardInput.value())
      try await target.use { registry in
        let count = try await registry.markDisconnected(number, actor: actor.actor)
        try Output.show([("disconnected", .number(count))], json: target.json)
      }
    }
  }

  struct Erase: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Erase what is held about a person, or one device of a person, for good.",
      discussion: """
        Prints a receipt of counts, which may be kept as evidence. Backups and exports made before \
        are not touched.
        """)
    @OptionGroup var target: Target
    @OptionGroup var subject: SubjectOptions
    @OptionGroup var actor: ActorOptions
    @Flag(help: "Yes, erase it.") var yes = false

    func validate() throws {
      guard yes else {
        throw ValidationError("This erases registrations for good; say --yes to do it.")
      }
    }

    func run() async throws {
      let subject = try subject.subject()
      try await target.use { registry in
        let receipt = try await registry.erase(subject, actor: actor.actor)
        try Output.show(
          [
            ("subject", .text(receipt.subject)), ("erasedAt", .text(receipt.erasedAt.iso8601)),
            ("registrations", .number(receipt.registrations)),
            ("details", .number(receipt.details)), ("items", .number(receipt.items)),
          ], json: target.json)
      }
    }
  }
}
