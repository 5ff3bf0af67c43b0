import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing

/// What a sweep did.
public struct SweepReport: Hashable, Sendable {
  /// Registrations noted as inactive.
  public let deactivated: Int
  /// Spent challenges and the like that were removed.
  public let itemsRemoved: Int
  /// Events whose personal part was older than the policy keeps it.
  public let detailsErased: Int
  /// Whether the bound on this call left more to do.
  public let isComplete: Bool
}

extension DeviceRegistry {
  /// Notes registrations that have become inactive, and removes what has expired: spent challenges
  /// and the like, and what is personal in events older than the policy keeps it.
  ///
  /// That only tidies: a key is inactive from the very instant of R5 on whether or not a sweep has
  /// run. Works in transactions of at most 200 registrations or 500 items.
  /// - Parameter limit: how many registrations and how many items one call changes at most: 1 or
  ///   more.
  /// - Throws: ``RegistryError/model(_:)`` with `limit`, or what the store meets.
  public func sweep(limit: Int = 100_000) async throws(RegistryError) -> SweepReport {
    guard limit >= 1 else { throw .model(.malformed(field: "limit")) }
    let now = clock.now
    // A few days late, so that no inactive key is missed; each is judged to the millisecond.
    let idleDay = now.adding(months: -policy.inactivityMonths).daysSinceEpoch + 3
    var deactivated = 0
    var position: PagePosition?
    var isComplete = false
    while deactivated < limit, !isComplete {
      let most = min(RegistryLimits.sweepWindow, limit - deactivated)
      var window: [StoredRegistration] = []
      while window.count < most, !isComplete {
        let rows = try await store.registrations(
          in: .boundAndIdle(beforeDay: idleDay), after: position,
          limit: min(RegistryLimits.sweepBatch, most - window.count))
        isComplete = rows.isEmpty
        position = rows.last?.position ?? position
        window += rows
      }
      deactivated += try await deactivate(window: window, at: now)
    }
    let removed = try await removeExpiredItems(limit: limit, at: now)
    let erased = try await eraseOldDetails(limit: limit, at: now)
    return SweepReport(
      deactivated: deactivated, itemsRemoved: removed, detailsErased: erased,
      isComplete: isComplete && removed < limit && erased < limit)
  }

  private func eraseOldDetails(
    limit: Int, at now: UTCInstant
  ) async throws(RegistryError) -> Int {
    guard let days = policy.eventDetailDays else { return 0 }
    var erased = 0
    while erased < limit {
      let page = try await store.events(
        withDetailBefore: now.daysSinceEpoch - Int64(days),
        limit: min(RegistryLimits.redactionBatch, limit - erased))
      if page.isEmpty { break }
      erased += try await redact(page)
    }
    return erased
  }

  private func removeExpiredItems(
    limit: Int, at now: UTCInstant
  ) async throws(RegistryError) -> Int {
    var removed = 0
    while removed < limit {
      let batch = min(RegistryLimits.batchLimit, limit - removed)
      let count = try await store.removeItems(expiredBefore: now.daysSinceEpoch, limit: batch)
      removed += count
      if count < batch { break }
    }
    return removed
  }

  /// Notes what is inactive of many rows, batch by batch, those of a visitor after each other.
  ///
  /// A sweep takes each out of three indexes that begin with the visitor: in the order in which
  /// rows became idle, each entry would be on a page of its own, read and written for it alone.
  private func deactivate(
    window: [StoredRegistration], at now: UTCInstant
  ) async throws(RegistryError) -> Int {
    let rows = window.sorted { $0.indexOrder < $1.indexOrder }
    var (deactivated, start) = (0, 0)
    while start < rows.count {
      let end = min(start + RegistryLimits.sweepBatch, rows.count)
      deactivated += try await deactivate(rows[start..<end], at: now)
      start = end
    }
    return deactivated
  }

  private func deactivate(
    _ rows: ArraySlice<StoredRegistration>, at now: UTCInstant
  ) async throws(RegistryError) -> Int {
    var inactive: [(row: StoredRegistration, key: KeyRegistration)] = []
    for row in rows {
      let key = try codec.open(row)
      guard key.isInactive(at: now, afterMonths: policy.inactivityMonths) else { continue }
      inactive.append((row, key))
    }
    guard !inactive.isEmpty else { return 0 }
    let last = try await store.lastEvents(of: inactive.map(\.row.device))
    var batch: [PlannedWrite] = []
    var ids: [DeviceID] = []
    for ((row, key), last) in zip(inactive, last) {
      guard let changes = try deactivating(key, in: row, after: last, at: now) else { continue }
      batch += changes
      ids.append(key.deviceID)
    }
    guard !batch.isEmpty else { return 0 }
    if try await written(batch.map(\.write)) == .applied { return ids.count }
    // Some were used meanwhile: one by one then, each judged again as it stands now.
    var count = 0
    for id in ids where try await deactivateIfInactive(id, at: now) { count += 1 }
    return count
  }

  private func deactivateIfInactive(
    _ id: DeviceID, at now: UTCInstant
  ) async throws(RegistryError) -> Bool {
    var isDeactivated = false
    try await writing(on: id) { () async throws(RegistryError) in
      isDeactivated = false
      guard let (row, key) = try await self.found(id), key.binding != nil,
        key.deactivatedAt == nil,
        key.isInactive(at: now, afterMonths: self.policy.inactivityMonths)
      else { return [] }
      let last = try await self.store.lastEvent(of: row.device)
      let changes = try self.deactivating(key, in: row, after: last, at: now)
      isDeactivated = changes != nil
      return changes ?? []
    }
    return isDeactivated
  }

  /// The writes that note a registration as inactive; nothing where it was erased since its row was
  /// read.
  private func deactivating(
    _ key: KeyRegistration, in row: StoredRegistration, after last: StoredEvent?,
    at now: UTCInstant
  ) throws(RegistryError) -> [PlannedWrite]? {
    let draft = EventDraft(kind: .deactivated, reason: "keyInactive", actor: "sweep")
    let events: [PlannedWrite]
    do { events = try appending([draft], at: row.device, after: last, now) } catch .unknownDevice {
      return nil
    }
    let after = try Self.moving { () throws(ModelError) in try key.deactivated(at: now) }
    let update = RegistryWrite.update(try codec.seal(after), replacing: row)
    return [PlannedWrite(write: update, onConflict: .retry)] + events
  }
}

extension StoredRegistration {
  /// Where the indexes of candidates have it, as far as its visitor and device say.
  fileprivate var indexOrder: (UInt64, UInt64, UInt64, UInt64) {
    (visitor?.high ?? 0, visitor?.low ?? 0, device.high, device.low)
  }
}
