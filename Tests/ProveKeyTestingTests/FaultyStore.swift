import ProveDeviceRegistry
import ProveKeyPlatform
import ProveKeySealing
import ProveKeyTesting

/// A store over one in memory that keeps every rule but one.
final class FaultyStore: RegistryStore {
  enum Fault {
    case losesHumans, staleReads, contentOfItsOwn, severalWithoutGaps, conflictKeepsTheRest
    case conflictKeepsWhatCameBefore, namesTheLast, smallBatches, ignoresVersions, insertsOver
    case removesAnything, keepsRemovedCandidates, appendsOver, putsOver, comparesBeforeItWaits
    case listsSuspended, ascending, pagesByDayOnly, forgetsTheProveID, daysAreOneOff
    case dayLostWithPosition, unbounded, eventsAsWritten, allEventsReversed, detailsByDevice
    case redactsNothing, redactsAll, itemsStay, missingItemConflicts, expiresOneMore, forgetsIDs
    case knowsIDsLate, remembersRefusals, remembersFew, digestsOfInsertsOnly, digestsTwice
    case personsByDay, lastEventsWithoutGaps
    case miscounts, seesProblems, cohortsUnordered, losesOneInFifty, writesWhenClosed
  }

  let fault: Fault?
  let base: InMemoryRegistryStore
  /// What the faults remember.
  let memory = Locked(Memory())
  private let second: InMemoryRegistryStore

  struct Memory {
    var read: [Locator: StoredRegistration?] = [:]
    var removed: [StoredRegistration] = []
    var appended: [StoredEvent] = []
    var outcomes: [WriteID: WriteOutcome] = [:]
    var order: [WriteID] = []
    var digests: [StoredDigest]?
    var writes = 0
    var comparisons = 0
  }

  init(_ fault: Fault?, _ base: InMemoryRegistryStore) {
    self.fault = fault
    self.base = base
    second = InMemoryRegistryStore(sharing: base)
  }

  var keys: StoreKeys { base.keys }

  // MARK: Registrations

  func registration(at device: Locator) async throws(RegistryError) -> StoredRegistration? {
    let row = try await base.registration(at: device)
    switch fault {
    case .losesHumans: return row?.withoutHuman
    case .staleReads:
      return memory.withLock { memory in
        if let known = memory.read[device] { return known }
        memory.read[device] = .some(row)
        return row
      }
    default: return row
    }
  }

  func registrations(
    at devices: [Locator]
  ) async throws(RegistryError) -> [StoredRegistration?] {
    let rows = try await base.registrations(at: devices)
    guard fault == .severalWithoutGaps else { return rows }
    let found = rows.filter { $0 != nil }
    return found + Array(repeating: nil, count: rows.count - found.count)
  }

  func registrations(
    in listing: StoredListing, after position: PagePosition?, limit: Int
  ) async throws(RegistryError) -> [StoredRegistration] {
    switch (fault, listing) {
    case (.ascending, _):
      return try await base.registrations(in: listing, after: position, limit: limit).reversed()
    case (.pagesByDayOnly, _):
      let rows = try await base.registrations(in: listing, after: nil, limit: 1000)
      let later = rows.filter { row in position.map { row.lastActiveDay < $0.lastActiveDay } ?? true
      }
      return Array(later.prefix(limit))
    case (.personsByDay, _) where listing.isByDevice:
      let rows = try await base.registrations(in: listing, after: nil, limit: 1000)
      let inOrder = rows.sorted { $0.lastActiveDay > $1.lastActiveDay }
      let start = position.flatMap { last in inOrder.firstIndex { $0.device == last.device } }
      return Array(inOrder[(start.map { $0 + 1 } ?? 0)...].prefix(limit))
    case (.unbounded, _) where limit > 1000:
      var rows: [StoredRegistration] = []
      while rows.count < limit {
        let page = try await base.registrations(
          in: listing, after: rows.last?.position ?? position, limit: 1000)
        rows += page
        if page.isEmpty { break }
      }
      return rows
    case (.dayLostWithPosition, .boundAndIdle) where position != nil:
      return try await base.registrations(in: .state(.bound), after: position, limit: limit)
    case (.daysAreOneOff, .candidates(let visitor, let day)):
      return try await base.registrations(
        in: .candidates(visitor: visitor, sinceDay: day == .min ? day : day + 1), after: position,
        limit: limit)
    case (.forgetsTheProveID, .candidatesWithProveID(let visitor, _, let day)):
      return try await base.registrations(
        in: .candidates(visitor: visitor, sinceDay: day), after: position, limit: limit)
    case (.listsSuspended, .candidates(let visitor, _)) where position == nil:
      let others = try await base.registrations(in: .state(.suspended), after: nil, limit: limit)
      return try await base.registrations(in: listing, after: nil, limit: limit)
        + others.filter { $0.visitor == visitor }
    case (.keepsRemovedCandidates, .candidates) where position == nil:
      return try await base.registrations(in: listing, after: nil, limit: limit)
        + memory.withLock { $0.removed }
    default: return try await base.registrations(in: listing, after: position, limit: limit)
    }
  }

