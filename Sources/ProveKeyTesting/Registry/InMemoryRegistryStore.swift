public import ProveDeviceRegistry
import ProveKeyPlatform
public import ProveKeySealing

/// A registry's store that keeps everything in memory, for tests: nothing is durable, everything
/// else is as in the stores that are.
///
/// ```swift
/// let clock = ManualClock(start)
/// let registry = try await DeviceRegistry(
///   store: try InMemoryRegistryStore(), scope: scope, clock: clock.wall)
/// ```
///
/// Rows are sealed as anywhere. Listings cost the number of rows that they select from, sorted.
public final class InMemoryRegistryStore: RegistryStore {
  /// The store's keys, made at random.
  public let keys: StoreKeys
  private let tables: Locked<MemoryTables>
  private let isOpen = Locked(true)
  /// Nothing where no set digests are kept.
  private let ledger: SetLedger?

  /// Makes an empty store.
  /// - Parameter keepsSetDigests: whether deletions can be found by a verification (G10).
  /// - Throws: ``RegistryError/unlock(_:)`` when no memory can be locked for the keys.
  public init(keepsSetDigests: Bool = true) throws(RegistryError) {
    do {
      keys = try StoreKeys.create(kind: .registry, unlock: .rawKey(try RawKey.random())).keys
    } catch { throw .unlock(error) }
    var tables = MemoryTables()
    ledger = keepsSetDigests ? SetLedger(keys: keys) : nil
    if let ledger { tables.digests = try ledger.empty() }
    self.tables = Locked(tables)
  }

  /// Opens the content of another store once more, as another process does; either can be closed.
  public init(sharing other: InMemoryRegistryStore) {
    keys = other.keys
    tables = other.tables
    ledger = other.ledger
  }

  // MARK: Reading

  /// Reads one registration.
  public func registration(
    at device: Locator
  ) async throws(RegistryError) -> StoredRegistration? {
    try reading { $0.registration(at: device) }
  }

  /// Reads several registrations, each as of the same moment.
  public func registrations(
    at devices: [Locator]
  ) async throws(RegistryError) -> [StoredRegistration?] {
    precondition((1...RegistryLimits.pageLimit).contains(devices.count), "1 to 1,000 rows")
    return try reading { tables in devices.map { tables.registration(at: $0) } }
  }

  /// Lists registrations.
  public func registrations(
    in listing: StoredListing, after position: PagePosition?, limit: Int
  ) async throws(RegistryError) -> [StoredRegistration] {
    try reading { $0.registrations(in: listing, after: position, limit: Self.page(limit)) }
  }

  /// Reads one item.
  public func item(at locator: Locator) async throws(RegistryError) -> StoredItem? {
    try reading { $0.item(at: locator) }
  }

  /// Reads events of a registration in order.
  public func events(
    of device: Locator, after sequence: UInt64, limit: Int
  ) async throws(RegistryError) -> [StoredEvent] {
    try reading { $0.events(of: device, after: sequence, limit: Self.page(limit)) }
  }

  /// Reads the last event of each of several registrations.
  public func lastEvents(of devices: [Locator]) async throws(RegistryError) -> [StoredEvent?] {
    try reading { tables in devices.map { tables.lastEvent(of: $0) } }
  }

  /// Reads all events in order.
  public func events(
    after position: EventPosition?, limit: Int
  ) async throws(RegistryError) -> [StoredEvent] {
    try reading { $0.events(after: position, limit: Self.page(limit)) }
  }

  /// Reads events that still have a detail of before a day.
  public func events(
    withDetailBefore day: Int64, limit: Int
  ) async throws(RegistryError) -> [StoredEvent] {
    try reading { $0.events(withDetailBefore: day, limit: Self.page(limit)) }
  }

  /// Counts rows.
  public func statistics() async throws(RegistryError) -> StoreStatistics {
    try reading { $0.statistics() }
  }

  /// Counts registrations by state and day, and visitors by their candidates.
  public func census() async throws(RegistryError) -> StoreCensus { try reading { $0.census() } }

  /// Reads the sealed set digests.
  public func setDigests() async throws(RegistryError) -> [StoredDigest] {
    try reading { $0.digests }
  }

  /// Finds nothing: there is no structure that could be damaged.
  public func structureProblems() async throws(RegistryError) -> [String] {
    try reading { _ in [] }
  }

  // MARK: Writing

  /// Writes a batch in one step.
  public func write(
    _ batch: [RegistryWrite], as id: WriteID
  ) async throws(RegistryError) -> WriteOutcome {
    precondition((1...RegistryLimits.batchLimit).contains(batch.count), "a batch is 1 to 500 rows")
    let changes = try ledger?.changes(of: batch) ?? SetChanges()
    try checkOpen()
    return try tables.withLock { tables throws(RegistryError) in
      if tables.applied.contains(id) { return .applied }
      let outcome = try tables.apply(batch) { rows throws(RegistryError) in
        try digests(rows, after: changes)
      }
      if outcome == .applied { tables.applied.insert(id) }
      return outcome
    }
  }

  /// Removes expired items.
  public func removeItems(expiredBefore day: Int64, limit: Int) async throws(RegistryError) -> Int {
    try checkOpen()
    return tables.withLock { $0.removeItems(expiredBefore: day, limit: limit) }
  }

  /// Closes this store, and none that shares its content.
  public func close() async throws(RegistryError) {
    try checkOpen()
    isOpen.withLock { $0 = false }
  }

  // MARK: Parts

  private func digests(
    _ rows: [StoredDigest], after changes: SetChanges
  ) throws(RegistryError) -> [StoredDigest] {
    guard let ledger else { return rows }
    var rows = rows
    for bucket in changes.buckets {
      rows[Int(bucket)] = try ledger.applying(changes, to: rows[Int(bucket)])
    }
    return rows
  }

  private func reading<Value>(_ read: (MemoryTables) -> Value) throws(RegistryError) -> Value {
    try checkOpen()
    return tables.withLock { read($0) }
  }

  private func checkOpen() throws(RegistryError) {
    guard isOpen.withLock({ $0 }) else { throw .store(.closed) }
  }

  private static func page(_ limit: Int) -> Int { min(max(limit, 1), RegistryLimits.pageLimit) }
}
