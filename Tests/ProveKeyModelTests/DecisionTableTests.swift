import ProveKeyModel
import Testing

/// The rows that answer before recovery comes into question, each by hand.
struct DecisionTableTests {
  private func decide(
    _ request: KeyRequest, presented: KeyRegistration? = nil, finding: ReplayFinding = .fresh,
    policy: RegistryPolicy = .prove
  ) throws -> KeyDecision {
    let facts = KeyFacts(presented: presented.map { .registered($0, finding) } ?? .unknown)
    return KeyRules.decide(request, facts: facts, policy: policy, now: try Sample.now())
  }

  private func demanded(
    _ row: DecisionRow, _ reason: PossessionReason, _ action: KeyPlan.Action,
    of request: KeyRequest, onlyNumber: PhoneNumber? = nil, retires: DeviceID? = nil
  ) -> KeyDecision {
    let plan = KeyPlan(action, for: request, boundPhoneNumber: onlyNumber, retires: retires)
    return KeyDecision(row, .requirePossession(reason, then: plan))
  }

  // MARK: - D1, D2

  @Test(
    "D1: desktop ignores the key, whatever its state, and plans none",
    arguments: RegistrationStateName.allCases)
  func desktop(state: RegistrationStateName) throws {
    let key =
      switch state {
      case .placed: try Sample.placed()
      case .bound: try Sample.bound()
      case .unbound: try Sample.unbound()
      case .revoked: try Sample.revoked()
      }
    let request = KeyRequest(channel: .desktop, phoneNumber: try Sample.phone())
    #expect(
      try decide(request, presented: key, finding: .forkedVault)
        == demanded(.d1, .desktopChannel, .none, of: request))
  }

  @Test("D1: desktop with rebind still plans none")
  func desktopRebind() throws {
    let request = KeyRequest(channel: .desktop, rebind: true)
    #expect(try decide(request) == demanded(.d1, .desktopChannel, .none, of: request))
  }

  @Test("D2: a revoked key is refused even with rebind", arguments: [Channel.mobile, .none])
  func revokedWithRebind(channel: Channel) throws {
    let request = KeyRequest(channel: channel, phoneNumber: try Sample.phone(), rebind: true)
    let decision = try decide(request, presented: try Sample.revoked())
    #expect(decision == KeyDecision(.d2, .reject(.revoked)))
    #expect(RejectionReason.revoked.wireCode == 8019)
  }

  @Test("D2: a revoked key is refused as revoked even when it was copied or is inactive")
  func revokedBeforeAnythingElse() throws {
    let key = try Sample.inactive().revoked(at: Sample.now())
    let decision = try decide(KeyRequest(channel: .mobile), presented: key, finding: .staleVault)
    #expect(decision == KeyDecision(.d2, .reject(.revoked)))
  }

  @Test("only a revoked key has an error code on the wire; a mismatch is an answer (R6)")
  func wireCodes() {
    let others = RejectionReason.allCases.filter { $0 != .revoked }
    #expect(others.allSatisfy { $0.wireCode == nil })
  }

  // MARK: - D3

  @Test("D3: each finding demands possession of the bound number, then a new key under the same id")
  func copied() throws {
    let request = KeyRequest(channel: .mobile)
    let reasons: [(ReplayFinding, PossessionReason)] = [
      (.counterRegression, .counterRegression), (.staleVault, .staleVault),
      (.forkedVault, .forkedVault),
    ]
    for (finding, reason) in reasons {
      let expected = demanded(
        .d3, reason, .rekey(try Sample.device()), of: request, onlyNumber: try Sample.phone())
      #expect(try decide(request, presented: Sample.bound(), finding: finding) == expected)
    }
  }

  @Test("D3: a copied key is replaced before it may be rebound to another number")
  func copiedBeforeRebind() throws {
    let request = KeyRequest(channel: .mobile, phoneNumber: try Sample.phone(4015), rebind: true)
    let expected = demanded(
      .d3, .forkedVault, .rekey(try Sample.device()), of: request, onlyNumber: try Sample.phone())
    let decision = try decide(request, presented: Sample.bound(), finding: .forkedVault)
    #expect(decision == expected)
    guard case .requirePossession(_, let plan) = decision.outcome else { return }
    #expect(plan.isFulfilled(by: try Sample.phone(4015)) == false)
    #expect(plan.isFulfilled(by: try Sample.phone()) == false)
  }

  @Test("D3: an unbound copy answers to its former number, a placed one to any")
  func copiedUnbound() throws {
    let request = KeyRequest(channel: .mobile)
    let rekey = KeyPlan.Action.rekey(try Sample.device())
    #expect(
      try decide(request, presented: Sample.unbound(), finding: .staleVault)
        == demanded(.d3, .staleVault, rekey, of: request, onlyNumber: Sample.phone()))
    #expect(
      try decide(request, presented: Sample.placed(), finding: .staleVault)
        == demanded(.d3, .staleVault, rekey, of: request))
  }

  @Test("D3: an inactive copy is not revived (R14): a new key is placed and retires it")
  func copiedInactive() throws {
    let request = KeyRequest(channel: .mobile)
    let expected = demanded(
      .d3, .counterRegression, .place, of: request, onlyNumber: try Sample.phone(),
      retires: try Sample.device())
    #expect(
      try decide(request, presented: Sample.inactive(), finding: .counterRegression) == expected)
  }

  @Test("D3: a policy may refuse every kind of copy", arguments: ReplayFinding.allCases)
  func copiedRefused(finding: ReplayFinding) throws {
    let decision = try decide(
      KeyRequest(channel: .mobile), presented: Sample.bound(), finding: finding,
      policy: RegistryPolicy(cloneResponse: .reject))
    let expected: KeyDecision =
      finding == .fresh
      ? KeyDecision(.d10, .authenticate(try Sample.device()))
      : KeyDecision(.d3, .reject(.clonedKey))
    #expect(decision == expected)
  }

  // MARK: - D4 to D7

  @Test("D4: rebind of a bound, live key keeps its id and lets the number change (R7)")
  func rebindBound() throws {
    let request = KeyRequest(channel: .mobile, phoneNumber: try Sample.phone(4015), rebind: true)
    let decision = try decide(request, presented: Sample.bound())
    #expect(
      decision == demanded(.d4, .rebindRequested, .rebind(try Sample.device()), of: request))
    guard case .requirePossession(_, let plan) = decision.outcome else { return }
    #expect(plan.isFulfilled(by: try Sample.phone(4015)))
    #expect(plan.isFulfilled(by: try Sample.phone(4014)) == false)
  }

  @Test("D4: rebind of a placed or unbound key binds it")
  func rebindNotBound() throws {
    let request = KeyRequest(channel: .none, rebind: true)
    let expected = demanded(.d4, .rebindRequested, .bind(try Sample.device()), of: request)
    #expect(try decide(request, presented: Sample.placed()) == expected)
    #expect(try decide(request, presented: Sample.unbound()) == expected)
  }

  @Test("D4: rebind of an inactive key places a new one and retires the old; of none it places")
  func rebindInactive() throws {
    let request = KeyRequest(channel: .mobile, rebind: true)
    #expect(
      try decide(request, presented: Sample.inactive())
        == demanded(.d4, .rebindRequested, .place, of: request, retires: Sample.device()))
    #expect(try decide(request) == demanded(.d4, .rebindRequested, .place, of: request))
  }

  @Test("D4: a registration known only through a visitor ID is never rebound")
  func rebindByVisitor() throws {
    let request = KeyRequest(
      channel: .mobile, phoneNumber: try Sample.phone(4015), storedDeviceID: try Sample.device(),
      rebind: true, visitor: try Sample.visitor(confidence: 1))
    let facts = KeyFacts(
      stored: .registered(try Sample.bound()), ofVisitor: [try Sample.bound()])
    let policy = try RegistryPolicy(keyPersistence: true, recoversByVisitorAlone: true)
    let decision = KeyRules.decide(request, facts: facts, policy: policy, now: try Sample.now())
    #expect(decision == demanded(.d4, .rebindRequested, .place, of: request))
  }

  @Test(
    "D5: a key unknown here needs possession and a new registration",
    arguments: [
      Channel.mobile, .none,
    ])
  func unknown(channel: Channel) throws {
    let request = KeyRequest(channel: channel, phoneNumber: try Sample.phone())
    #expect(try decide(request) == demanded(.d5, .unknownKey, .place, of: request))
  }

  @Test("D5: an unknown key is not helped by what the visitor could recover")
  func unknownWithVisitor() throws {
    let request = KeyRequest(
      channel: .mobile, phoneNumber: try Sample.phone(), visitor: try Sample.visitor())
    let facts = KeyFacts(presented: .unknown, ofVisitor: [try Sample.bound()])
    let decision = KeyRules.decide(
      request, facts: facts, policy: try RegistryPolicy(keyPersistence: true),
      now: try Sample.now())
    #expect(decision == demanded(.d5, .unknownKey, .place, of: request))
  }

  @Test("D6: a placed or unbound key is bound once possession is proven, however old it is")
  func notBound() throws {
    let request = KeyRequest(channel: .none, phoneNumber: try Sample.phone(4015))
    let expected = demanded(.d6, .keyNotBound, .bind(try Sample.device()), of: request)
    #expect(try decide(request, presented: Sample.placed()) == expected)
    #expect(try decide(request, presented: Sample.unbound()) == expected)
    #expect(try decide(request, presented: Sample.inactive().unbound()) == expected)
  }

  @Test("D7: an inactive key is replaced and retired, also when the number differs")
  func inactive() throws {
    for number in [nil, try Sample.phone(), try Sample.phone(4015)] {
      let request = KeyRequest(channel: .mobile, phoneNumber: number)
      let expected = demanded(
        .d7, .keyInactive, .place, of: request, retires: try Sample.device())
      #expect(try decide(request, presented: Sample.inactive()) == expected)
    }
  }

  @Test("D7: a key that a sweep has noted is inactive even if the clock says otherwise")
  func swept() throws {
    let key = try Sample.bound().deactivated(at: Sample.now())
    let request = KeyRequest(channel: .mobile)
    let expected = demanded(.d7, .keyInactive, .place, of: request, retires: try Sample.device())
    #expect(try decide(request, presented: key) == expected)
  }

  @Test("D7: the months are the policy's, to the millisecond")
  func inactivityBoundary() throws {
    let key = try Sample.bound(secondsAgo: 0)
    let oneMonthOn = try #require(UTCInstant(year: 2026, month: 7, day: 15)).adding(seconds: 43_200)
    let before = UTCInstant(millisecondsSinceEpoch: oneMonthOn.millisecondsSinceEpoch - 1)
    let policy = try RegistryPolicy(inactivityMonths: 1)
    let facts = KeyFacts(presented: .registered(key, .fresh))
    let request = KeyRequest(channel: .mobile)
    let rows = [before, oneMonthOn].map {
      KeyRules.decide(request, facts: facts, policy: policy, now: $0).row
    }
    #expect(rows == [.d10, .d7])
  }
}
