import JSONLines
import ProveDeviceRegistry
import ProveKeyModel

/// What happens in a flow: a challenge, a decision, what lets it take effect.
extension RegistryShellOperation {
  static let flow: [RegistryShellOperation] = [
    RegistryShellOperation("challenge", [], "the challenge to sign") { session, _ in
      .binary(session.registry.issueChallenge().bytes)
    },
    RegistryShellOperation(
      "decide",
      [
        .required("request"), .optional("presented"), .optional("challenge"), .optional("device"),
      ], "row, outcome and ticket"
    ) { session, fields in
      let request = try fields.keyRequest()
      let proof = try fields.proof(session)
      let decision = try await session.registry.decide(
        request, presenting: proof.assertion, for: proof.challenge)
      session.lastTicket = decision.ticket
      return .decision(decision, session.registry.policy)
    },
    RegistryShellOperation(
      "place",
      [
        .optional("ticket"), .optional("newKey"), .optional("challenge"), .optional("device"),
        .optional("deviceType"), .optional("deviceName"), .optional("clientCustomerId"),
        .optional("clientHumanId"), .optional("visitorId"), .optional("actor"),
      ], "the registration; with a ticket also the one to bind it with"
    ) { session, fields in
      let offer = try fields.offer(session)
      guard let newKey = offer.newKey else { throw RegistryError.newKeyMissing }
      guard let challenge = offer.challenge else { throw RegistryError.challengeMissing }
      guard let text = try fields.optionalText("ticket") else {
        let key = try await session.registry.place(
          newKey, for: challenge, on: try fields.deviceDescription(),
          clientCustomerID: try fields.optionalIdentifier("clientCustomerId"),
          clientHumanID: try fields.optionalIdentifier("clientHumanId"),
          visitorID: try fields.optionalIdentifier("visitorId"), actor: try fields.actor())
        return .object([("registration", RegistrationDocument(key).json)])
      }
      let placed = try await session.registry.place(
        KeyTicket(text: text), newKey: newKey, for: challenge)
      session.lastTicket = placed.ticket
      return .object([
        ("registration", RegistrationDocument(placed.registration).json),
        ("ticket", .string(placed.ticket.text)),
      ])
    },
    RegistryShellOperation(
      "complete",
      [
        .optional("ticket"), .optional("possession"), .optional("newKey"), .optional("challenge"),
        .optional("device"),
      ], "the registration, or null"
    ) { session, fields in
      let offer = try fields.offer(session)
      let key = try await session.registry.complete(
        try fields.ticket(session), possession: try fields.possession(), newKey: offer.newKey,
        for: offer.challenge)
      return key.map { RegistrationDocument($0).json } ?? .null
    },
  ]
}

extension JSONText {
  fileprivate static func decision(
    _ decision: RegistryDecision, _ policy: RegistryPolicy
  ) -> JSONText {
    var members: [(String, JSONText)] = [("row", .string("\(decision.row)"))]
    switch decision.outcome {
    case .authenticate(let id):
      members += [("outcome", .string("authenticate")), ("deviceId", .string(id.rawValue))]
    case .recover(let id):
      members += [("outcome", .string("recover")), ("deviceId", .string(id.rawValue))]
    case .requirePossession(let reason, let plan):
      members += [
        ("outcome", .string("requirePossession")), ("reason", .string(reason.name)),
        ("action", .string(plan.action.name)),
      ]
      if let id = plan.action.deviceID { members.append(("deviceId", .string(id.rawValue))) }
      if let id = plan.retires { members.append(("retires", .string(id.rawValue))) }
    case .reject(let reason):
      members += [("outcome", .string("reject")), ("reason", .string(reason.rawValue))]
      if let code = reason.wireCode { members.append(("code", .integer(code))) }
    }
    if let ticket = decision.ticket { members.append(("ticket", .string(ticket.text))) }
    if policy.bindingLookup {
      members.append(("existing", .array(decision.existing.map { RegistrationDocument($0).json })))
    }
    return .object(members)
  }
}
