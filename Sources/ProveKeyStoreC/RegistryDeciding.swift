public import CProveKeyStore
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform

/// Decides a request.
@c @implementation
public func pks_registry_decide(
  _ registry: pks_registry, _ request: UnsafePointer<pks_request>!,
  _ decision: UnsafeMutablePointer<pks_decision>!, _ ticket: UnsafeMutablePointer<CChar>!,
  _ ticket_capacity: Int, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultPlace(decision)
    let ticketPlace = try unsafe TicketPlace(ticket, ticket_capacity)
    let given = try unsafe argument(request)
    let (request, proof) = (try unsafe KeyRequest(given), try unsafe Presented(given))
    let registry = try HandleTable.registry(registry)
    let made = try waiting {
      try await registry.decide(request, presenting: proof.assertion, for: proof.challenge)
    }
    try ticketPlace.put(made.ticket)
    place.put(pks_decision(made))
  }
}

/// Lets a decision take effect.
@c @implementation
public func pks_registry_complete(
  _ registry: pks_registry, _ ticket: UnsafePointer<CChar>!,
  _ possession: UnsafePointer<pks_possession>!, _ new_key: UnsafePointer<pks_new_key>!,
  _ challenge: UnsafePointer<UInt8>!, _ challenge_length: Int,
  _ registration: UnsafeMutablePointer<pks_registration>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultPlace.optional(registration)
    let ticket = try unsafe KeyTicket(given: ticket)
    let possession = try unsafe Possession.optional(possession)
    let newKey = try unsafe NewKey.optional(new_key)
    let challenge = try unsafe Challenge.optional(challenge, challenge_length)
    let registry = try HandleTable.registry(registry)
    let done = try waiting {
      try await registry.complete(
        ticket, possession: possession, newKey: newKey, for: challenge)
    }
    place?.fill { registration in
      guard let done else { return }
      registration.fill(done, registry.policy, now: WallClock.system.now)
    }
  }
}

/// Places the key of a decision before possession is known.
@c @implementation
public func pks_registry_place_early(
  _ registry: pks_registry, _ ticket: UnsafePointer<CChar>!,
  _ new_key: UnsafePointer<pks_new_key>!, _ challenge: UnsafePointer<UInt8>!,
  _ challenge_length: Int, _ registration: UnsafeMutablePointer<pks_registration>!,
  _ next_ticket: UnsafeMutablePointer<CChar>!, _ ticket_capacity: Int,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultPlace.optional(registration)
    let ticketPlace = try unsafe TicketPlace(next_ticket, ticket_capacity)
    let ticket = try unsafe KeyTicket(given: ticket)
    let newKey = try unsafe NewKey(new_key)
    let challenge = Challenge(bytes: try unsafe bytes(challenge, count: challenge_length))
    let registry = try HandleTable.registry(registry)
    let done = try waiting { try await registry.place(ticket, newKey: newKey, for: challenge) }
    try ticketPlace.put(done.ticket)
    place?.fill { $0.fill(done.registration, registry.policy, now: WallClock.system.now) }
  }
}

/// Uses a ticket up.
@c @implementation
public func pks_registry_withdraw(
  _ registry: pks_registry, _ ticket: UnsafePointer<CChar>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let ticket = try unsafe KeyTicket(given: ticket)
    let registry = try HandleTable.registry(registry)
    try waiting { try await registry.withdraw(ticket) }
  }
}

// MARK: - What callers hand in

/// The key that a request presents, and the challenge that it answers.
private struct Presented {
  let assertion: KeyAssertion?
  let challenge: Challenge?

  init(_ given: pks_request) throws {
    challenge = try unsafe Challenge.optional(given.challenge, given.challenge_length)
    guard unsafe given.assertion != nil || given.assertion_length != 0 else {
      assertion = nil
      return
    }
    assertion = try KeyAssertion(
      encoded: unsafe bytes(given.assertion, count: given.assertion_length))
  }
}

extension KeyRequest {
  fileprivate init(_ given: pks_request) throws {
    let channel: Channel
    switch pks_channel(unsafe given.channel) {
    case PKS_CHANNEL_MOBILE: channel = .mobile
    case PKS_CHANNEL_DESKTOP: channel = .desktop
    case PKS_CHANNEL_NONE: channel = .none
    default: throw Refusal.badValue("channel")
    }
    let visitor = try unsafe optionalIdentifier(given.visitor_id, as: VisitorID.self).map { id in
      try Visitor(id: id, confidence: unsafe given.visitor_confidence)
    }
    self.init(
      channel: channel, phoneNumber: try unsafe optionalPhoneNumber(given.phone_number),
      proveID: try unsafe optionalIdentifier(given.prove_id),
      storedDeviceID: try unsafe optionalIdentifier(given.stored_device_id),
      rebind: try flag(unsafe given.rebind, "rebind"), visitor: visitor,
      clientCustomerID: try unsafe optionalIdentifier(given.client_customer_id),
      clientHumanID: try unsafe optionalIdentifier(given.client_human_id))
  }
}

extension Possession {
  fileprivate static func optional(_ pointer: UnsafePointer<pks_possession>?) throws -> Possession?
  {
    guard let pointer = unsafe pointer else { return nil }
    let given = try unsafe argument(pointer)
    guard try flag(unsafe given.passed, "passed") else { return .failed }
    return .passed(
      try PhoneNumber(unsafe text(given.phone_number)),
      proveID: try unsafe optionalIdentifier(given.prove_id))
  }
}

extension Challenge {
  fileprivate static func optional(
    _ pointer: UnsafePointer<UInt8>?, _ count: Int
  ) throws -> Challenge? {
    guard unsafe pointer != nil || count != 0 else { return nil }
    return Challenge(bytes: try unsafe ProveKeyStoreC.bytes(pointer, count: count))
  }
}

extension KeyTicket {
  fileprivate init(given pointer: UnsafePointer<CChar>?) throws {
    self.init(text: try unsafe ProveKeyStoreC.text(pointer))
  }
}

/// Where a ticket goes; there is room for the longest before anything is decided.
@safe
private struct TicketPlace {
  private let buffer: UnsafeMutablePointer<CChar>

  init(_ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int) throws(Refusal) {
    guard let buffer = unsafe buffer else { throw .nullPointer }
    guard UInt(bitPattern: capacity) >= UInt(PKS_TICKET_SIZE) else { throw .bufferTooSmall }
    unsafe self.buffer = unsafe buffer
  }

  func put(_ ticket: KeyTicket?) throws(Refusal) {
    let text = (ticket?.text ?? "").utf8.map { CChar(bitPattern: $0) } + [0]
    guard text.count <= Int(PKS_TICKET_SIZE) else {
      throw .call(PKS_INTERNAL, "a ticket is longer than any should be")
    }
    _ = unsafe UnsafeMutableBufferPointer(start: buffer, count: text.count)
      .update(fromContentsOf: text)
  }
}
