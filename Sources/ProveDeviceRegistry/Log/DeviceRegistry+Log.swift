import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing

// Which decisions are kept, and in which chain: that of the registration concerned; without one,
// where every decision is kept, that of the number, else of the visitor, else one of 64 for all
// others.

extension DeviceRegistry {
  /// Keeps a decision as far as the policy says, and spends the challenge that it answered.
  ///
  /// An authentication spends its challenge when it is completed.
  /// - Throws: ``RegistryError/unknownDevice`` when the registration was erased meanwhile.
  func keep(
    _ record: DecisionRecord, spending challenge: Challenge?
  ) async throws(RegistryError) {
    let kind = KeyEvent.Kind(of: record)
    let isKept = policy.eventDetail == .everyDecision || (kind != .decided && record.key != nil)
    guard isKept else { return }
    let spent = kind == .decided || record.key == nil ? nil : challenge
    let draft = EventDraft(
      kind: kind, row: record.row, reason: record.reason, decision: record, actor: "flow")
    let chain = chain(of: record)
    try await writing(on: record.key?.deviceID) { () async throws(RegistryError) in
      var changes: [PlannedWrite] = []
      if let spent { changes.append(try self.spending(spent)) }
      changes += try await self.appending([draft], at: chain, record.at)
      return changes
    }
  }

  /// The chains that decisions about a person without a registration go to.
  func decisionChain(of number: PhoneNumber) -> Locator {
    store.keys.locator("decisions-phone", number.e164)
  }

  func decisionChain(of visitor: VisitorID) -> Locator {
    store.keys.locator("decisions-visitor", visitor.rawValue)
  }

  private func chain(of record: DecisionRecord) -> Locator {
    if let key = record.key { return codec.locator(of: key.deviceID) }
    if let number = record.request.phoneNumber { return decisionChain(of: number) }
    if let visitor = record.request.visitor { return decisionChain(of: visitor.id) }
    return store.keys.locator("decisions", String(Int.random(in: 0..<64)))
  }
}

extension DecisionRecord {
  /// The registration that the decision concerns: presented, stored, or to be recovered.
  var key: KeyRegistration? {
    if case .registered(let key, _) = facts.presented { return key }
    if case .registered(let key) = facts.stored { return key }
    guard case .recover(let id) = outcome else { return nil }
    return facts.ofVisitor.first { $0.deviceID == id }
  }

  /// The name of what the outcome gives as its reason, or of what the rule D3 found.
  var reason: String? {
    if row == .d3, case .registered(_, let finding) = facts.presented { return finding.rawValue }
    switch outcome {
    case .authenticate, .recover: return nil
    case .reject(let reason): return reason.rawValue
    case .requirePossession(let reason, _): return reason.name
    }
  }
}

extension KeyEvent.Kind {
  /// As what a decision is kept.
  fileprivate init(of record: DecisionRecord) {
    if record.row == .d3, case .registered(_, let finding) = record.facts.presented {
      self =
        switch finding {
        case .staleVault: .staleVault
        case .forkedVault: .forkedVault
        case .counterRegression, .fresh: .counterRegression
        }
      return
    }
    self =
      switch record.outcome {
      case .authenticate, .recover: .decided
      case .reject: .rejected
      case .requirePossession: .possessionRequired
      }
  }
}
