import ProveKeyModel
import Testing

/// Rows D11 to D17 by hand: no key is presented.
struct DecisionRecoveryTests {
  private func decide(
    phone: Int? = 4014, person: String? = nil, stored: KeyFacts.Stored = .none,
    visitor: Visitor? = nil, seen: [KeyRegistration] = [], policy: RegistryPolicy? = nil
  ) throws -> KeyDecision {
    let request = KeyRequest(
      channel: .mobile, phoneNumber: try phone.map(Sample.phone),
      proveID: try person.map(Sample.person), visitor: try visitor ?? Sample.visitor())
    return KeyRules.decide(
      request, facts: KeyFacts(stored: stored, ofVisitor: seen),
      policy: try policy ?? RegistryPolicy(keyPersistence: true), now: try Sample.now())
  }

  private func expectPlace(
    _ decision: KeyDecision, _ row: DecisionRow, _ reason: PossessionReason,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(decision.row == row, sourceLocation: sourceLocation)
    guard case .requirePossession(let found, let plan) = decision.outcome else {
      Issue.record("no possession is demanded", sourceLocation: sourceLocation)
      return
    }
    #expect(found == reason, sourceLocation: sourceLocation)
    #expect(plan.action == .place, sourceLocation: sourceLocation)
    #expect(plan.retires == nil, sourceLocation: sourceLocation)
    #expect(plan.boundPhoneNumber == nil, sourceLocation: sourceLocation)
  }

  // MARK: - D11

  @Test("D11: without persistence nothing is recovered; persistence is opt-in (R12)")
  func persistenceOff() throws {
    let stored = KeyFacts.Stored.registered(try Sample.bound())
    let seen = [try Sample.bound()]
    expectPlace(try decide(stored: stored, seen: seen, policy: .prove), .d11, .noKey)
  }

  @Test("D11: without a visitor ID nothing is recovered, not even what has none itself")
  func noVisitor() throws {
    let key = try Sample.bound(visitor: nil)
    let decision = KeyRules.decide(
      KeyRequest(channel: .mobile, phoneNumber: try Sample.phone()),
      facts: KeyFacts(stored: .registered(key), ofVisitor: [key]),
      policy: try RegistryPolicy(keyPersistence: true), now: try Sample.now())
    expectPlace(decision, .d11, .noKey)
  }

  @Test("D11: a confidence under the minimum is not enough; one equal to it is")
  func confidence() throws {
    let policy = try RegistryPolicy(keyPersistence: true, minimumVisitorConfidence: 0.75)
    let seen = [try Sample.bound()]
    let under = try Sample.visitor(confidence: 0.75.nextDown)
    expectPlace(try decide(visitor: under, seen: seen, policy: policy), .d11, .noKey)
    let equal = try Sample.visitor(confidence: 0.75)
    #expect(try decide(visitor: equal, seen: seen, policy: policy).row == .d16)
  }

  // MARK: - D12, D13

  @Test("D12: a stored, live candidate of this visitor is recovered under its id")
  func storedRecovers() throws {
    let expected = KeyDecision(.d12, .recover(try Sample.device()))
    let stored = KeyFacts.Stored.registered(try Sample.bound())
    #expect(try decide(stored: stored) == expected)
    #expect(try decide(phone: nil, stored: stored) == expected)
    #expect(try decide(phone: nil, person: "p", stored: stored) == expected)
  }

  @Test("D12: a stored candidate wins over more recent ones of the same visitor")
  func storedWins() throws {
    let recent = try Sample.bound("b", secondsAgo: 1)
    let decision = try decide(stored: .registered(Sample.bound("a")), seen: [recent])
    #expect(decision == KeyDecision(.d12, .recover(try Sample.device("a"))))
  }

