import Foundation
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing

// Sessions, the tokens that lead to them, and who is behind a number: small sealed values in the
// registry's store.

extension UnifyService {
  /// What a token is for.
  enum TokenKind: String {
    case authID = "auth-id"
    case link = "instant-link"
  }

  /// - Parameter client: whose flow it must be, for calls of an integrator's client.
  func session(
    _ correlationID: String, _ client: String? = nil
  ) async throws(UnifyError) -> (UnifySession, UInt64) {
    guard let id = CorrelationID(correlationID) else { throw .invalidCorrelationID }
    let found = try await calling { () async throws(RegistryError) in
      try await self.registry.item("session", id.rawValue)
    }
    guard let found else { throw .invalidCorrelationID }
    let session = try UnifySession.decode(found.bytes)
    if let client, session.client != client { throw .invalidCorrelationID }
    return (session, found.version)
  }

  /// Writes a session on the version that was read.
  /// - Throws: ``UnifyError/stepNotAllowed`` when another step was faster.
  func save(_ session: UnifySession, replacing version: UInt64?) async throws(UnifyError) {
    guard try await isSaved(session, replacing: version) else { throw .stepNotAllowed }
  }

  /// Writes a session on the version that was read, unless another step was faster.
  private func isSaved(
    _ session: UnifySession, replacing version: UInt64?
  ) async throws(UnifyError) -> Bool {
    let bytes = try session.encoded()
    return try await calling { () async throws(RegistryError) in
      try await self.registry.putItem(
        "session", session.correlationID, bytes, replacing: version,
        expiryDay: session.createdAt.daysSinceEpoch + UnifyLimits.outcomeDays)
    }
  }

  /// Takes a step alone: the session is claimed before the step has any effect.
  ///
  /// So of two racing replies one has no effect at all: no SMS, no look at a code, no change of a
  /// registration. Counting attempts on the version that was read would not do: guesses sent at
  /// once would each be looked at before one of them is counted.
  /// - Throws: ``UnifyError/stepNotAllowed`` when another step is under way or was faster. Whatever
  ///   is thrown, the session is as before.
  func claiming<Value>(
    _ session: inout UnifySession, _ version: UInt64,
    _ step: (inout UnifySession) async throws(UnifyError) -> Value
  ) async throws(UnifyError) -> Value {
    guard !session.isClaimed(at: clock.now) else { throw .stepNotAllowed }
    session.claimedAtMilliseconds = clock.now.millisecondsSinceEpoch
    try await save(session, replacing: version)
    session.claimedAtMilliseconds = nil
    let before = session
    let value: Value
    do { value = try await step(&session) } catch {
      try await save(before, replacing: version + 1)
      throw error
    }
    try await save(session, replacing: version + 1)
    return value
  }

  /// Changes a session in a way that may be done again, until nobody else is faster; while a step is
  /// under way nothing is changed.
  func updating(
    _ correlationID: String, _ client: String? = nil,
    _ change: (inout UnifySession) async throws(UnifyError) -> Void
  ) async throws(UnifyError) -> UnifySession {
    for _ in 0..<RegistryLimits.attemptLimit {
      let (before, version) = try await session(correlationID, client)
      var session = before
      if !session.isClaimed(at: clock.now) { try await change(&session) }
      if session == before { return session }
      if try await isSaved(session, replacing: version) { return session }
    }
    throw .registry(.contention)
  }

  /// 32 random bytes as text.
  func newToken() -> String { Base64URL.encode(SecureRandom.bytes(32)) }

  /// Lets a token lead to a session.
  func point(
    _ kind: TokenKind, _ token: String, to correlationID: String
  ) async throws(UnifyError) {
    let day = clock.now.daysSinceEpoch + UnifyLimits.outcomeDays
    let isNew = try await calling { () async throws(RegistryError) in
      try await self.registry.putItem(
        kind.rawValue, token, Array(correlationID.utf8), replacing: nil, expiryDay: day)
    }
    precondition(isNew, "32 random bytes are never drawn twice")
  }

  /// The session that a token leads to, if any.
  func target(of kind: TokenKind, _ token: String) async throws(UnifyError) -> String? {
    guard (1...64).contains(token.utf8.count) else { return nil }
    let found = try await calling { () async throws(RegistryError) in
      try await self.registry.item(kind.rawValue, token)
    }
    return found.map { String(decoding: $0.bytes, as: UTF8.self) }
  }

  // MARK: Consumers

  /// The consumer behind a number: the one known, or a new one (R10).
  func proveID(of number: PhoneNumber) async throws(UnifyError) -> ProveID {
    for _ in 0..<RegistryLimits.attemptLimit {
      let found = try await calling { () async throws(RegistryError) in
        try await self.registry.item(PersonalItems.consumer, number.e164)
      }
      if let found, let id = ProveID(String(decoding: found.bytes, as: UTF8.self)) { return id }
      var generator = SecureRandomNumberGenerator()
      let id = ProveID.random(using: &generator)
      let isNew = try await calling { () async throws(RegistryError) in
        try await self.registry.putNewItems([
          (PersonalItems.consumer, number.e164, Array(id.rawValue.utf8)),
          (PersonalItems.consumerNumber, id.rawValue, Array(number.e164.utf8)),
        ])
      }
      if isNew { return id }
    }
    throw .registry(.contention)
  }

  /// The number of a known consumer.
  func phoneNumber(of proveID: ProveID) async throws(UnifyError) -> PhoneNumber? {
    let found = try await calling { () async throws(RegistryError) in
      try await self.registry.item(PersonalItems.consumerNumber, proveID.rawValue)
    }
    return try number(found.map { String(decoding: $0.bytes, as: UTF8.self) })
  }

  // MARK: Errors

  func calling<Value>(
    _ body: () async throws(RegistryError) -> Value
  ) async throws(UnifyError) -> Value {
    do { return try await body() } catch { throw UnifyError(error) }
  }

  static func valid<Value>(
    _ body: () throws(ModelError) -> Value
  ) throws(UnifyError) -> Value {
    do { return try body() } catch { throw UnifyError(error) }
  }

  func number(_ text: String?) throws(UnifyError) -> PhoneNumber? {
    guard let text else { return nil }
    return try Self.valid { () throws(ModelError) in try PhoneNumber(text) }
  }
}
