public import ProveDeviceRegistry

/// Checks that a `RegistryStore` keeps what a registry relies on: its contract G1 to G5, G9 and G10.
///
/// ```swift
/// let report = await RegistryStoreConformance.check {
///   let path = try emptyFolder() + "/registry"
///   return .init { try MyStore(at: path) }
/// }
/// #expect(report.isConformant, "\(report)")
/// ```
///
/// Takes some hundred batches, and some thousand with ``Effort/full``.
public enum RegistryStoreConformance: Sendable {
  /// An empty store to be checked.
  public struct Subject: Sendable {
    let open: @Sendable () async throws -> any RegistryStore
    let discard: @Sendable () async throws -> Void

    /// States how a store is opened, and what is to be done with it in the end.
    /// - Parameters:
    ///   - discard: removes the store, all of whose handles are closed by then.
    ///   - open: opens the store, the same one each time.
    public init(
      discard: @escaping @Sendable () async throws -> Void = {},
      open: @escaping @Sendable () async throws -> any RegistryStore
    ) {
      self.open = open
      self.discard = discard
    }

    /// Opens the store.
    package func opened() async throws -> any RegistryStore { try await open() }

    /// Removes the store.
    package func discarded() async throws { try await discard() }
  }

  /// How much is tried where more finds more.
  public enum Effort: Sendable {
    /// Some hundred concurrent batches.
    case quick
    /// As many ids of writes as the contract asks to be remembered, and many more writers.
    case full
  }

  /// Checks every property, each on a store of its own.
  /// - Parameter make: names an empty store that nobody else uses.
  public static func check(
    effort: Effort = .quick, _ make: () async throws -> Subject
  ) async -> ConformanceReport<Property> {
    await ConformanceReport { property in try await check(property, effort, make) }
  }

  /// Checks one property.
  /// - Parameter make: names an empty store that nobody else uses.
  public static func finding(
    on property: Property, effort: Effort = .quick, _ make: () async throws -> Subject
  ) async -> ConformanceReport<Property>.Finding {
    await ConformanceReport.finding(property) { property in
      try await check(property, effort, make)
    }
  }

  private static func check(
    _ property: Property, _ effort: Effort, _ make: () async throws -> Subject
  ) async throws {
    let subject = try await make()
    let result: Result<Void, any Error>
    do {
      let store = try await subject.open()
      let check = StoreCheck(store: store, open: subject.open, effort: effort)
      do {
        result = .success(try await check.run(property))
      } catch { result = .failure(error) }
      // Tidying: a store that does not close is found by the property that asks for it.
      try? await store.close()
    } catch { result = .failure(error) }
    try await subject.discard()
    try result.get()
  }
}

/// One store under check, with what the checks share.
struct StoreCheck: Sendable {
  let store: any RegistryStore
  /// Opens the same store once more.
  let open: @Sendable () async throws -> any RegistryStore
  let effort: RegistryStoreConformance.Effort

  func run(_ property: RegistryStoreConformance.Property) async throws {
    switch property {
    case .readsWhatWasWritten: try await readsWhatWasWritten()
    case .otherHandlesRead: try await otherHandlesRead()
    case .staysWhenClosed: try await staysWhenClosed()
    case .readsSeveral: try await readsSeveral()
    case .wholeOrNothing: try await wholeOrNothing()
    case .namesTheFirstConflict: try await namesTheFirstConflict()
    case .largestBatch: try await largestBatch()
    case .registrationsAreCompared: try await registrationsAreCompared()
    case .removalsAreCompared: try await removalsAreCompared()
    case .eventsAreNew: try await eventsAreNew()
    case .itemsAreCompared: try await itemsAreCompared()
    case .oneWriterWins: try await oneWriterWins()
    case .candidacy: try await candidacy()
    case .listingOrder: try await listingOrder()
    case .listingSubjects: try await listingSubjects()
    case .listingDays: try await listingDays()
    case .listingBounds: try await listingBounds()
    case .eventsInOrder: try await eventsInOrder()
    case .allEventsInOrder: try await allEventsInOrder()
    case .detailsByDay: try await detailsByDay()
    case .redaction: try await redaction()
    case .itemsAreRemoved: try await itemsAreRemoved()
    case .itemsExpire: try await itemsExpire()
    case .writtenAgain: try await writtenAgain()
    case .writtenAgainAtOnce: try await writtenAgainAtOnce()
    case .refusedAgain: try await refusedAgain()
    case .remembersIDs: try await remembersIDs()
    case .digestsFollow: try await digestsFollow()
    case .digestsStay: try await digestsStay()
    case .statistics: try await statistics()
    case .census: try await census()
    case .concurrentWriters: try await concurrentWriters()
    case .closing: try await closing()
    }
  }

  // MARK: What the checks share

  /// Writes a batch under an id of its own.
  func write(_ batch: [RegistryWrite]) async throws -> WriteOutcome {
    try await store.write(batch, as: WriteID())
  }

  /// Writes a batch that must take effect.
  func applied(_ batch: [RegistryWrite], _ what: String = "a batch") async throws {
    let outcome = try await write(batch)
    try expect(outcome == .applied, "\(what) was answered \(outcome)")
  }

  /// Writes a change that must conflict.
  func refused(_ change: RegistryWrite, _ what: String) async throws {
    let outcome = try await write([change])
    try expect(outcome == .conflict(at: 0), "\(what) was answered \(outcome)")
  }

  /// All of a listing, page by page.
  func all(_ listing: StoredListing, by limit: Int = 1000) async throws -> [StoredRegistration] {
    var rows: [StoredRegistration] = []
    while true {
      let page = try await store.registrations(
        in: listing, after: rows.last?.position, limit: limit)
      try expect(page.count <= limit, "a page of \(limit) has \(page.count) rows")
      // A listing that does not move on would go on for ever.
      try expect(rows.count <= 10_000, "a listing has no end")
      rows += page
      if page.isEmpty { return rows }
    }
  }

  /// Expects a listing to have exactly these rows in this order, by their numbers.
  func expect(
    _ listing: StoredListing, by limit: Int = 1000, has numbers: [Int]
  ) async throws {
    let found = try await all(listing, by: limit).map(\.device.sampleNumber)
    try expect(
      found == numbers, "\(Self.name(listing)) by \(limit) has \(found) and not \(numbers)")
  }

  /// The kind of a listing, without what it is of.
  static func name(_ listing: StoredListing) -> String {
    let text = String(describing: listing)
    return String(text.prefix { $0 != "(" })
  }

  func expect(_ condition: Bool, _ reason: String) throws {
    guard condition else { throw Broken(reason) }
  }

  /// Expects what is read at a row's place to be that row.
  func expectStored(_ row: StoredRegistration, _ when: String) async throws {
    try expect(try await store.registration(at: row.device) == row, "another row is read \(when)")
  }
}
