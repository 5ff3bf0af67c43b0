public import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing

extension DeviceRegistry {
  /// Lets a decision take effect, in one transaction that re-checks what it was planned on.
  ///
  /// - Parameters:
  ///   - ticket: the decision's ticket.
  ///   - possession: what became of the possession check, where the decision demanded one.
  ///   - newKey: the key that the device offers, for a recovery and for plans that place or re-key.
  ///   - challenge: the challenge that the new key's proof answers.
  /// - Returns: the registration as it is now; nothing for a desktop, which has no key (R8).
  /// - Throws: ``RegistryError/ticketSpent``, ``RegistryError/ticketExpired``,
  ///   ``RegistryError/planStale`` and the other errors of tickets, challenges and plans; then
  ///   nothing was changed, except that a failed possession check spends the ticket.
  @discardableResult
  public func complete(
    _ ticket: KeyTicket, possession: Possession? = nil, newKey: NewKey? = nil,
    for challenge: Challenge? = nil
  ) async throws(RegistryError) -> KeyRegistration? {
    let now = clock.now
    let content = try TicketContent(opening: ticket, with: store.keys, at: now)
    if possession == .failed {
      try await useUp(content, notingFailure: true, at: now)
      throw .possessionFailed
    }
    switch content.task {
    case .authenticate(let id): return try await completeAuthentication(of: id, content, at: now)
    case .recover(let id):
      let key = try offered(newKey, as: id, for: challenge, at: now)
      return try await completeRecovery(of: id, content, key, at: now)
    case .fulfil(_, let plan):
      let check = try passed(possession, plan)
      return try await fulfil(
        plan, content, check, Offer(newKey: newKey, challenge: challenge), at: now)
    }
  }

  /// Lets a decision take effect; as ``complete(_:possession:newKey:for:)-(KeyTicket,_,_,_)``.
  /// - Throws: ``RegistryError/nothingToComplete`` for a refusal.
  @discardableResult
  public func complete(
    _ decision: RegistryDecision, possession: Possession? = nil, newKey: NewKey? = nil,
    for challenge: Challenge? = nil
  ) async throws(RegistryError) -> KeyRegistration? {
    guard let ticket = decision.ticket else { throw .nothingToComplete }
    return try await complete(ticket, possession: possession, newKey: newKey, for: challenge)
  }

  /// Uses a ticket up without letting its decision take effect, as when the person gave up.
  ///
  /// A possession check that failed is told by ``complete(_:possession:newKey:for:)-(KeyTicket,_,_,_)``,
  /// which keeps it as an event.
  /// - Throws: ``RegistryError/ticketSpent`` and the other errors of tickets.
  public func withdraw(_ ticket: KeyTicket) async throws(RegistryError) {
    let now = clock.now
    let content = try TicketContent(opening: ticket, with: store.keys, at: now)
    try await useUp(content, notingFailure: false, at: now)
  }

  /// Places the key of a plan before possession is known, as customer-supplied possession needs it.
  ///
  /// - Returns: the registration, which is not bound, and the ticket to bind it with (R3).
  /// - Throws: ``RegistryError/nothingToComplete`` when the plan places no key, and otherwise as
  ///   ``complete(_:possession:newKey:for:)``.
  public func place(
    _ ticket: KeyTicket, newKey: NewKey, for challenge: Challenge
  ) async throws(RegistryError) -> (registration: KeyRegistration, ticket: KeyTicket) {
    let now = clock.now
    let content = try TicketContent(opening: ticket, with: store.keys, at: now)
    guard case .fulfil(let reason, let plan) = content.task, plan.action == .place else {
      throw .nothingToComplete
    }
    let key = try offered(newKey, as: nil, for: challenge, at: now)
    let registration = try placed(key, content, at: now)
    try await writing(on: nil) { () async throws(RegistryError) in
      var changes = [try self.spending(content), try self.spending(key.challenge)]
      changes.append(try self.inserting(registration))
      let draft = EventDraft(kind: .placed, row: content.row, actor: "flow")
      changes += try await self.appending([draft], to: registration.deviceID, at: now)
      return changes
    }
    let next = KeyPlan(
      action: .bind(registration.deviceID), requestedPhoneNumber: plan.requestedPhoneNumber,
      requestedProveID: plan.requestedProveID, boundPhoneNumber: nil, retires: plan.retires)
    var follow = content
    follow.id = SecureRandom.bytes(16)
    follow.madeAt = now
    follow.task = .fulfil(reason, next)
    follow.version = registration.version
    follow.standing = registration.standing
    follow.presented = nil
    follow.challenge = nil
    return (registration, try follow.sealed(with: store.keys))
  }

  // MARK: The three tasks

