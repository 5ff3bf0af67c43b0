public import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing

/// A decision of the registry: what the rules say, and the ticket to complete it with.
public struct RegistryDecision: Hashable, Sendable {
  /// The row of the decision table.
  public let row: DecisionRow
  /// What follows.
  public let outcome: KeyOutcome
  /// What ``DeviceRegistry/complete(_:possession:newKey:for:)`` takes; nothing for a refusal.
  public let ticket: KeyTicket?
  /// The live registrations that the number has already, latest first, where the decision would add
  /// another and the policy has them looked up; at most 100, of the 1,000 that are read.
  public let existing: [KeyRegistration]
}

extension DeviceRegistry {
  /// Decides a request by the table D1 to D19.
  ///
  /// Refusals and demands for possession that concern a registered key are kept as events, and
  /// spend the challenge. An authentication or a recovery takes effect when it is completed.
  ///
  /// - Parameters:
  ///   - request: what the authentication asks for.
  ///   - assertion: the proof of the key that the device presents, if it has one.
  ///   - challenge: the challenge that the assertion answers.
  /// - Throws: ``RegistryError/signatureInvalid``, an error of the challenge, or what the store
  ///   meets; whether the key is good is the decision's to say, not an error.
  public func decide(
    _ request: KeyRequest, presenting assertion: KeyAssertion? = nil,
    for challenge: Challenge? = nil
  ) async throws(RegistryError) -> RegistryDecision {
    let now = clock.now
    let presented =
      if request.channel != .desktop, let assertion {
        try await verified(assertion, for: challenge, at: now)
      } else { KeyFacts.Presented.none }
    return try await decide(request, presented, (assertion, challenge), at: now)
  }

  /// Decides for a device whose key is not registered here, though its deviceId may be (D5).
  package func decidePresentingUnknownKey(
    _ request: KeyRequest
  ) async throws(RegistryError) -> RegistryDecision {
    try await decide(
      request, request.channel == .desktop ? .none : .unknown, (nil, nil), at: clock.now)
  }

  private func decide(
    _ request: KeyRequest, _ presented: KeyFacts.Presented,
    _ proof: (assertion: KeyAssertion?, challenge: Challenge?), at now: UTCInstant
  ) async throws(RegistryError) -> RegistryDecision {
    var facts = KeyFacts(presented: presented)
    if request.channel != .desktop, presented == .none {
      try await readRecoveryFacts(for: request, into: &facts, now)
    }
    let decision = KeyRules.decide(request, facts: facts, policy: policy, now: now)

    let record = DecisionRecord(
      request: request, facts: facts, policy: policy, at: now, row: decision.row,
      outcome: decision.outcome)
    do throws(RegistryError) {
      try await keep(record, spending: presented == .none ? nil : proof.challenge)
    } catch .unknownDevice {
      // The registration was erased meanwhile: it is decided without it.
      return try await decide(request, presenting: proof.assertion, for: proof.challenge)
    }
    metrics.count(decision.row)
    log.decided(decision)
    return RegistryDecision(
      row: decision.row, outcome: decision.outcome,
      ticket: try ticket(
        for: decision, request, facts, proof.assertion, proof.challenge, at: now),
      existing: try await existing(for: decision, request, at: now))
  }

  /// What is registered under the deviceId of an assertion, whatever its state and whoever signed;
  /// takes as long where there is nothing as ``decide(_:presenting:for:)`` takes to verify.
  package func registered(
    _ assertion: KeyAssertion, for challenge: Challenge
  ) async throws(RegistryError) -> KeyRegistration? {
    if let registration = try await registration(assertion.deviceID) { return registration }
    SignatureVerifier.spendTime(on: assertion, for: challenge)
    return nil
  }

  // MARK: Facts

  private func verified(
    _ assertion: KeyAssertion, for challenge: Challenge?, at now: UTCInstant
  ) async throws(RegistryError) -> KeyFacts.Presented {
    guard let challenge else { throw .challengeMissing }
    try challenge.check(with: store.keys, at: now)
    if try await store.item(at: challenge.spentLocator(with: store.keys)) != nil {
      throw .challengeSpent
    }
    guard let registration = try await registration(assertion.deviceID) else {
      SignatureVerifier.spendTime(on: assertion, for: challenge)
      return .unknown
    }
    try SignatureVerifier.verify(assertion, by: registration.publicKey, for: challenge)
    return .registered(registration, KeyRules.finding(on: assertion, for: registration))
  }