  @Test("D12: another number or consumer than the stored candidate's is refused")
  func storedMismatch() throws {
    let stored = KeyFacts.Stored.registered(try Sample.bound())
    #expect(
      try decide(phone: 4015, person: "q", stored: stored)
        == KeyDecision(.d12, .reject(.phoneMismatch)))
    #expect(
      try decide(person: "q", stored: stored) == KeyDecision(.d12, .reject(.identityMismatch)))
    #expect(
      try decide(person: "p", stored: .registered(Sample.bound(person: nil)))
        == KeyDecision(.d12, .reject(.identityMismatch)))
  }

  @Test("D13: recovery never overrides revocation or inactivity (R13)")
  func storedDead() throws {
    expectPlace(
      try decide(stored: .registered(Sample.revoked())), .d13, .storedDeviceRevoked)
    expectPlace(try decide(stored: .registered(Sample.inactive())), .d13, .keyInactive)
    let swept = try Sample.bound().deactivated(at: Sample.now())
    expectPlace(try decide(stored: .registered(swept)), .d13, .keyInactive)
  }

  @Test("D13: a stored id of another visitor, or without a binding, is not a candidate")
  func storedNotCandidate() throws {
    for key in [
      try Sample.bound(visitor: "w"), try Sample.bound(visitor: nil), try Sample.unbound(),
      try Sample.placed(),
    ] {
      expectPlace(try decide(stored: .registered(key)), .d13, .storedDeviceNotCandidate)
    }
  }

  @Test("D13: an unknown stored id recovers nothing, though a candidate would fit")
  func storedUnknown() throws {
    expectPlace(try decide(stored: .unknown, seen: [Sample.bound()]), .d13, .unknownKey)
  }

  // MARK: - D14

  @Test("D14: a visitor ID is no credential")
  func visitorAlone() throws {
    expectPlace(try decide(phone: nil, seen: [Sample.bound()]), .d14, .visitorAlone)
    expectPlace(try decide(phone: nil), .d14, .visitorAlone)
  }

  @Test("D14: a policy may let a visitor ID recover exactly one live, bound candidate")
  func visitorAloneAllowed() throws {
    let policy = try RegistryPolicy(keyPersistence: true, recoversByVisitorAlone: true)
    let misfits = [
      try Sample.revoked("r"), try Sample.unbound("u"), try Sample.placed("p"),
      try Sample.inactive("i"), try Sample.bound("o", visitor: "w"),
    ]
    let one = try Sample.bound("a")
    #expect(
      try decide(phone: nil, seen: misfits + [one], policy: policy)
        == KeyDecision(.d14, .recover(try Sample.device("a"))))
    expectPlace(try decide(phone: nil, seen: misfits, policy: policy), .d14, .visitorAlone)
    let two = [one, try Sample.bound("b", phone: 4015)]
    expectPlace(try decide(phone: nil, seen: two, policy: policy), .d14, .visitorAlone)
  }

  // MARK: - D15 to D17

  @Test("D15: no candidate of the number or consumer given: place a new key")
  func noneFits() throws {
    expectPlace(try decide(), .d15, .noRegistration)
    expectPlace(try decide(seen: [Sample.bound(phone: 4015)]), .d15, .noRegistration)
    expectPlace(
      try decide(phone: nil, person: "q", seen: [Sample.bound()]), .d15, .noRegistration)
    expectPlace(try decide(person: "q", seen: [Sample.bound()]), .d15, .noRegistration)
  }

  @Test("D15: what is dead, unbound or another visitor's does not count, though the number fits")
  func deadDoNotFit() throws {
    let misfits = [
      try Sample.revoked("r"), try Sample.unbound("u"), try Sample.inactive("i"),
      try Sample.bound("o", visitor: "w"), try Sample.bound("n", visitor: nil),
      try Sample.bound("s").deactivated(at: Sample.now()),
    ]
    expectPlace(try decide(seen: misfits), .d15, .noRegistration)
  }

  @Test("D16: exactly one candidate of the number, or of the consumer, is recovered")
  func oneFits() throws {
    let seen = [try Sample.bound("a"), try Sample.bound("b", phone: 4015, person: "q")]
    #expect(try decide(seen: seen) == KeyDecision(.d16, .recover(try Sample.device("a"))))
    #expect(
      try decide(phone: nil, person: "q", seen: seen)
        == KeyDecision(.d16, .recover(try Sample.device("b"))))
  }

  @Test(
    "D17: of several, the most recently authenticated is recovered, in whatever order they come")
  func mostRecent() throws {
    let seen = [
      try Sample.bound("a", secondsAgo: 30), try Sample.bound("c", secondsAgo: 10),
      try Sample.bound("b", secondsAgo: 20),
    ]
    let expected = KeyDecision(.d17, .recover(try Sample.device("c")))
    #expect(try decide(seen: seen) == expected)
    #expect(try decide(seen: seen.reversed()) == expected)
  }

  @Test("D17: a tie goes to the lower deviceId, by its bytes")
  func tie() throws {
    let composed = try Sample.bound("\u{E9}")  // bytes C3 A9
    let decomposed = try Sample.bound("e\u{301}")  // bytes 65 CC 81: equal as text, lower as bytes
    let expected = KeyDecision(.d17, .recover(decomposed.deviceID))
    #expect(try decide(seen: [composed, decomposed]) == expected)
    #expect(try decide(seen: [decomposed, composed]) == expected)
  }

  @Test("D17: a policy may choose none of several and says how many there were")
  func ambiguous() throws {
    let policy = try RegistryPolicy(keyPersistence: true, selection: .none)
    let seen = [
      try Sample.bound("a"), try Sample.bound("b"), try Sample.bound("c", phone: 4015),
    ]
    expectPlace(try decide(seen: seen, policy: policy), .d17, .ambiguous(2))
    let three = seen + [try Sample.bound("d")]
    expectPlace(try decide(seen: three, policy: policy), .d17, .ambiguous(3))
  }
}
