import JSONLines
import ProveDeviceRegistry
import ProveKeyModel

/// What is looked up, and what tends the registry as a whole.
extension RegistryShellOperation {
  static let lookups: [RegistryShellOperation] = [
    RegistryShellOperation(
      "registrations",
      [
        .optional("phoneNumber"), .optional("proveId"), .optional("visitorId"),
        .optional("clientCustomerId"), .optional("clientHumanId"), .optional("state"),
        .optional("limit"), .optional("after"),
      ], "registrations, latest first as far as a page goes, and where the next page begins"
    ) { session, fields in
      let cursor = try fields.optionalText("after").map { try PageCursor(text: $0) }
      let page = try await session.registry.registrations(
        of: try fields.query(), after: cursor, limit: try fields.limit())
      return .object([
        ("registrations", .array(page.registrations.map { RegistrationDocument($0).json })),
        ("next", page.next.map { .string($0.text) } ?? .null),
      ])
    },
    RegistryShellOperation(
      "resolve", [.required("deviceIds")], "a registration or null for each"
    ) { session, fields in
      var ids: [DeviceID] = []
      for value in try fields.optionalArray("deviceIds") ?? [] {
        guard let id = DeviceID(try LineFields.text(value, "deviceIds")) else {
          throw LineRefusal.invalid("deviceIds", "an array of deviceIds")
        }
        ids.append(id)
      }
      let found = try await session.registry.resolve(ids)
      return .array(found.map { key in key.map { RegistrationDocument($0).json } ?? .null })
    },
    RegistryShellOperation(
      "explain", [.required("deviceId"), .optional("limit")],
      "what happened last, in words, latest first"
    ) { session, fields in
      let items = try await session.registry.explain(
        try fields.deviceID(), limit: try fields.limit(20))
      return .array(
        items.map { item in
          .object([
            ("at", .string(item.at.iso8601)), ("event", .string(item.kind.name)),
            ("row", item.row.map { .string("\($0)") } ?? .null), ("text", .string(item.text)),
          ])
        })
    },
  ]

  static let upkeep: [RegistryShellOperation] = [
    RegistryShellOperation("sweep", [.optional("limit")], "what was done") { session, fields in
      let report = try await session.registry.sweep(limit: try fields.limit(100_000))
      return .object([
        ("deactivated", .integer(report.deactivated)),
        ("itemsRemoved", .integer(report.itemsRemoved)),
        ("detailsErased", .integer(report.detailsErased)),
        ("complete", .boolean(report.isComplete)),
      ])
    },
    RegistryShellOperation("verify", [], "what is wrong") { session, _ in
      let report = try await session.registry.verify()
      return .object([
        ("registrations", .integer(report.registrations)), ("events", .integer(report.events)),
        ("setDigests", .boolean(report.hasSetDigests)),
        ("sound", .boolean(report.problems.isEmpty)),
        ("problems", .array(report.problems.map { .string($0) })),
      ])
    },
    RegistryShellOperation(
      "replay", [.optional("limit")], "whether every kept decision is decided the same"
    ) { session, fields in
      let limit = fields["limit"] == nil ? nil : try fields.limit()
      let report = try await session.registry.replay(limit: limit)
      let rows = report.byRow.sorted { $0.key.rawValue < $1.key.rawValue }
      return .object([
        ("events", .integer(report.events)), ("decisions", .integer(report.decisions)),
        ("reproduced", .integer(report.reproduced)), ("erased", .integer(report.erased)),
        ("byRow", .object(rows.map { ("\($0.key)", .integer($0.value)) })),
        ("disagreements", .array(report.disagreements.map { .string($0) })),
      ])
    },
  ]
}

extension LineFields {
  /// By what registrations are looked up: exactly one field.
  fileprivate func query() throws(LineRefusal) -> RegistrationQuery {
    var queries: [RegistrationQuery] = []
    if let number = try optionalPhoneNumber("phoneNumber") { queries.append(.phoneNumber(number)) }
    if let id = try optionalIdentifier("proveId", as: ProveID.self) { queries.append(.proveID(id)) }
    if let id = try optionalIdentifier("visitorId", as: VisitorID.self) {
      queries.append(.visitor(id))
    }
    if let id = try optionalIdentifier("clientCustomerId", as: ClientCustomerID.self) {
      queries.append(.clientCustomerID(id))
    }
    if let id = try optionalIdentifier("clientHumanId", as: ClientHumanID.self) {
      queries.append(.clientHumanID(id))
    }
    if let state = try optionalWord("state", as: ListedState.self) { queries.append(state.query) }
    guard let query = queries.first, queries.count == 1 else {
      throw LineRefusal(
        .missingField,
        "the operation needs one of 'phoneNumber', 'proveId', 'visitorId', 'clientCustomerId', "
          + "'clientHumanId' and 'state'")
    }
    return query
  }
}

/// A state by which registrations are listed.
private enum ListedState: String, CaseIterable {
  case placed, bound, unbound, revoked, suspended

  var query: RegistrationQuery {
    switch self {
    case .placed: .state(.placed)
    case .bound: .state(.bound)
    case .unbound: .state(.unbound)
    case .revoked: .state(.revoked)
    case .suspended: .suspended
    }
  }
}
