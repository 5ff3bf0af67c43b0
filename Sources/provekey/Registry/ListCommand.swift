import ArgumentParser
import ProveDeviceRegistry
import ProveKeyModel

extension RegistryCommand {
  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List registrations, the latest used first.",
      discussion: """
        What is looked up with --by comes on standard input: arguments show in the process list.
        Those of a visitor begin with what is bound; those of a person are in order within a page.
        """)
    @OptionGroup var target: Target
    @Option(help: "All in this state.") var state: State?
    @Option(help: "By what to look up the value that comes on standard input.") var by: Subject?
    @Option(help: "How many at most: 1 to 1,000.") var limit = 100
    @Option(help: "Where to go on: the cursor that the page before has printed.")
    var after: String?

    enum State: String, ExpressibleByArgument, CaseIterable {
      case placed, bound, unbound, revoked, suspended
    }

    enum Subject: String, ExpressibleByArgument, CaseIterable {
      case phone
      case proveId = "prove-id"
      case visitor, customer, human
    }

    func validate() throws {
      guard (state == nil) != (by == nil) else {
        throw ValidationError("Give one of --state and --by.")
      }
    }

    func run() async throws {
      let query = try query()
      try await target.use { registry in
        let page = try await registry.registrations(
          of: query, after: try after.map { try PageCursor(text: $0) }, limit: limit)
        if target.json {
          for key in page.registrations {
            try Output.show(RegistrationFacts.all(of: key, registry.policy), json: true)
          }
          if let next = page.next { try Output.show([("next", .text(next.text))], json: true) }
          return
        }
        guard !page.registrations.isEmpty else { return print("no registrations") }
        Output.table(
          ["deviceId", "state", "phone", "last authenticated"],
          page.registrations.map {
            [
              $0.deviceID.rawValue, $0.isSuspended ? "suspended" : $0.state.name.rawValue,
              $0.association?.phoneNumber.redacted ?? "-",
              $0.lastAuthenticatedAt?.iso8601 ?? "-",
            ]
          })
        if let next = page.next { print("more: --after \(next.text)") }
      }
    }

    private func query() throws -> RegistrationQuery {
      switch state {
      case .placed: return .state(.placed)
      case .bound: return .state(.bound)
      case .unbound: return .state(.unbound)
      case .revoked: return .state(.revoked)
      case .suspended: return .suspended
      case nil: break
      }
      // Numbers and ids are personal data: arguments would show in the process list.
      let value = try StandardInput.value()
      switch by {
      case .phone, nil: return .phoneNumber(try PhoneNumber(value))
      case .proveId: return .proveID(try ProveID(validating: value))
      case .visitor: return .visitor(try VisitorID(validating: value))
      case .customer: return .clientCustomerID(try ClientCustomerID(validating: value))
      case .human: return .clientHumanID(try ClientHumanID(validating: value))
      }
    }
  }

  struct Events: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show what happened to a registration, in order.")
    @OptionGroup var target: Target
    @OptionGroup var device: Device
    @Option(help: "How many at most: 1 to 1,000.") var limit = 100
    @Option(help: "The sequence number after which to begin.") var after: UInt64 = 0

    func run() async throws {
      try await target.use { registry in
        let id = try device.id()
        let events = try await registry.events(of: id, after: after, limit: limit)
        if events.isEmpty, try await registry.registration(id) == nil {
          throw RegistryError.unknownDevice
        }
        if target.json {
          for event in events {
            try Output.show(
              [
                ("sequence", .number(Int(clamping: event.sequence))),
                ("at", .text(event.at.iso8601)), ("event", .text(event.kind.name)),
                ("decision", event.row.map { .text("\($0)") }),
                ("reason", event.reason.map { .text($0) }),
                ("note", event.note.map { .text($0) }), ("actor", .text(event.actor)),
                ("policyVersion", .number(Int(event.policyVersion))),
              ], json: true)
          }
          return
        }
        guard !events.isEmpty else { return print("no events") }
        Output.table(
          ["#", "at", "event", "decision", "reason", "actor", "note"],
          events.map {
            [
              String($0.sequence), $0.at.iso8601, $0.kind.name, $0.row?.description ?? "-",
              $0.reason ?? "-", $0.actor, $0.note ?? ($0.isRedacted ? "(erased)" : "-"),
            ]
          })
      }
    }
  }
}
