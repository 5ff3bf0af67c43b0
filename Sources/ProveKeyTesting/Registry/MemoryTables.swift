import ProveDeviceRegistry
import ProveKeySealing

/// The rows of a store in memory, with its indexes; kept under a lock by its owner.
struct MemoryTables: Sendable {
  private var registrations: [Locator: StoredRegistration] = [:]
  private var events: [Locator: [StoredEvent]] = [:]
  private var items: [Locator: StoredItem] = [:]
  private var index: [IndexKey: Set<Locator>] = [:]
  var digests: [StoredDigest] = []
  var applied = RecentWrites()

  /// What a row is listed under.
  private enum IndexKey: Hashable {
    case state(StoredRegistration.State)
    case visitor(Locator), phone(Locator), prove(Locator), customer(Locator), human(Locator)
    case candidate(Locator)
  }

  // MARK: Reading

  func registration(at device: Locator) -> StoredRegistration? { registrations[device] }

  func item(at locator: Locator) -> StoredItem? { items[locator] }

  func registrations(
    in listing: StoredListing, after position: PagePosition?, limit: Int
  ) -> [StoredRegistration] {
    let (key, isListed) = filter(listing)
    let rows = (index[key] ?? []).compactMap { registrations[$0] }.filter { row in
      isListed(row) && (position.map { row.position.follows($0, in: listing) } ?? true)
    }
    let inOrder = rows.sorted { $1.position.follows($0.position, in: listing) }
    return Array(inOrder.prefix(limit))
  }

  func events(of device: Locator, after sequence: UInt64, limit: Int) -> [StoredEvent] {
    Array((events[device] ?? []).drop { $0.sequence <= sequence }.prefix(limit))
  }

  func lastEvent(of device: Locator) -> StoredEvent? { events[device]?.last }

  func events(after position: EventPosition?, limit: Int) -> [StoredEvent] {
    let devices = events.keys.sorted().drop { device in position.map { device < $0.device } ?? false
    }
    var found: [StoredEvent] = []
    for device in devices where found.count < limit {
      let sequence = device == position?.device ? position?.sequence ?? 0 : 0
      found += events(of: device, after: sequence, limit: limit - found.count)
    }
    return found
  }

  func events(withDetailBefore day: Int64, limit: Int) -> [StoredEvent] {
    let found = events.values.joined().compactMap { event in event.detail.map { ($0.day, event) } }
      .filter { $0.0 < day }
    let inOrder = found.sorted { left, right in
      let (first, second) = (left.1.position, right.1.position)
      return (left.0, first.device, first.sequence) < (right.0, second.device, second.sequence)
    }
    return inOrder.prefix(limit).map(\.1)
  }

  func statistics() -> StoreStatistics {
    StoreStatistics(
      registrations: registrations.values.reduce(into: [:]) { $0[$1.state, default: 0] += 1 },
      candidates: registrations.values.count(where: \.isCandidate),
      events: events.values.reduce(0) { $0 + $1.count }, items: items.count, byteCount: nil)
  }

  func census() -> StoreCensus {
    var counts: [StoredRegistration.State: [Int64: Int]] = [:]
    for row in registrations.values {
      counts[row.state, default: [:]][row.lastActiveDay, default: 0] += 1
    }
    let cohorts = counts.flatMap { state, days in
      days.map { StoreCensus.Cohort(state: state, lastActiveDay: $0, count: $1) }
    }
    var visitors: [Int: Int] = [:]
    for (key, devices) in index {
      if case .candidate = key { visitors[devices.count, default: 0] += 1 }
    }
    return StoreCensus(
      cohorts: cohorts.sorted {
        ($0.state.rawValue, $0.lastActiveDay) < ($1.state.rawValue, $1.lastActiveDay)
      }, visitorsByCandidates: visitors)
  }

  private func filter(
    _ listing: StoredListing
  ) -> (IndexKey, (StoredRegistration) -> Bool) {
    switch listing {
    case .state(let state): (.state(state), { _ in true })
    case .visitor(let visitor, let state): (.visitor(visitor), { $0.state == state })
    case .phoneNumber(let phone): (.phone(phone), { _ in true })
    case .proveID(let prove): (.prove(prove), { _ in true })
    case .clientCustomerID(let customer): (.customer(customer), { _ in true })
    case .clientHumanID(let human): (.human(human), { _ in true })
    case .candidates(let visitor, let day): (.candidate(visitor), { $0.lastActiveDay >= day })
    case .candidatesWithNumber(let visitor, let phone, let day):
      (.candidate(visitor), { $0.phoneNumber == phone && $0.lastActiveDay >= day })
    case .candidatesWithProveID(let visitor, let prove, let day):
      (.candidate(visitor), { $0.proveID == prove && $0.lastActiveDay >= day })
    case .boundAndIdle(let day): (.state(.bound), { $0.lastActiveDay <= day })
    }
  }

