/// The decision table once more, for the rules to be held against.
///
/// Written from the table's words alone: it shares no code with `KeyRules` and knows none of the
/// library's types. Nineteen rows, tried in order; the first that matches answers.
enum DecisionOracle {
  struct Row: Sendable {
    let number: Int
    let when: @Sendable (PlainFacts) -> Bool
    let outcome: @Sendable (PlainFacts) -> PlainOutcome
  }

  static func decide(_ facts: PlainFacts) -> (row: Int, outcome: PlainOutcome)? {
    rows.first { $0.when(facts) }.map { ($0.number, $0.outcome(facts)) }
  }

  static let rows: [Row] = [
    Row(number: 1, when: { $0.channel == .desktop }) { _ in
      .possession("desktopChannel", .nothing)
    },
    Row(number: 2, when: { $0.key?.state == .revoked }) { _ in .reject("revoked") },
    Row(number: 18, when: { $0.key?.suspended == true }) { _ in .reject("suspended") },
    Row(number: 3, when: { $0.finding != .fresh }) { facts in
      facts.policy.refusesClones
        ? .reject("clonedKey") : .possession("\(facts.finding)", planForCopied(facts))
    },
    Row(number: 4, when: { $0.rebind }) { .possession("rebindRequested", planForRebind($0)) },
    Row(number: 5, when: { if case .unknown = $0.presented { true } else { false } }) { _ in
      .possession("unknownKey", .place)
    },
    Row(number: 6, when: { $0.key?.state == .placed || $0.key?.state == .unbound }) {
      .possession("keyNotBound", PlainPlan(action: "bind", id: $0.key?.id))
    },
    Row(number: 7, when: { $0.key?.inactive == true }) {
      .possession("keyInactive", PlainPlan(action: "place", retires: $0.key?.id))
    },
    Row(number: 19, when: { $0.key?.disconnected == true }) {
      .possession("numberDisconnected", PlainPlan(action: "rebind", id: $0.key?.id))
    },
    Row(number: 8, when: { $0.key.flatMap($0.mismatch) != nil }) {
      .reject($0.key.flatMap($0.mismatch) ?? "nothing differs")
    },
    Row(number: 9, when: { $0.bindingTooOld }) {
      let plan = PlainPlan(action: "rebind", id: $0.key?.id, onlyNumber: $0.key?.number)
      return .possession("bindingTooOld", plan)
    },
    Row(number: 10, when: { $0.key != nil }) { .authenticate($0.key?.id ?? -1) },
    Row(number: 11, when: { !$0.policy.persistence || !$0.visitorIsSure }) { _ in
      .possession("noKey", .place)
    },
    Row(number: 12, when: { $0.storedKey.map($0.isCandidate) == true }) { facts in
      facts.storedKey.flatMap(facts.mismatch).map { .reject($0) }
        ?? .recover(facts.storedKey?.id ?? -1)
    },
    Row(number: 13, when: { if case .nothing = $0.stored { false } else { true } }) { facts in
      guard let key = facts.storedKey else { return .possession("unknownKey", .place) }
      if key.state == .revoked { return .possession("storedDeviceRevoked", .place) }
      if key.suspended { return .possession("storedDeviceSuspended", .place) }
      // Only a bound key becomes inactive; without a binding it is no candidate in the first place.
      let isInactive = key.state == .bound && key.inactive
      if isInactive { return .possession("keyInactive", .place) }
      let isOfVisitor = key.state == .bound && key.visitor == facts.visitor
      return .possession(
        isOfVisitor && key.disconnected ? "numberDisconnected" : "storedDeviceNotCandidate", .place)
    },
    Row(number: 14, when: { $0.number == nil && $0.consumer == nil }) { facts in
      let candidates = facts.seenWithVisitor.filter(facts.isCandidate)
      return facts.policy.visitorAloneSuffices && candidates.count == 1
        ? .recover(candidates[0].id) : .possession("visitorAlone", .place)
    },
    Row(number: 15, when: { $0.fitting.isEmpty }) { _ in .possession("noRegistration", .place) },
    Row(number: 16, when: { $0.fitting.count == 1 }) { .recover($0.fitting[0].id) },
    Row(number: 17, when: { _ in true }) { facts in
      guard facts.policy.picksLatest else {
        return .possession("ambiguous(\(facts.fitting.count))", .place)
      }
      let inOrder = facts.fitting.sorted { ($1.usedAt, $0.id) < ($0.usedAt, $1.id) }
      return .recover(inOrder[0].id)
    },
  ]

  private static func planForCopied(_ facts: PlainFacts) -> PlainPlan {
    guard let key = facts.key else { return .nothing }
    if key.state == .bound && key.inactive {
      return PlainPlan(action: "place", onlyNumber: key.number, retires: key.id)
    }
    return PlainPlan(action: "rekey", id: key.id, onlyNumber: key.number)
  }

  private static func planForRebind(_ facts: PlainFacts) -> PlainPlan {
    switch facts.key?.state {
    case nil, .revoked: .place
    case .placed, .unbound: PlainPlan(action: "bind", id: facts.key?.id)
    case .bound where facts.key?.inactive == true:
      PlainPlan(action: "place", retires: facts.key?.id)
    case .bound: PlainPlan(action: "rebind", id: facts.key?.id)
    }
  }
}

extension PlainFacts {
  fileprivate var key: PlainKey? { if case .key(let key, _) = presented { key } else { nil } }

  fileprivate var finding: Finding {
    if case .key(_, let finding) = presented { finding } else { .fresh }
  }

  fileprivate var storedKey: PlainKey? { if case .key(let key) = stored { key } else { nil } }

  fileprivate var visitorIsSure: Bool {
    visitor != nil && confidencePercent >= policy.minimumConfidencePercent
  }

  fileprivate var bindingTooOld: Bool {
    guard let key, let limit = policy.bindingAgeLimitSeconds else { return false }
    return limit < 0 || key.bindingAgeMilliseconds > limit * 1000
  }

  /// The first given fact that differs from the key's.
  fileprivate func mismatch(_ key: PlainKey) -> String? {
    if let number, number != key.number { return "phoneMismatch" }
    if let consumer, consumer != key.consumer { return "identityMismatch" }
    return nil
  }

  fileprivate func isCandidate(_ key: PlainKey) -> Bool {
    key.state == .bound && !key.inactive && key.visitor == visitor && !key.suspended
      && !key.disconnected
  }

  fileprivate var fitting: [PlainKey] {
    seenWithVisitor.filter { isCandidate($0) && mismatch($0) == nil }
  }
}
