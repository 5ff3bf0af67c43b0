import ProveDeviceRegistry
import ProveKeySealing

/// A store that says before each write and listing what is asked, and may be kept from doing it.
final class WatchedStore: RegistryStore {
  /// What is about to happen.
  enum Call: Sendable {
    case write([RegistryWrite])
    case list(limit: Int)
    case lastEvents(count: Int)
    case removeItems(limit: Int)
  }

  private let base: any RegistryStore
  private let watch: @Sendable (Call) async throws(RegistryError) -> Void

  /// - Parameter watch: is told of a call; what it throws is thrown in its place.
  init(
    _ base: any RegistryStore,
    _ watch: @escaping @Sendable (Call) async throws(RegistryError) -> Void
  ) {
    self.base = base
    self.watch = watch
  }

  var keys: StoreKeys { base.keys }

  func write(
    _ batch: [RegistryWrite], as id: WriteID
  ) async throws(RegistryError) -> WriteOutcome {
    try await watch(.write(batch))
    return try await base.write(batch, as: id)
  }

  func registrations(
    in listing: StoredListing, after position: PagePosition?, limit: Int
  ) async throws(RegistryError) -> [StoredRegistration] {
    try await watch(.list(limit: limit))
    return try await base.registrations(in: listing, after: position, limit: limit)
  }

  func removeItems(
    expiredBefore day: Int64, limit: Int
  ) async throws(RegistryError) -> Int {
    try await watch(.removeItems(limit: limit))
    return try await base.removeItems(expiredBefore: day, limit: limit)
  }

  // Everything else is passed on.

  func registration(at device: Locator) async throws(RegistryError) -> StoredRegistration? {
    try await base.registration(at: device)
  }
  func registrations(
    at devices: [Locator]
  ) async throws(RegistryError) -> [StoredRegistration?] {
    try await base.registrations(at: devices)
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
    try await watch(.lastEvents(count: devices.count))
    return try await base.lastEvents(of: devices)
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
  func setDigests() async throws(RegistryError) -> [StoredDigest] { try await base.setDigests() }
  func statistics() async throws(RegistryError) -> StoreStatistics { try await base.statistics() }
  func census() async throws(RegistryError) -> StoreCensus { try await base.census() }
  func structureProblems() async throws(RegistryError) -> [String] {
    try await base.structureProblems()
  }
  func close() async throws(RegistryError) { try await base.close() }
}
