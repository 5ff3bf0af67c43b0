public import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing

/// By what registrations are looked up.
public enum RegistrationQuery: Hashable, Sendable {
  /// Those that carry this visitor ID.
  case visitor(VisitorID)
  /// Those bound, now or last, to this number.
  case phoneNumber(PhoneNumber)
  /// Those bound, now or last, to this consumer.
  case proveID(ProveID)
  /// Those of this customer of the integrator.
  case clientCustomerID(ClientCustomerID)
  /// Those of this person of the integrator.
  case clientHumanID(ClientHumanID)
  /// Those in this state and not suspended.
  case state(RegistrationStateName)
  /// Those that are suspended, whatever their state.
  case suspended
}

/// A part of a listing.
public struct RegistrationPage: Hashable, Sendable {
  /// The registrations, in the order of ``DeviceRegistry/registrations(of:after:limit:)``.
  public let registrations: [KeyRegistration]
  /// Where the next page begins; nothing when this is the last.
  public let next: PageCursor?
}

/// Where a page of a listing begins; opaque text to be handed back.
public struct PageCursor: Hashable, Sendable {
  /// The cursor as text.
  public let text: String

  /// Takes a cursor that a page gave.
  /// - Throws: ``RegistryError/model(_:)`` with `cursor`.
  public init(text: String) throws(RegistryError) {
    self.text = text
    _ = try position
  }

  /// - Parameter listing: which of the listings that a query runs through, one after another.
  init(_ position: PagePosition, listing: Int) {
    var writer = ByteWriter()
    writer.write(UInt8(listing))
    writer.write(position.lastActiveDay)
    writer.writeFixed(position.device.bytes)
    text = Base64URL.encode(writer.bytes)
  }

  var position: (PagePosition, listing: Int) {
    get throws(RegistryError) {
      guard text.utf8.count <= 64, let bytes = Base64URL.decode(text) else {
        throw .model(.malformed(field: "cursor"))
      }
      var reader = ByteReader(bytes)
      do {
        let listing = try reader.read(UInt8.self, "cursor")
        let day = try reader.read(Int64.self, "cursor")
        let device = Locator(try reader.readFixed(16, "cursor"))
        try reader.finish()
        guard let device else { throw ByteReader.Malformed(field: "cursor") }
        return (PagePosition(lastActiveDay: day, device: device), Int(listing))
      } catch { throw .model(.malformed(field: "cursor")) }
    }
  }
}

extension DeviceRegistry {
  /// Reads one registration, whatever its state.
  public func registration(_ id: DeviceID) async throws(RegistryError) -> KeyRegistration? {
    try await found(id)?.registration
  }

  /// Reads many registrations in one call of the store.
  /// - Parameter ids: at most 1,000; one that is named twice is read once.
  /// - Returns: what is registered under each, in their order.
  /// - Throws: ``RegistryError/model(_:)`` with `limit` when there are more.
  public func resolve(_ ids: [DeviceID]) async throws(RegistryError) -> [KeyRegistration?] {
    guard ids.count <= RegistryLimits.resolveLimit else {
      throw .model(.malformed(field: "limit"))
    }
    guard !ids.isEmpty else { return [] }
    var places: [DeviceID: Int] = [:]
    var wanted: [DeviceID] = []
    var devices: [Locator] = []
    for id in ids where places[id] == nil {
      places[id] = devices.count
      wanted.append(id)
      devices.append(codec.locator(of: id))
    }
    let rows = try await store.registrations(at: devices)
    var found: [KeyRegistration?] = []
    for (index, row) in rows.enumerated() {
      found.append(
        try row.map { row throws(RegistryError) in
          try codec.open(row, of: wanted[index], at: devices[index])
        })
    }
    return ids.map { places[$0].flatMap { found[$0] } }
  }

  /// Lists registrations.
  ///
  /// Those of a number, a consumer, a customer or a person come latest used first where one page holds
  /// them all. Further pages are in no order of time: so none is missed, and none comes twice, that is
  /// used between two pages. Those in a state come from the latest active day down; those of a visitor
  /// as well, the bound before the placed, suspended, disconnected, inactive, unbound and revoked.
  /// - Parameter limit: 1 to 1,000.
  /// - Throws: ``RegistryError/model(_:)`` with `limit` or `cursor`.
  public func registrations(
    of query: RegistrationQuery, after cursor: PageCursor? = nil, limit: Int = 100
  ) async throws(RegistryError) -> RegistrationPage {
    guard (1...RegistryLimits.pageLimit).contains(limit) else {
      throw .model(.malformed(field: "limit"))
    }
    let start = try cursor?.position
    // The store lists one coarse state at a time: bound registrations that a sweep has noted, or whose
    // number is out of service, come after the others.
    let listings = listings(of: query)
    var index = start?.listing ?? 0
    guard index < listings.count else { throw .model(.malformed(field: "cursor")) }
    var position = start?.0
    var registrations: [KeyRegistration] = []
    while true {
      let wanted = limit - registrations.count
      let rows = try await store.registrations(
        in: listings[index], after: position, limit: wanted)
      for row in rows { registrations.append(try codec.open(row)) }
      if listings[index].isByDevice { registrations.sort { $0.isMoreRecent(than: $1) } }
      if rows.count == wanted, let last = rows.last {
        return RegistrationPage(
          registrations: registrations, next: PageCursor(last.position, listing: index))
      }
      index += 1
      position = nil
      if index == listings.count {
        return RegistrationPage(registrations: registrations, next: nil)
      }
    }
  }