  // MARK: Events and items

  func item(at locator: Locator) async throws(RegistryError) -> StoredItem? {
    try await base.item(at: locator)
  }

  func events(
    of device: Locator, after sequence: UInt64, limit: Int
  ) async throws(RegistryError) -> [StoredEvent] {
    let events = try await base.events(of: device, after: sequence, limit: limit)
    guard fault == .eventsAsWritten else { return events }
    let written = memory.withLock { $0.appended }
    return Array(
      written.filter { $0.device == device && $0.sequence > sequence }.prefix(limit))
  }

  func lastEvents(of devices: [Locator]) async throws(RegistryError) -> [StoredEvent?] {
    let events = try await base.lastEvents(of: devices)
    guard fault == .lastEventsWithoutGaps else { return events }
    let found = events.filter { $0 != nil }
    return found + Array(repeating: nil, count: events.count - found.count)
  }

  func events(
    after position: EventPosition?, limit: Int
  ) async throws(RegistryError) -> [StoredEvent] {
    let events = try await base.events(after: position, limit: limit)
    return fault == .allEventsReversed ? events.reversed() : events
  }

  func events(
    withDetailBefore day: Int64, limit: Int
  ) async throws(RegistryError) -> [StoredEvent] {
    let events = try await base.events(withDetailBefore: day, limit: limit)
    return fault == .detailsByDevice ? events.sorted { $0.device < $1.device } : events
  }

  func removeItems(expiredBefore day: Int64, limit: Int) async throws(RegistryError) -> Int {
    let isLate = fault == .expiresOneMore && day < .max
    return try await base.removeItems(expiredBefore: isLate ? day + 1 : day, limit: limit)
  }

  // MARK: The whole

  func setDigests() async throws(RegistryError) -> [StoredDigest] {
    if let digests = memory.withLock({ $0.digests }) { return digests }
    return try await base.setDigests()
  }

  func statistics() async throws(RegistryError) -> StoreStatistics {
    let counts = try await base.statistics()
    guard fault == .miscounts else { return counts }
    return StoreStatistics(
      registrations: counts.registrations, candidates: counts.candidates + 1,
      events: counts.events, items: counts.items, byteCount: counts.byteCount)
  }

  func census() async throws(RegistryError) -> StoreCensus {
    let census = try await base.census()
    guard fault == .cohortsUnordered else { return census }
    return StoreCensus(
      cohorts: census.cohorts.reversed(), visitorsByCandidates: census.visitorsByCandidates)
  }

  func structureProblems() async throws(RegistryError) -> [String] {
    try await base.structureProblems() + (fault == .seesProblems ? ["a problem"] : [])
  }

  func close() async throws(RegistryError) { try await base.close() }

  /// Where writes go that should not.
  var writable: InMemoryRegistryStore { fault == .writesWhenClosed ? second : base }
}

extension StoredRegistration {
  fileprivate var withoutHuman: StoredRegistration {
    StoredRegistration(
      device: device, visitor: visitor, phoneNumber: phoneNumber, proveID: proveID,
      clientCustomerID: clientCustomerID, clientHumanID: nil, state: state,
      lastActiveDay: lastActiveDay, version: version, epoch: epoch, sealed: sealed)
  }
}

/// Counts calls.
final class Counter: Sendable {
  private let count = Locked(0)
  var value: Int { count.withLock { $0 } }
  func increase() { count.withLock { $0 += 1 } }
}
