public import CProveKeyStore
import ProveDeviceRegistry
import ProveKeyModel

/// Registers a key outside a flow.
@c @implementation
public func pks_registry_place(
  _ registry: pks_registry, _ placing: UnsafePointer<pks_placing>!,
  _ actor: UnsafePointer<CChar>!, _ registration: UnsafeMutablePointer<pks_registration>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let change = try unsafe Change(registry, actor: actor, registration)
    let given = try unsafe argument(placing)
    let number = UInt8(exactly: unsafe given.device_kind)
    guard let kind = number.flatMap({ DeviceDescription.Kind(rawValue: $0) }) else {
      throw Refusal.badValue("device_kind")
    }
    let device = try DeviceDescription(kind: kind, name: unsafe optionalText(given.device_name))
    let newKey = try unsafe NewKey(given.new_key)
    let challenge = Challenge(
      bytes: try unsafe bytes(given.challenge, count: given.challenge_length))
    let customer = try unsafe optionalIdentifier(
      given.client_customer_id, as: ClientCustomerID.self)
    let human = try unsafe optionalIdentifier(given.client_human_id, as: ClientHumanID.self)
    let visitor = try unsafe optionalIdentifier(given.visitor_id, as: VisitorID.self)
    try change.make { registry, actor in
      try await registry.place(
        newKey, for: challenge, on: device, clientCustomerID: customer, clientHumanID: human,
        visitorID: visitor, actor: actor)
    }
  }
}

/// Binds a placed or unbound key.
@c @implementation
public func pks_registry_bind(
  _ registry: pks_registry, _ device_id: UnsafePointer<CChar>!,
  _ phone_number: UnsafePointer<CChar>!, _ prove_id: UnsafePointer<CChar>!,
  _ actor: UnsafePointer<CChar>!, _ registration: UnsafeMutablePointer<pks_registration>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let change = try unsafe Change(registry, actor: actor, registration)
    let id: DeviceID = try unsafe identifier(device_id)
    let number = try PhoneNumber(unsafe text(phone_number))
    let proveID = try unsafe optionalIdentifier(prove_id, as: ProveID.self)
    try change.make { registry, actor in
      try await registry.bind(id, to: number, proveID: proveID, actor: actor)
    }
  }
}

/// Binds a bound key to another number.
@c @implementation
public func pks_registry_rebind(
  _ registry: pks_registry, _ device_id: UnsafePointer<CChar>!,
  _ phone_number: UnsafePointer<CChar>!, _ prove_id: UnsafePointer<CChar>!,
  _ actor: UnsafePointer<CChar>!, _ registration: UnsafeMutablePointer<pks_registration>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let change = try unsafe Change(registry, actor: actor, registration)
    let id: DeviceID = try unsafe identifier(device_id)
    let number = try PhoneNumber(unsafe text(phone_number))
    let proveID = try unsafe optionalIdentifier(prove_id, as: ProveID.self)
    try change.make { registry, actor in
      try await registry.rebind(id, to: number, proveID: proveID, actor: actor)
    }
  }
}

/// Takes the binding of a key away.
@c @implementation
public func pks_registry_unbind(
  _ registry: pks_registry, _ device_id: UnsafePointer<CChar>!, _ reason: UnsafePointer<CChar>!,
  _ actor: UnsafePointer<CChar>!, _ registration: UnsafeMutablePointer<pks_registration>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let change = try unsafe Change(registry, actor: actor, registration)
    let id: DeviceID = try unsafe identifier(device_id)
    let reason = try unsafe optionalText(reason)
    try change.make { registry, actor in
      try await registry.unbind(id, reason: reason, actor: actor)
    }
  }
}

/// Bars a key from use.
@c @implementation
public func pks_registry_suspend(
  _ registry: pks_registry, _ device_id: UnsafePointer<CChar>!, _ reason: UnsafePointer<CChar>!,
  _ actor: UnsafePointer<CChar>!, _ registration: UnsafeMutablePointer<pks_registration>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let change = try unsafe Change(registry, actor: actor, registration)
    let id: DeviceID = try unsafe identifier(device_id)
    let reason = try unsafe optionalText(reason)
    try change.make { registry, actor in
      try await registry.suspend(id, reason: reason, actor: actor)
    }
  }
}

