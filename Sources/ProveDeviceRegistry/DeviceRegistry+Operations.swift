public import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing

/// What a revocation found.
public enum RevocationResult: String, Hashable, Sendable {
  /// The key is revoked now.
  case revoked
  /// It was revoked before; nothing changed (R9).
  case alreadyRevoked
}

// Changes that an integrator or operator makes outside a flow. Each reads the registration, moves
// it, and writes it on the version it read, again from the read on when another was faster; so a
// revocation wins every race.

extension DeviceRegistry {
  /// Registers a key that is placed and not bound (R3).
  /// - Parameters:
  ///   - newKey: the key, with its proof over `challenge`.
  ///   - device: what is known of the device that holds it.
  ///   - actor: who acts, as the event names it: at most 255 UTF-8 bytes.
  /// - Throws: ``RegistryError/deviceIDTaken``, ``RegistryError/signatureInvalid`` or an error of the
  ///   challenge.
  @discardableResult
  public func place(
    _ newKey: NewKey, for challenge: Challenge, on device: DeviceDescription,
    clientCustomerID: ClientCustomerID? = nil, clientHumanID: ClientHumanID? = nil,
    visitorID: VisitorID? = nil, actor: String = "operator"
  ) async throws(RegistryError) -> KeyRegistration {
    let now = clock.now
    let actor = try Self.checked(actor, "actor")
    let key = try offered(newKey, as: nil, for: challenge, at: now)
    let registration = try Self.moving { () throws(ModelError) in
      try KeyRegistration(
        placing: newKey.publicKey, as: newKey.deviceID, on: device,
        clientCustomerID: clientCustomerID, clientHumanID: clientHumanID, visitorID: visitorID,
        at: now
      ).noting(newKey.proof)
    }
    try await writing(on: nil) { () async throws(RegistryError) in
      let insert = RegistryWrite.insert(try self.codec.seal(registration))
      return [
        try self.spending(key.challenge),
        PlannedWrite(write: insert, onConflict: .fail(.deviceIDTaken)),
      ]
        + (try await self.appending(
          [EventDraft(kind: .placed, actor: actor)], to: newKey.deviceID, at: now))
    }
    return registration
  }

  /// Binds a placed or unbound key to a number whose possession the caller vouches for.
  /// - Throws: ``RegistryError/unknownDevice``, ``RegistryError/deviceRevoked``, or
  ///   ``RegistryError/model(_:)`` when the key is bound already.
  @discardableResult
  public func bind(
    _ deviceID: DeviceID, to number: PhoneNumber, proveID: ProveID? = nil,
    actor: String = "operator"
  ) async throws(RegistryError) -> KeyRegistration {
    try await change(deviceID, .bound, actor: actor, capped: true) { key, now throws(ModelError) in
      try key.bound(to: number, proveID: proveID, at: now)
    }
  }

  /// Binds a bound key to another number whose possession the caller vouches for (R7).
  /// - Throws: ``RegistryError/unknownDevice``, ``RegistryError/deviceRevoked``,
  ///   ``RegistryError/deviceInactive`` or ``RegistryError/notBound``.
  @discardableResult
  public func rebind(
    _ deviceID: DeviceID, to number: PhoneNumber, proveID: ProveID? = nil,
    actor: String = "operator"
  ) async throws(RegistryError) -> KeyRegistration {
    try await change(deviceID, .rebound, actor: actor, capped: true, refusingInactive: true) {
      key, now throws(ModelError) in
      try key.rebound(to: number, keeping: proveID, at: now)
    }
  }

  /// Puts a new key in the place of a registration's old one (R13).
  /// - Throws: ``RegistryError/unknownDevice``, ``RegistryError/deviceRevoked``,
  ///   ``RegistryError/newKeyMismatch``, ``RegistryError/signatureInvalid`` or an error of the
  ///   challenge.
  @discardableResult
  public func rekey(
    _ newKey: NewKey, for challenge: Challenge, actor: String = "operator"
  ) async throws(RegistryError) -> KeyRegistration {
    let key = try offered(newKey, as: newKey.deviceID, for: challenge, at: clock.now)
    return try await change(newKey.deviceID, .rekeyed, actor: actor, spending: key.challenge) {
      before, _ throws(ModelError) in
      try before.rekeyed(newKey.publicKey).noting(newKey.proof)
    }
  }