  // MARK: Writing

  /// How a change is taken back.
  private enum Undo {
    case registration(Locator, StoredRegistration?)
    case events(Locator, [StoredEvent]?)
    case item(Locator, StoredItem?)
  }

  /// Makes all changes, or none when one meets another row than it expects (G1, G2).
  /// - Parameter digests: the set digests after them; where it throws, nothing is changed either.
  mutating func apply(
    _ batch: [RegistryWrite], digests: ([StoredDigest]) throws(RegistryError) -> [StoredDigest]
  ) throws(RegistryError) -> WriteOutcome {
    var undo: [Undo] = []
    for (number, write) in batch.enumerated() {
      undo.append(before(write))
      if apply(write) { continue }
      for step in undo.reversed() { take(back: step) }
      return .conflict(at: number)
    }
    do throws(RegistryError) { self.digests = try digests(self.digests) } catch {
      for step in undo.reversed() { take(back: step) }
      throw error
    }
    return .applied
  }

  mutating func removeItems(expiredBefore day: Int64, limit: Int) -> Int {
    let expired = items.values.filter { $0.expiryDay < day }.sorted { $0.expiryDay < $1.expiryDay }
    let removed = expired.prefix(max(limit, 0))
    for item in removed { items[item.locator] = nil }
    return removed.count
  }

  private func before(_ write: RegistryWrite) -> Undo {
    switch write {
    case .insert(let row), .update(let row, _), .remove(let row):
      .registration(row.device, registrations[row.device])
    case .append(let event), .redact(let event): .events(event.device, events[event.device])
    case .put(let item, _): .item(item.locator, items[item.locator])
    case .removeItem(let locator): .item(locator, items[locator])
    }
  }

  private mutating func take(back step: Undo) {
    switch step {
    case .registration(let device, let row): set(row, at: device)
    case .events(let device, let before): events[device] = before
    case .item(let locator, let item): items[locator] = item
    }
  }

  /// Makes one change; false when the row is not the one expected.
  private mutating func apply(_ write: RegistryWrite) -> Bool {
    switch write {
    case .insert(let row):
      guard registrations[row.device] == nil else { return false }
      set(row, at: row.device)
    case .update(let row, let before):
      guard registrations[row.device]?.version == before.version else { return false }
      set(row, at: row.device)
    case .remove(let row):
      guard registrations[row.device]?.version == row.version else { return false }
      set(nil, at: row.device)
    case .append(let event):
      var chain = events[event.device] ?? []
      let place = chain.firstIndex { $0.sequence >= event.sequence } ?? chain.endIndex
      guard place == chain.endIndex || chain[place].sequence != event.sequence else { return false }
      chain.insert(event, at: place)
      events[event.device] = chain
    case .redact(let event):
      guard let place = events[event.device]?.firstIndex(where: { $0.sequence == event.sequence })
      else { return false }
      events[event.device]?[place] = event.withoutDetail
    case .put(let item, let version):
      guard items[item.locator]?.version == version else { return false }
      items[item.locator] = item
    case .removeItem(let locator): items[locator] = nil
    }
    return true
  }

  /// Puts a row, or none, at a place, and lists it accordingly (G3).
  private mutating func set(_ row: StoredRegistration?, at device: Locator) {
    if let before = registrations[device] {
      for key in Self.keys(of: before) {
        index[key]?.remove(device)
        if index[key]?.isEmpty == true { index[key] = nil }
      }
    }
    registrations[device] = row
    guard let row else { return }
    for key in Self.keys(of: row) { index[key, default: []].insert(device) }
  }

  private static func keys(of row: StoredRegistration) -> [IndexKey] {
    let keys: [IndexKey?] = [
      .state(row.state), row.visitor.map { .visitor($0) }, row.phoneNumber.map { .phone($0) },
      row.proveID.map { .prove($0) }, row.clientCustomerID.map { .customer($0) },
      row.clientHumanID.map { .human($0) },
      row.isCandidate ? row.visitor.map { .candidate($0) } : nil,
    ]
    return keys.compactMap { $0 }
  }
}

extension PagePosition {
  /// Whether a listing comes to this place after `other` (G5).
  fileprivate func follows(_ other: PagePosition, in listing: StoredListing) -> Bool {
    if listing.isByDevice { return device < other.device }
    return (lastActiveDay, device) < (other.lastActiveDay, other.device)
  }
}

extension StoredEvent {
  fileprivate var withoutDetail: StoredEvent {
    StoredEvent(device: device, sequence: sequence, epoch: epoch, sealed: sealed)
  }
}
