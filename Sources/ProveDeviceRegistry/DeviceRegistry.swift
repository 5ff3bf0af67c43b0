public import Logging
public import ProveKeyModel
public import ProveKeyPlatform
import ProveKeySealing

/// The server's side of Prove Keys: registers them, decides authentications, changes bindings.
///
/// Every decision is the pure table of `KeyRules` over what was read; every change is one
/// transaction that takes effect only on the versions it was planned on. The invariants of the
/// stores it runs on (G1 to G5) are at `RegistryStore`, those of its rows (G6 to G8) where rows are
/// sealed and written:
///
/// - G7: a challenge and a ticket take effect at most once.
/// - G8: an event carries the hash of the one before it; events of a registration have no gaps.
public final class DeviceRegistry: Sendable {
  /// Whose registrations these are.
  public let scope: RegistryScope
  /// The integrator's choices.
  public let policy: RegistryPolicy

  let store: any RegistryStore
  let clock: WallClock
  let codec: RegistrationCodec
  let metrics: RegistryMetrics
  let log: RegistryLog
  let turns = DeviceTurns()

  /// Opens the registry that a store holds; the first opening settles whose it is.
  /// - Parameters:
  ///   - store: where the rows are.
  ///   - scope: whose they are.
  ///   - policy: the integrator's choices.
  ///   - clock: where the time of day comes from.
  ///   - logger: told what is decided and changed, in names and counts; silent by default.
  ///   - metrics: what is counted and timed; by default sent where the program's metrics go.
  /// - Throws: ``RegistryError/scopeMismatch`` when the store belongs to another tenant or build
  ///   config; otherwise what the store meets.
  public init(
    store: any RegistryStore, scope: RegistryScope, policy: RegistryPolicy = .prove,
    clock: WallClock = .system, logger: Logger = RegistryLog.silent,
    metrics: RegistryMetrics = RegistryMetrics()
  ) async throws(RegistryError) {
    self.metrics = metrics
    log = RegistryLog(logger: logger)
    let observed = log
    self.store = RetryingStore(store) { cause, attempt in
      metrics.countRetry(cause)
      observed.retries(cause, attempt: attempt)
    }
    self.scope = scope
    self.policy = policy
    self.clock = clock
    codec = RegistrationCodec(keys: store.keys)
    try await settleScope()
  }

  /// Opens the registry that a copy holds, whosever it is, to read it.
  /// - Throws: ``RegistryError/store(_:)`` with `notARegistry` when it is nobody's.
  init(unsettled store: any RegistryStore) async throws(RegistryError) {
    guard let scope = try await Self.settledScope(of: store) else {
      throw .store(.notARegistry)
    }
    metrics = RegistryMetrics()
    log = RegistryLog(logger: RegistryLog.silent)
    self.store = store
    self.scope = scope
    policy = .prove
    clock = .system
    codec = RegistrationCodec(keys: store.keys)
  }

  /// Makes a challenge for a device to sign; it can be answered once, within 15 minutes.
  public func issueChallenge() -> Challenge {
    Challenge.make(with: store.keys, at: clock.now)
  }

  /// Releases the store.
  public func close() async throws(RegistryError) {
    try await store.close()
  }

  /// Whose the registry in a store is, when that is settled.
  private static func settledScope(
    of store: any RegistryStore
  ) async throws(RegistryError) -> RegistryScope? {
    let locator = store.keys.locator("setting", "scope")
    guard let stored = try await store.item(at: locator) else { return nil }
    do {
      let bytes = try store.keys.openedRow(
        stored.sealed, epoch: stored.epoch,
        as: itemContext(locator, stored.version, stored.expiryDay))
      var reader = ByteReader(bytes)
      let tenant = try reader.readText(limit: identifierByteLimit, "tenant")
      let config = BuildConfig(rawValue: try reader.readText(limit: 16, "buildConfig"))
      try reader.finish()
      guard let config else { throw RegistryError.damaged(table: "item") }
      return try RegistryScope(tenant: tenant, buildConfig: config)
    } catch let error as SealingError {
      throw RegistryError(error, table: "item")
    } catch { throw .damaged(table: "item") }
  }

  private func settleScope() async throws(RegistryError) {
    var writer = ByteWriter()
    writer.writeText(scope.tenant)
    writer.writeText(scope.buildConfig.rawValue)
    let mine = writer.bytes
    for _ in 0..<RegistryLimits.attemptLimit {
      if let found = try await item("setting", "scope") {
        guard found.bytes == mine else { throw .scopeMismatch }
        return
      }
      if try await putItem("setting", "scope", mine, replacing: nil, expiryDay: .max) { return }
    }
    throw .contention
  }
}

// MARK: - Items

extension DeviceRegistry {
  /// Reads a small value kept beside the registrations.
  package func item(
    _ domain: String, _ name: String
  ) async throws(RegistryError) -> (bytes: [UInt8], version: UInt64)? {
    try await item(at: store.keys.locator(domain, name))
  }

  func item(
    at locator: Locator
  ) async throws(RegistryError) -> (bytes: [UInt8], version: UInt64)? {
    guard let stored = try await store.item(at: locator) else { return nil }
    do {
      let bytes = try store.keys.openedRow(
        stored.sealed, epoch: stored.epoch,
        as: Self.itemContext(locator, stored.version, stored.expiryDay))
      return (bytes, stored.version)
    } catch { throw RegistryError(error, table: "item") }
  }

  /// Writes a small value, new when `replacing` is nothing, else in the place of that version.
  /// - Returns: whether it took effect; if not, somebody else wrote it first.
  package func putItem(
    _ domain: String, _ name: String, _ bytes: [UInt8], replacing version: UInt64?,
    expiryDay: Int64
  ) async throws(RegistryError) -> Bool {
    let stored = try storedItem(
      at: store.keys.locator(domain, name), bytes, version: (version ?? 0) + 1,
      expiryDay: expiryDay)
    return try await written([.put(stored, replacing: version)]) == .applied
  }

  /// Writes several new small values that never expire, all of them or none.
  /// - Returns: whether they took effect; if not, one of them was there already.
  package func putNewItems(
    _ items: [(domain: String, name: String, bytes: [UInt8])]
  ) async throws(RegistryError) -> Bool {
    var batch: [RegistryWrite] = []
    for item in items {
      let locator = store.keys.locator(item.domain, item.name)
      batch.append(.put(try storedItem(at: locator, item.bytes, expiryDay: .max), replacing: nil))
    }
    return try await written(batch) == .applied
  }

  func storedItem(
    at locator: Locator, _ bytes: [UInt8], version: UInt64 = 1, expiryDay: Int64
  ) throws(RegistryError) -> StoredItem {
    do {
      let (epoch, sealed) = try store.keys.sealedRow(
        bytes, as: Self.itemContext(locator, version, expiryDay))
      return StoredItem(
        locator: locator, version: version, expiryDay: expiryDay,
        epoch: epoch, sealed: sealed)
    } catch { throw RegistryError(error, table: "item") }
  }

  fileprivate static func itemContext(
    _ locator: Locator, _ version: UInt64, _ expiryDay: Int64
  ) -> RecordContext {
    var writer = ByteWriter()
    writer.write(expiryDay)
    return RecordContext(
      table: "item", locator: locator, version: version, columns: [writer.bytes])
  }
}