/// Lets a suspended key be used again.
@c @implementation
public func pks_registry_resume(
  _ registry: pks_registry, _ device_id: UnsafePointer<CChar>!, _ reason: UnsafePointer<CChar>!,
  _ actor: UnsafePointer<CChar>!, _ registration: UnsafeMutablePointer<pks_registration>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let change = try unsafe Change(registry, actor: actor, registration)
    let id: DeviceID = try unsafe identifier(device_id)
    let reason = try unsafe optionalText(reason)
    try change.make { registry, actor in
      try await registry.resume(id, reason: reason, actor: actor)
    }
  }
}

/// Disables a key for good.
@c @implementation
public func pks_registry_revoke(
  _ registry: pks_registry, _ device_id: UnsafePointer<CChar>!, _ reason: UnsafePointer<CChar>!,
  _ actor: UnsafePointer<CChar>!, _ was_revoked: UnsafeMutablePointer<UInt32>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let id: DeviceID = try unsafe identifier(device_id)
    let reason = try unsafe optionalText(reason)
    let actor = try unsafe actorName(actor)
    let registry = try HandleTable.registry(registry)
    let result = try waiting { try await registry.revoke(id, reason: reason, actor: actor) }
    if let place = unsafe was_revoked {
      unsafe place.pointee = result == .alreadyRevoked ? 1 : 0
    }
  }
}

/// Erases what is held on a subject.
@c @implementation
public func pks_registry_erase(
  _ registry: pks_registry, _ subject: UInt32, _ value: UnsafePointer<CChar>!,
  _ actor: UnsafePointer<CChar>!, _ erasure: UnsafeMutablePointer<pks_erasure>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultPlace(erasure)
    let subject = try unsafe ProveKeyStoreC.subject(subject, value)
    let actor = try unsafe actorName(actor)
    let registry = try HandleTable.registry(registry)
    let receipt = try waiting { try await registry.erase(subject, actor: actor) }
    var erasure = pks_erasure()
    erasure.erased_at = receipt.erasedAt.millisecondsSinceEpoch
    erasure.registrations = UInt64(receipt.registrations)
    erasure.details = UInt64(receipt.details)
    erasure.items = UInt64(receipt.items)
    place.put(erasure)
  }
}

/// Notes what has become inactive and removes what has expired.
@c @implementation
public func pks_registry_sweep(
  _ registry: pks_registry, _ limit: UInt64, _ sweep: UnsafeMutablePointer<pks_sweep>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultPlace(sweep)
    let registry = try HandleTable.registry(registry)
    let report = try waiting { try await registry.sweep(limit: Int(clamping: limit)) }
    var sweep = pks_sweep()
    sweep.is_complete = report.isComplete ? 1 : 0
    sweep.deactivated = UInt64(report.deactivated)
    sweep.items_removed = UInt64(report.itemsRemoved)
    sweep.details_erased = UInt64(report.detailsErased)
    place.put(sweep)
  }
}

/// One change of a registration: who makes it, in which registry, and where the outcome goes.
private struct Change {
  private let registry: DeviceRegistry
  private let actor: String
  private let place: ResultPlace<pks_registration>?

  init(
    _ handle: pks_registry, actor: UnsafePointer<CChar>?,
    _ registration: UnsafeMutablePointer<pks_registration>?
  ) throws {
    place = try unsafe ResultPlace.optional(registration)
    self.actor = try unsafe actorName(actor)
    registry = try HandleTable.registry(handle)
  }

  func make(
    _ body: @escaping @Sendable (DeviceRegistry, String) async throws -> KeyRegistration
  ) throws {
    let (registry, actor) = (registry, actor)
    let changed = try waiting { try await body(registry, actor) }
    place?.put(registry.told(changed))
  }
}

private func actorName(_ pointer: UnsafePointer<CChar>?) throws(Refusal) -> String {
  try unsafe optionalText(pointer) ?? "operator"
}