  /// Lists the candidates of a visitor: live, bound registrations that carry its ID.
  /// - Parameter limit: 1 to 1,000.
  public func candidates(
    of visitor: VisitorID, phoneNumber: PhoneNumber? = nil, limit: Int = 100
  ) async throws(RegistryError) -> [KeyRegistration] {
    guard (1...RegistryLimits.pageLimit).contains(limit) else {
      throw .model(.malformed(field: "limit"))
    }
    let now = clock.now
    let sinceDay = now.adding(months: -policy.inactivityMonths).daysSinceEpoch - 3
    let locator = codec.locator(of: visitor)
    let listing: StoredListing =
      if let phoneNumber {
        .candidatesWithNumber(
          visitor: locator, phoneNumber: codec.locator(of: phoneNumber), sinceDay: sinceDay)
      } else { .candidates(visitor: locator, sinceDay: sinceDay) }
    var candidates: [KeyRegistration] = []
    for row in try await store.registrations(in: listing, after: nil, limit: limit) {
      let key = try codec.open(row)
      // The row of the listing only says where to look: the registration is asked itself.
      guard key.isServing, let binding = key.binding, key.visitorID == visitor,
        !isDead(key, at: now),
        (phoneNumber ?? binding.phoneNumber) == binding.phoneNumber
      else { continue }
      candidates.append(key)
    }
    return candidates
  }

  /// Reads a registration's events in order.
  /// - Parameters:
  ///   - sequence: the sequence number after which to begin; 0 for the first.
  ///   - limit: 1 to 1,000.
  /// - Throws: ``RegistryError/damaged(table:)`` when an event was altered, or the chain is broken.
  public func events(
    of id: DeviceID, after sequence: UInt64 = 0, limit: Int = 100
  ) async throws(RegistryError) -> [KeyEvent] {
    guard (1...RegistryLimits.pageLimit).contains(limit) else {
      throw .model(.malformed(field: "limit"))
    }
    return try await events(at: codec.locator(of: id), after: sequence, limit: limit)
  }

  /// Counts of what the store holds.
  public func statistics() async throws(RegistryError) -> StoreStatistics {
    try await store.statistics()
  }

  /// Reads events and checks that each follows the one before it (G8).
  func events(
    at device: Locator, after sequence: UInt64, limit: Int
  ) async throws(RegistryError) -> [KeyEvent] {
    var previous: KeyEvent?
    if sequence > 0 {
      let before = try await store.events(of: device, after: sequence - 1, limit: 1)
      guard let before = before.first, before.sequence == sequence else { return [] }
      previous = try openEvent(before)
    }
    var events: [KeyEvent] = []
    for stored in try await store.events(of: device, after: sequence, limit: limit) {
      let event = try openEvent(stored)
      guard event.follows(previous) else { throw .damaged(table: "event") }
      events.append(event)
      previous = event
    }
    return events
  }

  private func listings(of query: RegistrationQuery) -> [StoredListing] {
    switch query {
    case .visitor(let id): listings(of: codec.locator(of: id))
    case .phoneNumber(let number): [.phoneNumber(codec.locator(of: number))]
    case .proveID(let id): [.proveID(codec.locator(of: id))]
    case .clientCustomerID(let id): [.clientCustomerID(codec.locator(of: id))]
    case .clientHumanID(let id): [.clientHumanID(codec.locator(of: id))]
    case .state(.placed): [.state(.placed)]
    case .state(.bound): [.state(.bound), .state(.dormant), .state(.disconnected)]
    case .state(.unbound): [.state(.unbound)]
    case .state(.revoked): [.state(.revoked)]
    case .suspended: [.state(.suspended)]
    }
  }

  private func listings(of visitor: Locator) -> [StoredListing] {
    let states: [StoredRegistration.State] = [
      .bound, .placed, .suspended, .disconnected, .dormant, .unbound, .revoked,
    ]
    return states.map { .visitor(visitor, $0) }
  }
}
