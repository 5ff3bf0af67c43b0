public import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
public import ProveKeySealing

extension PostgresRegistryStore: RegistryStore {
  /// Reads one registration.
  public func registration(
    at device: Locator
  ) async throws(RegistryError) -> StoredRegistration? {
    try await lookUp(device)
  }

  /// Reads several registrations in one round trip.
  public func registrations(
    at devices: [Locator]
  ) async throws(RegistryError) -> [StoredRegistration?] {
    precondition((1...RegistryLimits.pageLimit).contains(devices.count), "1 to 1,000 at a time")
    return try await lookUp(devices)
  }

  /// Lists registrations.
  public func registrations(
    in listing: StoredListing, after position: PagePosition?, limit: Int
  ) async throws(RegistryError) -> [StoredRegistration] {
    let limit = Self.bounded(limit)
    return try await reading { reader throws(PostgresError) in
      try reader.registrations(in: listing, after: position, limit: limit)
    }
  }

  /// Reads one item.
  public func item(at locator: Locator) async throws(RegistryError) -> StoredItem? {
    try await reading { reader throws(PostgresError) in try reader.item(at: locator) }
  }

  /// Reads events of a registration in order.
  public func events(
    of device: Locator, after sequence: UInt64, limit: Int
  ) async throws(RegistryError) -> [StoredEvent] {
    let limit = Self.bounded(limit)
    return try await reading { reader throws(PostgresError) in
      try reader.events(of: device, after: sequence, limit: limit)
    }
  }

  /// Reads the last event of each of several registrations in one round trip.
  public func lastEvents(of devices: [Locator]) async throws(RegistryError) -> [StoredEvent?] {
    precondition((1...RegistryLimits.pageLimit).contains(devices.count), "1 to 1,000 at a time")
    return try await reading { reader throws(PostgresError) in try reader.lastEvents(of: devices) }
  }

  /// Reads all events in order.
  public func events(
    after position: EventPosition?, limit: Int
  ) async throws(RegistryError) -> [StoredEvent] {
    let limit = Self.bounded(limit)
    return try await reading { reader throws(PostgresError) in
      try reader.events(after: position, limit: limit)
    }
  }

  /// Reads events that still have a detail of before a day.
  public func events(
    withDetailBefore day: Int64, limit: Int
  ) async throws(RegistryError) -> [StoredEvent] {
    let limit = Self.bounded(limit)
    return try await reading { reader throws(PostgresError) in
      try reader.events(withDetailBefore: day, limit: limit)
    }
  }

  /// Writes a batch in one durable transaction.
  public func write(
    _ batch: [RegistryWrite], as id: WriteID
  ) async throws(RegistryError) -> WriteOutcome {
    precondition((1...RegistryLimits.batchLimit).contains(batch.count), "a batch is 1 to 500 rows")
    return try await writing(batch, as: id)
  }

  /// Removes expired items, and ids of writes that processes which are gone have left.
  public func removeItems(
    expiredBefore day: Int64, limit: Int
  ) async throws(RegistryError) -> Int {
    let today = clock.now.daysSinceEpoch
    return try await wrapping { () async throws(PostgresError) in
      try await pool.run { connection throws(PostgresError) in
        try PostgresCleaner(connection: connection, today: today)
          .removeItems(expiredBefore: day, limit: limit)
      }
    }
  }

  /// Reads the sealed set digests.
  public func setDigests() async throws(RegistryError) -> [StoredDigest] {
    try await reading { reader throws(PostgresError) in try reader.digests() }
  }

  /// Counts rows, range by range.
  public func statistics() async throws(RegistryError) -> StoreStatistics {
    try await reading { reader throws(PostgresError) in
      try PostgresCensus(connection: reader.connection).statistics()
    }
  }

  /// Counts registrations by state and day, and visitors by their candidates.
  public func census() async throws(RegistryError) -> StoreCensus {
    try await reading { reader throws(PostgresError) in
      try PostgresCensus(connection: reader.connection).census()
    }
  }

  /// Checks schema, candidates and the server's settings for durability.
  public func structureProblems() async throws(RegistryError) -> [String] {
    try await reading { reader throws(PostgresError) in
      try PostgresStructure(reader: reader).problems()
    }
  }

  /// Closes every connection; later calls throw ``StoreProblem/closed``.
  public func close() async throws(RegistryError) {
    try await closing()
  }

  private static func bounded(_ limit: Int) -> Int {
    min(max(limit, 1), RegistryLimits.pageLimit)
  }
}