  /// Takes the binding of a key away; the key stays (R15).
  /// - Throws: ``RegistryError/unknownDevice``, ``RegistryError/deviceRevoked`` or
  ///   ``RegistryError/notBound``.
  @discardableResult
  public func unbind(
    _ deviceID: DeviceID, reason: String? = nil, actor: String = "operator"
  ) async throws(RegistryError) -> KeyRegistration {
    try await change(deviceID, .unbound, reason: reason, actor: actor) {
      key, _ throws(ModelError) in
      try key.unbound()
    }
  }

  /// Disables a key for good; doing so twice succeeds and changes nothing (R9).
  /// - Parameter reason: kept with the event as its note: at most 255 UTF-8 bytes.
  /// - Throws: ``RegistryError/unknownDevice``.
  @discardableResult
  public func revoke(
    _ deviceID: DeviceID, reason: String? = nil, actor: String = "operator"
  ) async throws(RegistryError) -> RevocationResult {
    do {
      try await change(deviceID, .revoked, reason: reason, actor: actor) { key, now in
        key.revoked(at: now)
      }
      return .revoked
    } catch .deviceRevoked { return .alreadyRevoked }
  }

  /// Bars a key from use until it is resumed; doing so twice succeeds and changes nothing.
  ///
  /// Its months of inactivity run on. Unlike a revocation this can be taken back.
  /// - Parameter reason: kept with the event as its note: at most 255 UTF-8 bytes.
  /// - Throws: ``RegistryError/unknownDevice`` or ``RegistryError/deviceRevoked``.
  @discardableResult
  public func suspend(
    _ deviceID: DeviceID, reason: String? = nil, actor: String = "operator"
  ) async throws(RegistryError) -> KeyRegistration {
    try await change(deviceID, .suspended, reason: reason, actor: actor) {
      key, now throws(ModelError) in
      try key.suspended(at: now)
    }
  }

  /// Lets a suspended key be used again; one that is not suspended stays as it is.
  /// - Throws: ``RegistryError/unknownDevice`` or ``RegistryError/deviceRevoked``.
  @discardableResult
  public func resume(
    _ deviceID: DeviceID, reason: String? = nil, actor: String = "operator"
  ) async throws(RegistryError) -> KeyRegistration {
    try await change(deviceID, .resumed, reason: reason, actor: actor) {
      key, _ throws(ModelError) in
      try key.resumed()
    }
  }

  /// Gives the device that holds a key a name, or takes its name away.
  /// - Parameter name: at most 255 UTF-8 bytes without control characters.
  /// - Throws: ``RegistryError/unknownDevice``, ``RegistryError/deviceRevoked``, or
  ///   ``RegistryError/model(_:)`` with `deviceName`.
  @discardableResult
  public func rename(
    _ deviceID: DeviceID, to name: String?, actor: String = "operator"
  ) async throws(RegistryError) -> KeyRegistration {
    try await change(deviceID, .renamed, actor: actor) { key, _ throws(ModelError) in
      try key.renamed(to: name)
    }
  }

  /// Notes a completed authentication, from which the months of inactivity count anew (R5).
  ///
  /// Within the policy's granularity nothing is written.
  /// - Throws: ``RegistryError/unknownDevice``, ``RegistryError/deviceRevoked``,
  ///   ``RegistryError/deviceInactive`` or ``RegistryError/notBound``.
  @discardableResult
  public func recordAuthentication(
    of deviceID: DeviceID, actor: String = "operator"
  ) async throws(RegistryError) -> KeyRegistration {
    let kind: KeyEvent.Kind? = policy.eventDetail == .everyDecision ? .authenticated : nil
    return try await change(deviceID, kind, actor: actor, refusingInactive: true) {
      key, now throws(ModelError) in
      try self.recording(key, at: now)
    }
  }
}