  private func completeAuthentication(
    of id: DeviceID, _ content: TicketContent, at now: UTCInstant
  ) async throws(RegistryError) -> KeyRegistration {
    guard let challenge = content.challenge, let assertion = content.presented else {
      throw .ticketUnknown
    }
    var result: KeyRegistration?
    do {
      try await writing(on: id) { () async throws(RegistryError) in
        let (row, before) = try await self.current(id)
        // The row may have moved on by other authentications; anything else makes it stale.
        guard before.standing == content.standing,
          KeyRules.finding(on: assertion, for: before) == .fresh,
          !before.isInactive(at: now, afterMonths: self.policy.inactivityMonths)
        else {
          let isAnswered = try await self.item(at: challenge.spentLocator(with: self.store.keys))
          throw isAnswered == nil ? .planStale : .challengeSpent
        }
        let after = try Self.moving { () throws(ModelError) in
          try self.recording(before, at: now).noting(assertion).associated(
            clientCustomerID: content.clientCustomerID, clientHumanID: content.clientHumanID,
            visitorID: content.visitorID)
        }
        result = after
        var changes = [try self.spending(challenge, note: content.id)]
        if after != before {
          let update = RegistryWrite.update(try self.codec.seal(after), replacing: row)
          changes.append(PlannedWrite(write: update, onConflict: .retry))
        }
        if self.policy.eventDetail == .everyDecision {
          let draft = EventDraft(kind: .authenticated, row: content.row, actor: "flow")
          changes += try await self.appending([draft], to: id, at: now)
        }
        return changes
      }
    } catch .challengeSpent {
      throw try await wasSpent(challenge, by: content) ? .ticketSpent : .challengeSpent
    }
    guard let result else { throw .contention }
    return result
  }

  private func completeRecovery(
    of id: DeviceID, _ content: TicketContent, _ key: VerifiedOffer, at now: UTCInstant
  ) async throws(RegistryError) -> KeyRegistration {
    try await changing(id, content, key, kinds: [.recovered], at: now) {
      before throws(ModelError) in
      try before.rekeyed(key.newKey.publicKey).noting(key.newKey.proof).authenticated(at: now)
    }
  }

  private func fulfil(
    _ plan: KeyPlan, _ content: TicketContent, _ check: (PhoneNumber, ProveID?), _ offer: Offer,
    at now: UTCInstant
  ) async throws(RegistryError) -> KeyRegistration? {
    let (number, proveID) = check
    switch plan.action {
    case .none:
      try await writing(on: nil) { () async throws(RegistryError) in [try self.spending(content)] }
      return nil
    case .place:
      let key = try offered(offer.newKey, as: nil, for: offer.challenge, at: now)
      return try await completePlacing(plan, content, key, number, proveID, at: now)
    case .bind(let id):
      return try await changing(
        id, content, nil, kinds: [.bound], retires: plan.retires, capped: true, at: now
      ) { before throws(ModelError) in
        try before.bound(to: number, proveID: proveID, at: now)
      }
    case .rebind(let id):
      return try await changing(id, content, nil, kinds: [.rebound], capped: true, at: now) {
        before throws(ModelError) in
        try before.rebound(to: number, keeping: proveID, at: now)
      }
    case .rekey(let id):
      let key = try offered(offer.newKey, as: id, for: offer.challenge, at: now)
      return try await changing(id, content, key, kinds: [.rekeyed], at: now) {
        before throws(ModelError) in
        let rekeyed = try before.rekeyed(key.newKey.publicKey).noting(key.newKey.proof)
        return rekeyed.binding == nil
          ? try rekeyed.bound(to: number, proveID: proveID, at: now)
          : try rekeyed.authenticated(at: now)
      }
    }
  }

  private func completePlacing(
    _ plan: KeyPlan, _ content: TicketContent, _ key: VerifiedOffer, _ number: PhoneNumber,
    _ proveID: ProveID?, at now: UTCInstant
  ) async throws(RegistryError) -> KeyRegistration {
    let registration = try Self.moving { () throws(ModelError) in
      try self.placedValue(key, content, at: now).bound(to: number, proveID: proveID, at: now)
    }
    try await writing(on: nil) { () async throws(RegistryError) in
      var changes = [try self.spending(content), try self.spending(key.challenge)]
      changes.append(try self.inserting(registration))
      let drafts = [KeyEvent.Kind.placed, .bound].map {
        EventDraft(kind: $0, row: content.row, actor: "flow")
      }
      changes += try await self.appending(drafts, to: registration.deviceID, at: now)
      changes += try await self.retiring(plan.retires, content, at: now)
      changes += try await self.capping(registration, sparing: plan.retires, at: now)
      return changes
    }
    return registration
  }

  // MARK: Parts

