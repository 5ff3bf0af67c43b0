import ProveDeviceRegistry
import ProveKeySealing
import ProveKeyTesting

/// A store in memory that forgets one thing, for histories to find.
final class ForgetfulStore: RegistryStore {
  enum Fault: CaseIterable {
    /// Items that say what was spent.
    case spentItems
    /// Updates of suspended registrations.
    case suspensions
    /// That a candidate was moved.
    case candidates
    /// The last event, once the store was opened again.
    case everyFifthEvent
  }

  private let base: InMemoryRegistryStore
  private let fault: Fault

  init(_ base: InMemoryRegistryStore, _ fault: Fault) {
    self.base = base
    self.fault = fault
  }

  var keys: StoreKeys { base.keys }

  func write(
    _ batch: [RegistryWrite], as id: WriteID
  ) async throws(RegistryError) -> WriteOutcome {
    let kept = batch.filter { write in
      switch (fault, write) {
      case (.spentItems, .put(let item, _)): item.expiryDay == .max
      case (.suspensions, .update(let row, _)): row.state != .suspended
      case (.everyFifthEvent, .append(let event)): event.sequence % 5 != 0
      default: true
      }
    }
    return kept.isEmpty ? .applied : try await base.write(kept, as: id)
  }

  func registration(at device: Locator) async throws(RegistryError) -> StoredRegistration? {
    try await base.registration(at: device)
  }

  func registrations(
    at devices: [Locator]
  ) async throws(RegistryError) -> [StoredRegistration?] {
    try await base.registrations(at: devices)
  }

  func registrations(
    in listing: StoredListing, after position: PagePosition?, limit: Int
  ) async throws(RegistryError) -> [StoredRegistration] {
    let rows = try await base.registrations(in: listing, after: position, limit: limit)
    if case .candidatesWithNumber = listing, fault == .candidates { return rows.dropLast() }
    return rows
  }

  func item(at locator: Locator) async throws(RegistryError) -> StoredItem? {
    try await base.item(at: locator)
  }

  func events(
    of device: Locator, after sequence: UInt64, limit: Int
  ) async throws(RegistryError) -> [StoredEvent] {
    try await base.events(of: device, after: sequence, limit: limit)
  }

  func lastEvents(of devices: [Locator]) async throws(RegistryError) -> [StoredEvent?] {
    try await base.lastEvents(of: devices)
  }

  func events(
    after position: EventPosition?, limit: Int
  ) async throws(RegistryError) -> [StoredEvent] {
    try await base.events(after: position, limit: limit)
  }

  func events(
    withDetailBefore day: Int64, limit: Int
  ) async throws(RegistryError) -> [StoredEvent] {
    try await base.events(withDetailBefore: day, limit: limit)
  }

  func removeItems(expiredBefore day: Int64, limit: Int) async throws(RegistryError) -> Int {
    try await base.removeItems(expiredBefore: day, limit: limit)
  }

  func setDigests() async throws(RegistryError) -> [StoredDigest] { try await base.setDigests() }
  func statistics() async throws(RegistryError) -> StoreStatistics { try await base.statistics() }
  func census() async throws(RegistryError) -> StoreCensus { try await base.census() }
  func structureProblems() async throws(RegistryError) -> [String] { [] }
  func close() async throws(RegistryError) { try await base.close() }
}
