public import CProveKeyStore
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform

/// Registers a key outside a flow.
@c @implementation
public func pks_registry_place(
  _ registry: pks_registry, _ placing: UnsafePointer<pks_placing>!,
  _ actor: UnsafePointer<CChar>!, _ registration: UnsafeMutablePointer<pks_registration>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe changing(registry, actor, registration, error) {
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
    return { registry, actor in
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
  unsafe changing(registry, device_id, actor, registration, error) {
    let number = try PhoneNumber(unsafe text(phone_number))
    let proveID = try unsafe optionalIdentifier(prove_id, as: ProveID.self)
    return { try await $0.bind($1, to: number, proveID: proveID, actor: $2) }
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
  unsafe changing(registry, device_id, actor, registration, error) {
    let number = try PhoneNumber(unsafe text(phone_number))
    let proveID = try unsafe optionalIdentifier(prove_id, as: ProveID.self)
    return { try await $0.rebind($1, to: number, proveID: proveID, actor: $2) }
  }
}

/// Puts a new key in the place of an old one.
@c @implementation
public func pks_registry_rekey(
  _ registry: pks_registry, _ new_key: UnsafePointer<pks_new_key>!,
  _ challenge: UnsafePointer<UInt8>!, _ challenge_length: Int,
  _ actor: UnsafePointer<CChar>!, _ registration: UnsafeMutablePointer<pks_registration>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe changing(registry, actor, registration, error) {
    let newKey = try unsafe NewKey(new_key)
    let challenge = Challenge(bytes: try unsafe bytes(challenge, count: challenge_length))
    return { try await $0.rekey(newKey, for: challenge, actor: $1) }
  }
}

/// Takes the binding of a key away.
@c @implementation
public func pks_registry_unbind(
  _ registry: pks_registry, _ device_id: UnsafePointer<CChar>!,
  _ reason: UnsafePointer<CChar>!,
  _ actor: UnsafePointer<CChar>!, _ registration: UnsafeMutablePointer<pks_registration>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe changing(registry, device_id, actor, registration, error) {
    let reason = try unsafe optionalText(reason)
    return { try await $0.unbind($1, reason: reason, actor: $2) }
  }
}

/// Bars a key from use.
@c @implementation
public func pks_registry_suspend(
  _ registry: pks_registry, _ device_id: UnsafePointer<CChar>!,
  _ reason: UnsafePointer<CChar>!,
  _ actor: UnsafePointer<CChar>!, _ registration: UnsafeMutablePointer<pks_registration>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe changing(registry, device_id, actor, registration, error) {
    let reason = try unsafe optionalText(reason)
    return { try await $0.suspend($1, reason: reason, actor: $2) }
  }
}

/// Lets a suspended key be used again.
@c @implementation
public func pks_registry_resume(
  _ registry: pks_registry, _ device_id: UnsafePointer<CChar>!,
  _ reason: UnsafePointer<CChar>!,
  _ actor: UnsafePointer<CChar>!, _ registration: UnsafeMutablePointer<pks_registration>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe changing(registry, device_id, actor, registration, error) {
    let reason = try unsafe optionalText(reason)
    return { try await $0.resume($1, reason: reason, actor: $2) }
  }
}

/// Gives the device a name, or takes it away.
@c @implementation
public func pks_registry_rename(
  _ registry: pks_registry, _ device_id: UnsafePointer<CChar>!,
  _ name: UnsafePointer<CChar>!,
  _ actor: UnsafePointer<CChar>!, _ registration: UnsafeMutablePointer<pks_registration>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe changing(registry, device_id, actor, registration, error) {
    let name = try unsafe optionalText(name)
    return { try await $0.rename($1, to: name, actor: $2) }
  }
}

/// Notes an authentication that was decided elsewhere.
@c @implementation
public func pks_registry_record_authentication(
  _ registry: pks_registry, _ device_id: UnsafePointer<CChar>!,
  _ actor: UnsafePointer<CChar>!, _ registration: UnsafeMutablePointer<pks_registration>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe changing(registry, device_id, actor, registration, error) {
    { try await $0.recordAuthentication(of: $1, actor: $2) }
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

/// Takes the bindings of all devices of a subject away.
@c @implementation
public func pks_registry_unbind_all(
  _ registry: pks_registry, _ subject: UInt32, _ value: UnsafePointer<CChar>!,
  _ reason: UnsafePointer<CChar>!, _ actor: UnsafePointer<CChar>!,
  _ count: UnsafeMutablePointer<UInt64>!, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let subject = try unsafe ProveKeyStoreC.subject(subject, value)
    let reason = try unsafe optionalText(reason)
    let actor = try unsafe actorName(actor)
    let registry = try HandleTable.registry(registry)
    let unbound = try waiting {
      try await registry.unbindAll(of: subject, reason: reason, actor: actor)
    }
    if let place = unsafe count { unsafe place.pointee = UInt64(unbound) }
  }
}

/// Notes that a number is out of service.
@c @implementation
public func pks_registry_disconnect(
  _ registry: pks_registry, _ phone_number: UnsafePointer<CChar>!,
  _ actor: UnsafePointer<CChar>!, _ count: UnsafeMutablePointer<UInt64>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let number = try PhoneNumber(unsafe text(phone_number))
    let actor = try unsafe actorName(actor)
    let registry = try HandleTable.registry(registry)
    let marked = try waiting { try await registry.markDisconnected(number, actor: actor) }
    if let place = unsafe count { unsafe place.pointee = UInt64(marked) }
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

// MARK: - What changes have in common

/// A change of a registration, as soon as what the caller handed in is read.
private typealias Change = @Sendable (DeviceRegistry, String) async throws -> KeyRegistration

/// A change of the registration of an id.
private typealias ChangeOfDevice =
  @Sendable (DeviceRegistry, DeviceID, String) async throws -> KeyRegistration

/// Reads what the caller handed in, makes the change, and tells what is registered then.
private func changing(
  _ handle: pks_registry, _ actor: UnsafePointer<CChar>?,
  _ registration: UnsafeMutablePointer<pks_registration>?,
  _ error: UnsafeMutablePointer<pks_error>?, _ read: () throws -> Change
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultPlace.optional(registration)
    let actor = try unsafe actorName(actor)
    let change = try read()
    let registry = try HandleTable.registry(handle)
    let changed = try waiting { try await change(registry, actor) }
    place?.fill { $0.fill(changed, registry.policy, now: WallClock.system.now) }
  }
}

/// The same for a change that names the registration by its id.
private func changing(
  _ handle: pks_registry, _ deviceID: UnsafePointer<CChar>?, _ actor: UnsafePointer<CChar>?,
  _ registration: UnsafeMutablePointer<pks_registration>?,
  _ error: UnsafeMutablePointer<pks_error>?, _ read: () throws -> ChangeOfDevice
) -> pks_status {
  unsafe changing(handle, actor, registration, error) {
    let id: DeviceID = try unsafe identifier(deviceID)
    let change = try read()
    return { try await change($0, id, $1) }
  }
}

private func actorName(_ pointer: UnsafePointer<CChar>?) throws(Refusal) -> String {
  try unsafe optionalText(pointer) ?? "operator"
}
