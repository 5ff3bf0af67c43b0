import ProveDeviceRegistry
import ProveKeyPlatform
import ProveKeySealing

/// A store that lets a test act just before a batch is written.
final class HookedStore: RegistryStore {
  typealias Hook = @Sendable ([RegistryWrite]) async throws(RegistryError) -> Void

  private struct State {
    var inner: any RegistryStore
    var hook: Hook?
    var writes = 0
    var writesLeft: Int?
  }

  private let state: Locked<State>

  init(_ inner: any RegistryStore) {
    state = Locked(State(inner: inner))
  }

  var inner: any RegistryStore {
    get { state.withLock { $0.inner } }
    set { state.withLock { $0.inner = newValue } }
  }

  /// Batches written so far.
  var writes: Int { state.withLock { $0.writes } }

  /// Runs once, before the next batch that changes a registration.
  func beforeNextChange(
    _ hook: @escaping Hook
  ) {
    state.withLock { $0.hook = hook }
  }

  /// Takes so many batches more, then fails each; nothing to take all.
  func failAfter(writes: Int?) {
    state.withLock { $0.writesLeft = writes }
  }

  var keys: StoreKeys { inner.keys }

  func registration(at device: Locator) async throws(RegistryError) -> StoredRegistration? {
    try await inner.registration(at: device)
  }

  func registrations(
    at devices: [Locator]
  ) async throws(RegistryError) -> [StoredRegistration?] {
    try await inner.registrations(at: devices)
  }

  func registrations(
    in listing: StoredListing, after position: PagePosition?, limit: Int
  ) async throws(RegistryError) -> [StoredRegistration] {
    try await inner.registrations(in: listing, after: position, limit: limit)
  }

  func item(at locator: Locator) async throws(RegistryError) -> StoredItem? {
    try await inner.item(at: locator)
  }

  func events(
    of device: Locator, after sequence: UInt64, limit: Int
  ) async throws(RegistryError) -> [StoredEvent] {
    try await inner.events(of: device, after: sequence, limit: limit)
  }

  func events(
    after position: EventPosition?, limit: Int
  ) async throws(RegistryError) -> [StoredEvent] {
    try await inner.events(after: position, limit: limit)
  }

  func events(
    withDetailBefore day: Int64, limit: Int
  ) async throws(RegistryError) -> [StoredEvent] {
    try await inner.events(withDetailBefore: day, limit: limit)
  }

  func lastEvents(of devices: [Locator]) async throws(RegistryError) -> [StoredEvent?] {
    try await inner.lastEvents(of: devices)
  }

  func write(
    _ batch: [RegistryWrite], as id: WriteID
  ) async throws(RegistryError) -> WriteOutcome {
    let changes = batch.contains {
      switch $0 {
      case .insert, .update, .remove: true
      case .append, .put, .redact, .removeItem: false
      }
    }
    let hook = state.withLock { state in
      state.writes += 1
      guard changes else { return nil as Hook? }
      defer { state.hook = nil }
      return state.hook
    }
    try await hook?(batch)
    let isFull = state.withLock { state in
      guard let left = state.writesLeft else { return false }
      state.writesLeft = max(left - 1, 0)
      return left == 0
    }
    if isFull { throw .store(.diskFull) }
    return try await inner.write(batch, as: id)
  }

  func removeItems(expiredBefore day: Int64, limit: Int) async throws(RegistryError) -> Int {
    try await inner.removeItems(expiredBefore: day, limit: limit)
  }

  func setDigests() async throws(RegistryError) -> [StoredDigest] {
    try await inner.setDigests()
  }

  func census() async throws(RegistryError) -> StoreCensus {
    try await inner.census()
  }

  func statistics() async throws(RegistryError) -> StoreStatistics {
    try await inner.statistics()
  }

  func structureProblems() async throws(RegistryError) -> [String] {
    try await inner.structureProblems()
  }

  func close() async throws(RegistryError) {
    try await inner.close()
  }
}
