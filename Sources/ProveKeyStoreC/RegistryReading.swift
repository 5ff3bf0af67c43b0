public import CProveKeyStore
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform

/// Makes a challenge.
@c @implementation
public func pks_registry_challenge(
  _ registry: pks_registry, _ challenge: UnsafeMutablePointer<UInt8>!, _ capacity: Int,
  _ length: UnsafeMutablePointer<Int>!, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultBuffer(challenge, capacity: capacity, length: length)
    try place.put(try HandleTable.registry(registry).issueChallenge().bytes)
  }
}

/// Reads one registration.
@c @implementation
public func pks_registry_resolve(
  _ registry: pks_registry, _ device_id: UnsafePointer<CChar>!,
  _ registration: UnsafeMutablePointer<pks_registration>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultPlace(registration)
    let id: DeviceID = try unsafe identifier(device_id)
    let registry = try HandleTable.registry(registry)
    guard let found = try waiting({ try await registry.registration(id) }) else {
      throw Refusal.notFound
    }
    place.fill { $0.fill(found, registry.policy, now: WallClock.system.now) }
  }
}

/// Reads many registrations.
@c @implementation
public func pks_registry_resolve_many(
  _ registry: pks_registry, _ device_ids: UnsafePointer<UnsafePointer<CChar>?>!, _ count: Int,
  _ registrations: UnsafeMutablePointer<pks_registration>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let given = try unsafe buffer(device_ids, count: count, limit: CallLimits.pageLimit)
    let places = try unsafe ResultArray(registrations, capacity: count)
    let ids: [DeviceID] = try unsafe given.map { try unsafe identifier($0) }
    let registry = try HandleTable.registry(registry)
    let found = try waiting { try await registry.resolve(ids) }
    let now = WallClock.system.now
    places.fill(with: found) { if let key = $1 { $0.fill(key, registry.policy, now: now) } }
  }
}

/// Lists a visitor's candidates.
@c @implementation
public func pks_registry_candidates(
  _ registry: pks_registry, _ visitor_id: UnsafePointer<CChar>!,
  _ phone_number: UnsafePointer<CChar>!, _ registrations: UnsafeMutablePointer<pks_registration>!,
  _ capacity: Int, _ count: UnsafeMutablePointer<Int>!, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let total = try unsafe ValuePlace(count)
    let places = try unsafe ResultArray(registrations, capacity: capacity)
    let visitor: VisitorID = try unsafe identifier(visitor_id)
    let number = try unsafe optionalPhoneNumber(phone_number)
    let registry = try HandleTable.registry(registry)
    let limit = places.capacity
    let found = try waiting {
      try await registry.candidates(of: visitor, phoneNumber: number, limit: limit)
    }
    let now = WallClock.system.now
    places.fill(with: found) { $0.fill($1, registry.policy, now: now) }
    total.put(found.count)
  }
}

/// Lists the registrations of a subject, a page at a time.
@c @implementation
public func pks_registry_export(
  _ registry: pks_registry, _ subject: UInt32, _ value: UnsafePointer<CChar>!,
  _ cursor: UnsafeMutablePointer<pks_cursor>!,
  _ registrations: UnsafeMutablePointer<pks_registration>!, _ capacity: Int,
  _ count: UnsafeMutablePointer<Int>!, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let total = try unsafe ValuePlace(count)
    let places = try unsafe ResultArray(registrations, capacity: capacity)
    let next = try unsafe ResultPlace(cursor)
    let given = try unsafe argument(UnsafePointer(cursor))
    let start = try text(in: given.text)
    let subject = try unsafe ProveKeyStoreC.subject(subject, value)
    let registry = try HandleTable.registry(registry)
    let limit = places.capacity
    let page = try waiting { () async throws in
      let after = start.isEmpty ? nil : try PageCursor(text: start)
      return try await registry.page(of: subject, after: after, limit: limit)
    }
    let now = WallClock.system.now
    places.fill(with: page.registrations) { $0.fill($1, registry.policy, now: now) }
    var cursor = pks_cursor()
    cursor.is_at_end = page.next == nil ? 1 : 0
    if let place = page.next { write(place.text, to: &cursor.text) }
    next.put(cursor)
    total.put(page.registrations.count)
  }
}

/// Reads events of a registration.
@c @implementation
public func pks_registry_events(
  _ registry: pks_registry, _ device_id: UnsafePointer<CChar>!, _ after: UInt64,
  _ events: UnsafeMutablePointer<pks_event>!, _ capacity: Int,
  _ count: UnsafeMutablePointer<Int>!, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let total = try unsafe ValuePlace(count)
    let places = try unsafe ResultArray(events, capacity: capacity)
    let id: DeviceID = try unsafe identifier(device_id)
    let registry = try HandleTable.registry(registry)
    let limit = places.capacity
    // Sequence numbers beyond what a database can hold come after every event.
    let after = min(after, UInt64(Int64.max) - 1)
    let found = try waiting { try await registry.events(of: id, after: after, limit: limit) }
    places.fill(with: found) { $0.fill($1) }
    total.put(found.count)
  }
}

extension DeviceRegistry {
  /// A page of what is held on a subject.
  fileprivate func page(
    of subject: PersonalSubject, after cursor: PageCursor?, limit: Int
  ) async throws -> (registrations: [KeyRegistration], next: PageCursor?) {
    let query: RegistrationQuery
    switch subject {
    case .phoneNumber(let number): query = .phoneNumber(number)
    case .proveID(let id): query = .proveID(id)
    case .clientCustomerID(let id): query = .clientCustomerID(id)
    case .clientHumanID(let id): query = .clientHumanID(id)
    case .deviceID(let id):
      guard limit > 0 else { throw Refusal.badValue("capacity") }
      return (try await registration(id).map { [$0] } ?? [], nil)
    }
    let page = try await registrations(of: query, after: cursor, limit: limit)
    return (page.registrations, page.next)
  }
}
