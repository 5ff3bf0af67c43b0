import ProveDeviceRegistry
import ProveKeyPlatform
import ProveKeyTesting

// The faults of writes.

extension FaultyStore {
  func write(
    _ batch: [RegistryWrite], as id: WriteID
  ) async throws(RegistryError) -> WriteOutcome {
    switch fault {
    case .smallBatches where batch.count > 100: throw .store(.overloaded)
    case .losesOneInFifty:
      let count = memory.withLock { memory in
        memory.writes += 1
        return memory.writes
      }
      return count % 50 == 0 ? .applied : try await base.write(batch, as: id)
    case .knowsIDsLate, .remembersRefusals, .remembersFew, .forgetsIDs:
      return try await writeByOutcomes(batch, id)
    case .conflictKeepsTheRest, .conflictKeepsWhatCameBefore, .namesTheLast, .appendsOver:
      return try await writeWithConflicts(batch, id)
    case .digestsOfInsertsOnly, .digestsTwice: return try await writeWithDigests(batch, id)
    case .comparesBeforeItWaits:
      for case .update(let row, let before) in batch {
        let found = try await base.registration(at: row.device)
        guard found?.version == before.version else { return .conflict(at: 0) }
        memory.withLock { $0.comparisons += 1 }
        // Until another has compared as well: one alone does no harm.
        for _ in 0..<10_000 where memory.withLock({ $0.comparisons }) < 2 { await Task.yield() }
      }
    default: break
    }
    if fault == .missingItemConflicts {
      for case .removeItem(let locator) in batch where try await base.item(at: locator) == nil {
        return .conflict(at: 0)
      }
    }
    let changed = try await changed(batch)
    guard !changed.isEmpty else { return .applied }
    let outcome = try await writable.write(changed, as: id)
    if outcome == .applied { remember(batch) }
    return outcome
  }

  private func remember(_ batch: [RegistryWrite]) {
    memory.withLock { memory in
      for write in batch {
        switch write {
        case .append(let event): memory.appended.append(event)
        case .remove(let row): memory.removed.append(row)
        default: break
        }
      }
    }
  }

  /// The batch as the fault has it.
  private func changed(_ batch: [RegistryWrite]) async throws(RegistryError) -> [RegistryWrite] {
    var changed: [RegistryWrite] = []
    for write in batch {
      switch (fault, write) {
      case (.ignoresVersions, .update(let row, _)), (.comparesBeforeItWaits, .update(let row, _)),
        (.insertsOver, .insert(let row)):
        let present = try await base.registration(at: row.device)
        changed.append(present.map { .update(row, replacing: $0) } ?? write)
      case (.removesAnything, .remove(let row)):
        let present = try await base.registration(at: row.device)
        changed.append(present.map { .remove($0) } ?? write)
      case (.putsOver, .put(let item, _)):
        changed.append(.put(item, replacing: try await base.item(at: item.locator)?.version))
      case (.redactsNothing, .redact), (.itemsStay, .removeItem): break
      case (.redactsAll, .redact(let event)):
        changed += try await base.events(of: event.device, after: 0, limit: 100).map { .redact($0) }
      default: changed.append(write)
      }
    }
    return changed
  }

  private func writeByOutcomes(
    _ batch: [RegistryWrite], _ id: WriteID
  ) async throws(RegistryError) -> WriteOutcome {
    if fault != .forgetsIDs, let known = memory.withLock({ $0.outcomes[id] }) { return known }
    if fault == .knowsIDsLate { await Task.yield() }
    let outcome = try await base.write(batch, as: fault == .remembersRefusals ? id : WriteID())
    memory.withLock { memory in
      guard outcome == .applied || fault == .remembersRefusals else { return }
      memory.outcomes[id] = outcome
      memory.order.append(id)
      if fault == .remembersFew, memory.order.count > 100 {
        memory.outcomes[memory.order.removeFirst()] = nil
      }
    }
    return outcome
  }

  private func writeWithConflicts(
    _ batch: [RegistryWrite], _ id: WriteID
  ) async throws(RegistryError) -> WriteOutcome {
    let outcome = try await base.write(batch, as: id)
    guard case .conflict(let place) = outcome else { return outcome }
    switch fault {
    case .conflictKeepsTheRest:
      for write in batch { _ = try await base.write([write], as: WriteID()) }
    case .conflictKeepsWhatCameBefore where place > 0:
      _ = try await base.write(Array(batch[..<place]), as: WriteID())
    case .namesTheLast: return .conflict(at: batch.count - 1)
    case .appendsOver: if case .append = batch[place] { return .applied }
    default: break
    }
    return outcome
  }

  private func writeWithDigests(
    _ batch: [RegistryWrite], _ id: WriteID
  ) async throws(RegistryError) -> WriteOutcome {
    let outcome = try await base.write(batch, as: id)
    guard outcome == .applied else { return outcome }
    let ledger = SetLedger(keys: keys)
    let counted = batch.filter { write in
      if fault == .digestsTwice { return true }
      return if case .insert = write { true } else { false }
    }
    let changes = try ledger.changes(of: counted)
    let empty = try ledger.empty()
    try memory.withLock { memory throws(RegistryError) in
      var digests = memory.digests ?? empty
      for bucket in changes.buckets {
        digests[Int(bucket)] = try ledger.applying(changes, to: digests[Int(bucket)])
      }
      memory.digests = digests
    }
    return outcome
  }
}