// MARK: - Parts

extension DeviceRegistry {
  /// Reads a registration with its row.
  func found(
    _ id: DeviceID
  ) async throws(RegistryError) -> (row: StoredRegistration, registration: KeyRegistration)? {
    let start = ContinuousClock.now
    let device = codec.locator(of: id)
    guard let row = try await store.registration(at: device) else { return nil }
    do throws(RegistryError) {
      let registration = try codec.open(row, of: id, at: device)
      metrics.recordLookup(since: start)
      return (row, registration)
    } catch {
      if case .damaged(let table) = error { log.damaged(table) }
      throw error
    }
  }

  /// Reads a registration that must be there and not revoked.
  func current(
    _ id: DeviceID
  ) async throws(RegistryError) -> (row: StoredRegistration, registration: KeyRegistration) {
    guard let found = try await found(id) else { throw .unknownDevice }
    guard !found.registration.isRevoked else { throw .deviceRevoked }
    return found
  }

  /// Moves a registration, whatever its version.
  @discardableResult
  func change(
    _ id: DeviceID, _ kind: KeyEvent.Kind?, reason: String? = nil, actor: String,
    spending challenge: Challenge? = nil, capped: Bool = false, refusingInactive: Bool = false,
    _ move: (KeyRegistration, UTCInstant) throws(ModelError) -> KeyRegistration
  ) async throws(RegistryError) -> KeyRegistration {
    let actor = try Self.checked(actor, "actor")
    let reason = try reason.map { text throws(RegistryError) in try Self.checked(text, "reason") }
    let now = clock.now
    var result: KeyRegistration?
    try await writing(on: id) { () async throws(RegistryError) in
      let (row, before) = try await self.current(id)
      if refusingInactive, self.isDead(before, at: now) { throw .deviceInactive }
      let after = try Self.moving { () throws(ModelError) in try move(before, now) }
      result = after
      var changes: [PlannedWrite] = []
      if let challenge { changes.append(try self.spending(challenge)) }
      if after != before {
        let update = RegistryWrite.update(try self.codec.seal(after), replacing: row)
        changes.append(PlannedWrite(write: update, onConflict: .retry))
      }
      // A move that changes nothing is no event; an authentication that is kept is one always.
      if let kind, after != before || kind == .authenticated {
        let draft = EventDraft(kind: kind, note: reason, actor: actor)
        changes += try await self.appending([draft], to: id, at: now)
      }
      if capped { changes += try await self.capping(after, sparing: nil, at: now) }
      return changes
    }
    guard let result else { throw .contention }
    return result
  }

  /// Whether a key was bound and has become inactive: it is then never revived (R13, R14).
  func isDead(_ registration: KeyRegistration, at now: UTCInstant) -> Bool {
    registration.binding != nil
      && registration.isInactive(at: now, afterMonths: policy.inactivityMonths)
  }

  /// Moves a registration, with the model's refusals as errors of the registry.
  static func moving<Value>(
    _ body: () throws(ModelError) -> Value
  ) throws(RegistryError) -> Value {
    do { return try body() } catch {
      switch error {
      case .revoked: throw .deviceRevoked
      case .suspended: throw .deviceSuspended
      case .notBound: throw .notBound
      default: throw .model(error)
      }
    }
  }

  /// A text that an event can keep: what is longer could be written and not read again.
  static func checked(_ text: String, _ field: String) throws(RegistryError) -> String {
    guard text.utf8.count <= RegistryLimits.noteByteLimit else {
      throw .model(.malformed(field: field))
    }
    return text
  }
}

extension KeyRegistration {
  /// Ties a bound key to the number verified anew; a consumer known for that number stays (R10).
  func rebound(
    to number: PhoneNumber, keeping proveID: ProveID?, at now: UTCInstant
  ) throws(ModelError) -> KeyRegistration {
    let known = binding.flatMap { $0.phoneNumber == number ? $0.proveID : nil }
    return try rebound(to: number, proveID: proveID ?? known, at: now)
  }
}