  /// Reads what D12 to D17 need, and only that.
  func readRecoveryFacts(
    for request: KeyRequest, into facts: inout KeyFacts, _ now: UTCInstant
  ) async throws(RegistryError) {
    guard policy.keyPersistence, !request.rebind, let visitor = confident(request.visitor) else {
      return
    }
    if let stored = request.storedDeviceID {
      facts.stored = try await registration(stored).map { .registered($0) } ?? .unknown
      return
    }
    // A few days early, so that no live candidate is missed; the rules judge to the millisecond.
    let sinceDay = now.adding(months: -policy.inactivityMonths).daysSinceEpoch - 3
    let locator = codec.locator(of: visitor.id)
    let listing: StoredListing =
      if let number = request.phoneNumber {
        .candidatesWithNumber(
          visitor: locator, phoneNumber: codec.locator(of: number), sinceDay: sinceDay)
      } else if let proveID = request.proveID {
        .candidatesWithProveID(
          visitor: locator, proveID: codec.locator(of: proveID), sinceDay: sinceDay)
      } else { .candidates(visitor: locator, sinceDay: sinceDay) }
    for row in try await store.registrations(
      in: listing, after: nil, limit: RegistryLimits.candidateLimit)
    {
      facts.ofVisitor.append(try codec.open(row))
    }
  }

  /// The fingerprint, if its vendor is sure enough of it; another is neither used nor kept.
  private func confident(_ visitor: Visitor?) -> Visitor? {
    guard let visitor, visitor.confidence >= policy.minimumVisitorConfidence else { return nil }
    return visitor
  }

  /// The live registrations of the number that a placing would add to, where the policy asks.
  private func existing(
    for decision: KeyDecision, _ request: KeyRequest, at now: UTCInstant
  ) async throws(RegistryError) -> [KeyRegistration] {
    guard policy.bindingLookup, let number = request.phoneNumber,
      case .requirePossession(_, let plan) = decision.outcome, plan.action == .place
    else { return [] }
    var existing: [KeyRegistration] = []
    let listing = StoredListing.phoneNumber(codec.locator(of: number))
    // They come in no order of time.
    for row in try await rows(in: listing, atMost: RegistryLimits.pageLimit) {
      let key = try codec.open(row)
      if key.isServing, key.binding?.phoneNumber == number, !isDead(key, at: now) {
        existing.append(key)
      }
    }
    existing.sort { $0.isMoreRecent(than: $1) }
    return Array(existing.prefix(RegistryLimits.candidateLimit))
  }

  // MARK: Tickets

  private func ticket(
    for decision: KeyDecision, _ request: KeyRequest, _ facts: KeyFacts,
    _ assertion: KeyAssertion?, _ challenge: Challenge?, at now: UTCInstant
  ) throws(RegistryError) -> KeyTicket? {
    let task: TicketContent.Task
    switch decision.outcome {
    case .reject: return nil
    case .authenticate(let id): task = .authenticate(id)
    case .recover(let id): task = .recover(id)
    case .requirePossession(let reason, let plan): task = .fulfil(reason.name, plan)
    }
    var known: [DeviceID: KeyRegistration] = [:]
    if case .registered(let key, _) = facts.presented { known[key.deviceID] = key }
    if case .registered(let key) = facts.stored { known[key.deviceID] = key }
    for key in facts.ofVisitor { known[key.deviceID] = key }
    let retired: DeviceID? = if case .fulfil(_, let plan) = task { plan.retires } else { nil }
    let wasRegistered = if case .registered = facts.presented { true } else { false }
    var content = TicketContent(
      id: SecureRandom.bytes(16), madeAt: now, row: decision.row, task: task,
      version: nil, retiredVersion: retired.flatMap { known[$0]?.version }, standing: nil,
      challenge: wasRegistered ? challenge : nil, presented: wasRegistered ? assertion : nil,
      clientCustomerID: request.clientCustomerID, clientHumanID: request.clientHumanID,
      visitorID: confident(request.visitor)?.id,
      deviceKind: request.visitor == nil ? .mobile : .web)
    if let target = content.deviceID.flatMap({ known[$0] }) {
      content.version = target.version
      content.standing = target.standing
    }
    return try content.sealed(with: store.keys)
  }
}
