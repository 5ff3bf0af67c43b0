public import ProveKeySealing

/// Where a registry keeps its rows.
///
/// A store sees locators, sealed bytes, coarse states and days; it decides nothing. Its contract:
///
/// - G1: a batch takes effect whole or not at all, and when `write` returns `applied` it is durable.
/// - G2: an update, or the replacement of an item, takes effect only on the version it names; an
///   insert, a new item and an appended event only where there is no such row. Otherwise the batch
///   is a conflict and changes nothing.
/// - G3: a registration is listed among a visitor's candidates exactly while it is bound and has
///   that visitor.
/// - G4: a read sees every write that returned before it began.
/// - G5: listings are bounded by their limit and run from the latest day down, then by device
///   locator down; those that ``StoredListing/isByDevice`` names by device locator alone, so that
///   a walk through them misses no registration that is used meanwhile.
/// - G9: a batch that is written again under the id of one that took effect is answered `applied`
///   and has no second effect, for at least the next 10,000 batches through the same handle.
/// - G10: where the store keeps set digests, those of every bucket that a batch touches change in
///   the batch's own transaction, as ``SetLedger`` says.
public protocol RegistryStore: Sendable {
  /// The store's unlocked keys, with which the registry seals rows and makes locators.
  var keys: StoreKeys { get }

  /// Reads one registration.
  func registration(at device: Locator) async throws(RegistryError) -> StoredRegistration?

  /// Reads several registrations in one call.
  /// - Parameter devices: 1 to 1,000 of them, each once.
  /// - Returns: what is at each, in their order.
  func registrations(
    at devices: [Locator]
  ) async throws(RegistryError) -> [StoredRegistration?]

  /// Lists registrations, at most `limit` (1 to 1,000) of them, from after a position.
  func registrations(
    in listing: StoredListing, after position: PagePosition?, limit: Int
  ) async throws(RegistryError) -> [StoredRegistration]

  /// Reads one item.
  func item(at locator: Locator) async throws(RegistryError) -> StoredItem?

  /// Reads events of a registration in order, at most `limit` (1 to 1,000), after a sequence number.
  func events(
    of device: Locator, after sequence: UInt64, limit: Int
  ) async throws(RegistryError) -> [StoredEvent]

  /// Reads the last event of each of several registrations in one call.
  /// - Parameter devices: 1 to 1,000 of them, each once.
  /// - Returns: the last event of each, in their order.
  func lastEvents(of devices: [Locator]) async throws(RegistryError) -> [StoredEvent?]

  /// Reads all events by (device, sequence), at most `limit` (1 to 1,000), from after a position.
  func events(
    after position: EventPosition?, limit: Int
  ) async throws(RegistryError) -> [StoredEvent]

  /// Reads events that still have a detail of before `day`, oldest first, at most `limit` (1 to
  /// 1,000).
  func events(
    withDetailBefore day: Int64, limit: Int
  ) async throws(RegistryError) -> [StoredEvent]

  /// Writes a batch of 1 to 500 rows in one durable transaction.
  /// - Parameter id: names the batch, so that it can be written again when its outcome is unknown
  ///   (G9).
  /// - Throws: ``RegistryError/store(_:)`` with `outcomeUnknown` when it may have taken effect: then
  ///   it is to be written again under the same id. With anything else nothing was changed.
  func write(
    _ batch: [RegistryWrite], as id: WriteID
  ) async throws(RegistryError) -> WriteOutcome

  /// Removes items whose expiry day lies before `day`, at most `limit` of them.
  /// - Returns: how many were removed.
  func removeItems(expiredBefore day: Int64, limit: Int) async throws(RegistryError) -> Int

  /// Reads the sealed set digests, by bucket; none where the store keeps none.
  func setDigests() async throws(RegistryError) -> [StoredDigest]

  /// Counts rows.
  func statistics() async throws(RegistryError) -> StoreStatistics

  /// Counts registrations by state and day, and visitors by how many candidates they have.
  func census() async throws(RegistryError) -> StoreCensus

  /// Checks the store's own structure; what it finds wrong, in words without content.
  func structureProblems() async throws(RegistryError) -> [String]

  /// Clears what deleted rows may have left behind in logs, as far as the store can.
  func scrub() async throws(RegistryError)

  /// Releases the store; later calls throw.
  func close() async throws(RegistryError)
}

extension RegistryStore {
  /// Reads the last event of a registration.
  public func lastEvent(of device: Locator) async throws(RegistryError) -> StoredEvent? {
    try await lastEvents(of: [device]).first ?? nil
  }

  /// Does nothing: for stores that leave nothing behind, or cannot help it.
  public func scrub() async throws(RegistryError) {}
}

/// Which registrations a listing is of.
public enum StoredListing: Hashable, Sendable {
  /// All of one coarse state.
  case state(StoredRegistration.State)
  /// All that had this visitor last and are in one coarse state.
  case visitor(Locator, StoredRegistration.State)
  /// All bound now or last to this number.
  case phoneNumber(Locator)
  /// All bound now or last to this consumer.
  case proveID(Locator)
  /// All of this customer of the integrator.
  case clientCustomerID(Locator)
  /// All of this person of the integrator.
  case clientHumanID(Locator)
  /// The candidates of a visitor: bound, not noted as inactive, active on `sinceDay` or later.
  case candidates(visitor: Locator, sinceDay: Int64)
  /// The candidates of a visitor with one number.
  case candidatesWithNumber(visitor: Locator, phoneNumber: Locator, sinceDay: Int64)
  /// The candidates of a visitor with one consumer.
  case candidatesWithProveID(visitor: Locator, proveID: Locator, sinceDay: Int64)
  /// Bound registrations whose last activity lies on `beforeDay` or earlier, latest first.
  case boundAndIdle(beforeDay: Int64)

  /// Whether the listing runs by device locator and not by day (G5): those of a number, a consumer,
  /// a customer or a person.
  public var isByDevice: Bool {
    switch self {
    case .phoneNumber, .proveID, .clientCustomerID, .clientHumanID: true
    case .state, .visitor, .candidates, .candidatesWithNumber, .candidatesWithProveID,
      .boundAndIdle:
      false
    }
  }
}

/// One row's change.
public enum RegistryWrite: Hashable, Sendable {
  /// A registration under a deviceId that has none.
  case insert(StoredRegistration)
  /// A registration in the place of the row that was read.
  case update(StoredRegistration, replacing: StoredRegistration)
  /// The next event of a registration.
  case append(StoredEvent)
  /// An item: new when `replacing` is nothing, else in the place of that version.
  case put(StoredItem, replacing: UInt64?)
  /// No registration in the place of the row that was read.
  case remove(StoredRegistration)
  /// An event without its detail; one that has none stays as it is.
  case redact(StoredEvent)
  /// No item at this place; where there is none, nothing changes.
  case removeItem(Locator)
}

/// Names a batch, so that a store knows it again (G9).
public struct WriteID: Hashable, Sendable {
  /// 16 random bytes.
  public let bytes: [UInt8]

  /// Makes an id that was never used.
  public init() {
    bytes = SecureRandom.bytes(16)
  }
}

/// What became of a batch.
public enum WriteOutcome: Hashable, Sendable {
  /// It is durable.
  case applied
  /// The change at this index met another row than it expected; nothing was changed.
  case conflict(at: Int)
}
