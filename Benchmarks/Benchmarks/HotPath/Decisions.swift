import ProveKeyModel

/// What a decision is made from, in hand: the rules read nothing else.
struct Decisions {
  private let request: KeyRequest
  private let facts: KeyFacts
  private let row: DecisionRow
  private let policy: RegistryPolicy
  private let now = UTCInstant(millisecondsSinceEpoch: 1_790_000_000_000)

  /// A presented key that is enough (D10).
  static func presented() throws -> Decisions {
    let number = try PhoneNumber("2001004014")
    let key = try registration(0, number, visitor: nil)
    return try Decisions(
      request: KeyRequest(channel: .mobile, phoneNumber: number),
      facts: KeyFacts(presented: .registered(key, .fresh)), row: .d10)
  }

  /// A presented key that is bound to no number: possession is asked for, with a plan (D6).
  static func planned() throws -> Decisions {
    let number = try PhoneNumber("2001004014")
    let key = try registration(0, nil, visitor: nil)
    return try Decisions(
      request: KeyRequest(channel: .mobile, phoneNumber: number),
      facts: KeyFacts(presented: .registered(key, .fresh)), row: .d6)
  }

  /// No key; a hundred candidates of the visitor, one of which has the number (D16), or all of them
  /// (D17).
  static func candidates(isOneFitting: Bool) throws -> Decisions {
    let visitor = try VisitorID(validating: "visitor")
    let (number, other) = (try PhoneNumber("2001004014"), try PhoneNumber("2001004015"))
    let keys = try (0..<100).map { index in
      try registration(index, isOneFitting && index > 0 ? other : number, visitor: visitor)
    }
    return try Decisions(
      request: KeyRequest(
        channel: .mobile, phoneNumber: number, visitor: try Visitor(id: visitor, confidence: 0.99)),
      facts: KeyFacts(ofVisitor: keys), row: isOneFitting ? .d16 : .d17)
  }

  /// Whether the rules decide so many times by the row that is expected.
  func perform(_ count: Int) -> Bool {
    for _ in 0..<count {
      let decision = KeyRules.decide(request, facts: facts, policy: policy, now: now)
      if decision.row != row { return false }
    }
    return true
  }

  private init(request: KeyRequest, facts: KeyFacts, row: DecisionRow) throws {
    (self.request, self.facts, self.row) = (request, facts, row)
    policy = try RegistryPolicy(keyPersistence: true)
  }

  private static func registration(
    _ index: Int, _ number: PhoneNumber?, visitor: VisitorID?
  ) throws -> KeyRegistration {
    let day = UTCInstant(millisecondsSinceEpoch: 1_789_000_000_000)
    let placed = KeyRegistration(
      placing: try PublicKey(algorithm: .ed25519, bytes: [UInt8](repeating: 1, count: 32)),
      as: try DeviceID(validating: "a-device-of-the-sample-\(index)"), on: .mobile,
      visitorID: visitor, at: day)
    guard let number else { return placed }
    return try placed.bound(to: number, proveID: nil, at: day)
  }
}
