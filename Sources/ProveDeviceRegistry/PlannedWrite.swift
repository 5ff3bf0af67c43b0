import ProveKeyModel
import ProveKeySealing

/// A row's change, and what it means when another was faster.
struct PlannedWrite: Sendable {
  /// What a conflict means.
  enum Conflict: Sendable {
    /// Read again and plan anew.
    case retry
    /// The call fails with this error.
    case fail(RegistryError)
  }

  let write: RegistryWrite
  let onConflict: Conflict
  /// The kind of the event that it appends, if it does.
  var kind: KeyEvent.Kind?
}

/// An event before it has its place in the chain.
struct EventDraft: Sendable {
  let kind: KeyEvent.Kind
  var row: DecisionRow?
  var reason: String?
  var note: String?
  var decision: DecisionRecord?
  let actor: String
}

extension DeviceRegistry {
  /// Plans and writes until the batch takes effect, a conflict has a meaning, or too many tries.
  /// - Parameter id: the registration whose turn it takes; nothing for one that is not there yet.
  func writing(
    on id: DeviceID?, _ plan: () async throws(RegistryError) -> [PlannedWrite]
  ) async throws(RegistryError) {
    guard let id else { return try await attempting(plan) }
    try await turns.inTurn(of: id) { () async throws(RegistryError) in
      try await self.attempting(plan)
    }
  }

  private func attempting(
    _ plan: () async throws(RegistryError) -> [PlannedWrite]
  ) async throws(RegistryError) {
    for attempt in 1...RegistryLimits.attemptLimit {
      let changes = try await plan()
      guard !changes.isEmpty else { return }
      switch try await written(changes.map(\.write)) {
      case .applied:
        for change in changes { noteEvent(of: change) }
        return
      case .conflict(let index):
        if case .fail(let error) = changes[index].onConflict { throw error }
        metrics.countRetry(.contention)
        log.retries(.contention, attempt: attempt)
      }
    }
    throw .contention
  }

  /// Writes a batch once, however often that has to be tried (``RetryingStore``).
  func written(_ batch: [RegistryWrite]) async throws(RegistryError) -> WriteOutcome {
    let start = ContinuousClock.now
    let outcome = try await store.write(batch, as: WriteID())
    metrics.recordCommit(since: start, rows: batch.count)
    return outcome
  }

  private func noteEvent(of change: PlannedWrite) {
    guard let kind = change.kind else { return }
    metrics.count(kind)
    log.appended(kind)
  }

  /// The write that makes a challenge unusable from then on (G7).
  func spending(_ challenge: Challenge, note: [UInt8] = []) throws(RegistryError) -> PlannedWrite {
    let item = try storedItem(
      at: challenge.spentLocator(with: store.keys), note, expiryDay: challenge.expiryDay)
    return PlannedWrite(write: .put(item, replacing: nil), onConflict: .fail(.challengeSpent))
  }

  /// The write that makes a ticket unusable from then on (G7).
  func spending(_ ticket: TicketContent) throws(RegistryError) -> PlannedWrite {
    let day =
      ticket.madeAt.adding(seconds: RegistryLimits.ticketLifetimeSeconds).daysSinceEpoch
      + RegistryLimits.itemGraceDays
    let item = try storedItem(
      at: ticket.spentLocator(with: store.keys), [], expiryDay: day)
    return PlannedWrite(write: .put(item, replacing: nil), onConflict: .fail(.ticketSpent))
  }

  /// The writes that append events to a registration's chain (G8).
  func appending(
    _ drafts: [EventDraft], to deviceID: DeviceID, at now: UTCInstant
  ) async throws(RegistryError) -> [PlannedWrite] {
    guard !drafts.isEmpty else { return [] }
    return try await appending(drafts, at: codec.locator(of: deviceID), now)
  }

  /// The writes that append events to the chain at a locator (G8).
  ///
  /// Whoever was erased has no further events, and no chain begins where one was before (R9).
  /// - Throws: ``RegistryError/unknownDevice`` after an erasure.
  func appending(
    _ drafts: [EventDraft], at device: Locator, _ now: UTCInstant
  ) async throws(RegistryError) -> [PlannedWrite] {
    let beginsChain = drafts.first?.kind.beginsChain == true
    let last = beginsChain ? nil : try await store.lastEvent(of: device)
    return try appending(drafts, at: device, after: last, now)
  }

  /// The writes that append events to a chain after its last event, if it has one.
  func appending(
    _ drafts: [EventDraft], at device: Locator, after last: StoredEvent?, _ now: UTCInstant
  ) throws(RegistryError) -> [PlannedWrite] {
    var sequence: UInt64 = 0
    var previousHash = KeyEvent.noPreviousHash
    var conflict = PlannedWrite.Conflict.retry
    if drafts.first?.kind.beginsChain == true {
      conflict = .fail(.deviceIDTaken)
    } else if let last {
      let event = try openEvent(last)
      guard event.kind != .erased else { throw .unknownDevice }
      sequence = event.sequence
      previousHash = event.hash
    }
    var changes: [PlannedWrite] = []
    for draft in drafts {
      sequence += 1
      let detail = EventDetail(note: draft.note, decision: draft.decision)
      let actor = try Self.checked(draft.actor, "actor")
      let event = KeyEvent(
        format: KeyEvent.format, sequence: sequence, kind: draft.kind, at: now, row: draft.row,
        reason: draft.reason, detail: detail, policyVersion: policy.version, actor: actor,
        detailHash: detail.map { Hashing.blake2b256($0.encoded) }, previousHash: previousHash)
      previousHash = event.hash
      changes.append(
        PlannedWrite(
          write: .append(try seal(event, of: device)), onConflict: conflict, kind: draft.kind))
    }
    return changes
  }

  func openEvent(_ stored: StoredEvent) throws(RegistryError) -> KeyEvent {
    let plaintext: [UInt8]
    var detail: [UInt8]?
    do {
      plaintext = try store.keys.openedRow(
        stored.sealed, epoch: stored.epoch, as: Self.eventContext(stored.device, stored.sequence))
      if let sealed = stored.detail {
        detail = try store.keys.open(
          sealed.sealed.span, as: Self.detailContext(stored.device, stored.sequence, sealed.day))
      }
    } catch { throw RegistryError(error, table: "event") }
    guard let event = KeyEvent(decoding: plaintext, detail: detail),
      event.sequence == stored.sequence
    else { throw .damaged(table: "event") }
    return event
  }

  private func seal(_ event: KeyEvent, of device: Locator) throws(RegistryError) -> StoredEvent {
    do {
      let (epoch, sealed) = try store.keys.sealedRow(
        event.encoded, as: Self.eventContext(device, event.sequence))
      var detail: StoredEvent.Detail?
      if let content = event.detail {
        let day = event.at.daysSinceEpoch
        let sealed = try store.keys.seal(
          content.encoded.span, as: Self.detailContext(device, event.sequence, day))
        detail = StoredEvent.Detail(day: day, sealed: sealed)
      }
      return StoredEvent(
        device: device, sequence: event.sequence, epoch: epoch, sealed: sealed, detail: detail)
    } catch { throw RegistryError(error, table: "event") }
  }

  private static func eventContext(_ device: Locator, _ sequence: UInt64) -> RecordContext {
    RecordContext(table: "event", locator: device, version: sequence)
  }

  private static func detailContext(
    _ device: Locator, _ sequence: UInt64, _ day: Int64
  ) -> RecordContext {
    var writer = ByteWriter()
    writer.write(day)
    return RecordContext(
      table: "event-detail", locator: device, version: sequence, columns: [writer.bytes])
  }
}
