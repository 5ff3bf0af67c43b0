import ProveDeviceRegistry
import ProveKeyPlatform
import ProveKeySealing

/// A store whose first write takes effect and is not answered, and whose next writes meet a problem.
final class LostOnceStore: RegistryStore {
  private let base: any RegistryStore
  private let problem: StoreProblem
  private let last: Int
  private let writes = Locked(0)

  /// - Parameter count: how many writes after the first meet the problem.
  init(_ base: any RegistryStore, then problem: StoreProblem, for count: Int) {
    self.base = base
    self.problem = problem
    last = count == .max ? .max : count + 1
  }

  var keys: StoreKeys { base.keys }

  func write(
    _ batch: [RegistryWrite], as id: WriteID
  ) async throws(RegistryError) -> WriteOutcome {
    let number = writes.withLock { writes in
      writes += 1
      return writes
    }
    if number > 1, number <= last { throw .store(problem) }
    let outcome = try await base.write(batch, as: id)
    if number == 1 { throw .store(.outcomeUnknown) }
    return outcome
  }

  // Nothing else is asked of it.

  func registration(at device: Locator) async throws(RegistryError) -> StoredRegistration? { nil }
  func registrations(
    at devices: [Locator]
  ) async throws(RegistryError) -> [StoredRegistration?] { [] }
  func registrations(
    in listing: StoredListing, after position: PagePosition?, limit: Int
  ) async throws(RegistryError) -> [StoredRegistration] { [] }
  func item(at locator: Locator) async throws(RegistryError) -> StoredItem? { nil }
  func events(
    of device: Locator, after sequence: UInt64, limit: Int
  ) async throws(RegistryError) -> [StoredEvent] { [] }
  func lastEvents(of devices: [Locator]) async throws(RegistryError) -> [StoredEvent?] {
    devices.map { _ in nil }
  }
  func events(
    after position: EventPosition?, limit: Int
  ) async throws(RegistryError) -> [StoredEvent] { [] }
  func events(
    withDetailBefore day: Int64, limit: Int
  ) async throws(RegistryError) -> [StoredEvent] { [] }
  func removeItems(expiredBefore day: Int64, limit: Int) async throws(RegistryError) -> Int { 0 }
  func setDigests() async throws(RegistryError) -> [StoredDigest] { [] }
  func statistics() async throws(RegistryError) -> StoreStatistics { try await base.statistics() }
  func census() async throws(RegistryError) -> StoreCensus { try await base.census() }
  func structureProblems() async throws(RegistryError) -> [String] { [] }
  func close() async throws(RegistryError) { try await base.close() }
}