  /// Changes a registration that must still stand at the ticket's version.
  private func changing(
    _ id: DeviceID, _ content: TicketContent, _ key: VerifiedOffer?, kinds: [KeyEvent.Kind],
    retires: DeviceID? = nil, capped: Bool = false, at now: UTCInstant,
    _ move: (KeyRegistration) throws(ModelError) -> KeyRegistration
  ) async throws(RegistryError) -> KeyRegistration {
    var result: KeyRegistration?
    try await writing(on: id) { () async throws(RegistryError) in
      let (row, before) = try await self.current(id)
      guard before.version == content.version, !self.isDead(before, at: now) else {
        let isSpent = try await self.item(at: content.spentLocator(with: self.store.keys)) != nil
        throw isSpent ? .ticketSpent : .planStale
      }
      let after = try Self.moving { () throws(ModelError) in
        var after = try move(before)
        // A new key has answered with its own proof; the presented key is noted only if it stays.
        if key == nil, let presented = content.presented { after = try after.noting(presented) }
        return try after.associated(
          clientCustomerID: content.clientCustomerID, clientHumanID: content.clientHumanID,
          visitorID: content.visitorID)
      }
      result = after
      var changes = [try self.spending(content)]
      if let key { changes.append(try self.spending(key.challenge)) }
      let update = RegistryWrite.update(try self.codec.seal(after), replacing: row)
      changes.append(PlannedWrite(write: update, onConflict: .fail(.planStale)))
      // A key that was replaced while it was not bound is bound with that.
      let isTied = before.binding == nil && kinds == [.rekeyed]
      let drafts = (isTied ? kinds + [.bound] : kinds).map {
        EventDraft(kind: $0, row: content.row, actor: "flow")
      }
      changes += try await self.appending(drafts, to: id, at: now)
      changes += try await self.retiring(retires, content, at: now)
      if capped { changes += try await self.capping(after, sparing: retires, at: now) }
      return changes
    }
    guard let result else { throw .contention }
    return result
  }

  /// What became of the possession check, if it fulfils the plan.
  private func passed(
    _ possession: Possession?, _ plan: KeyPlan
  ) throws(RegistryError) -> (PhoneNumber, ProveID?) {
    switch possession {
    case nil: throw .possessionMissing
    case .passed(let number, let proveID):
      guard plan.isFulfilled(by: number) else { throw .phoneNumberMismatch }
      if let requested = plan.requestedProveID, requested != proveID { throw .identityMismatch }
      return (number, proveID)
    case .failed: throw .possessionFailed
    }
  }

  private func useUp(
    _ content: TicketContent, notingFailure: Bool, at now: UTCInstant
  ) async throws(RegistryError) {
    try await writing(on: content.deviceID) { () async throws(RegistryError) in
      var changes: [PlannedWrite] = []
      if case .authenticate = content.task, let challenge = content.challenge {
        changes.append(try self.spending(challenge, note: content.id))
      } else {
        changes.append(try self.spending(content))
      }
      if notingFailure, let id = content.deviceID {
        let draft = EventDraft(kind: .possessionFailed, row: content.row, actor: "flow")
        changes += try await self.appending([draft], to: id, at: now)
      }
      return changes
    }
  }

  /// The write that tombstones the inactive registration whose successor is bound (D7).
  private func retiring(
    _ id: DeviceID?, _ content: TicketContent, at now: UTCInstant
  ) async throws(RegistryError) -> [PlannedWrite] {
    guard let id else { return [] }
    guard let (row, before) = try await found(id) else { return [] }
    if before.isRevoked { return [] }
    guard before.version == content.retiredVersion else { throw .planStale }
    let after = before.revoked(because: .deactivated, at: now)
    let update = RegistryWrite.update(try codec.seal(after), replacing: row)
    let draft = EventDraft(kind: .revoked, row: content.row, reason: "deactivated", actor: "flow")
    return [PlannedWrite(write: update, onConflict: .fail(.planStale))]
      + (try await appending([draft], to: id, at: now))
  }

  private func inserting(_ registration: KeyRegistration) throws(RegistryError) -> PlannedWrite {
    PlannedWrite(
      write: .insert(try codec.seal(registration)), onConflict: .fail(.deviceIDTaken))
  }

  private func placed(
    _ key: VerifiedOffer, _ content: TicketContent, at now: UTCInstant
  ) throws(RegistryError) -> KeyRegistration {
    try Self.moving { () throws(ModelError) in try self.placedValue(key, content, at: now) }
  }

  private func placedValue(
    _ key: VerifiedOffer, _ content: TicketContent, at now: UTCInstant
  ) throws(ModelError) -> KeyRegistration {
    try KeyRegistration(
      placing: key.newKey.publicKey, as: key.newKey.deviceID,
      on: content.deviceKind == .web ? .web : .mobile, clientCustomerID: content.clientCustomerID,
      clientHumanID: content.clientHumanID, visitorID: content.visitorID, at: now
    ).noting(key.newKey.proof)
  }

  /// The registration with a completed authentication noted as finely as the policy keeps it.
  func recording(
    _ registration: KeyRegistration, at now: UTCInstant
  ) throws(ModelError) -> KeyRegistration {
    guard !registration.isSuspended else { throw .suspended }
    let granularity = policy.lastAuthenticatedGranularitySeconds
    if granularity > 0, let last = registration.lastAuthenticatedAt,
      now < last.adding(seconds: granularity), registration.binding != nil
    {
      return registration
    }
    return try registration.authenticated(at: now)
  }

  private func wasSpent(
    _ challenge: Challenge, by content: TicketContent
  ) async throws(RegistryError) -> Bool {
    try await item(at: challenge.spentLocator(with: store.keys))?.bytes == content.id
  }
}
