package import ProveKeySealing

/// A store that gets over what passes by itself, so that nobody who calls it has to.
///
/// What met another transaction is tried again, and so is a write whose outcome is unknown, under
/// its id: then it takes effect once (G9). A write is compared with what is there each time (G2);
/// one that was planned on rows that have changed is a conflict. Tries are bounded, with pauses.
///
/// An outcome that was unknown once stays so until the store tells it: neither a refusal to try
/// again nor a store that is out of reach says that the write had no effect.
package struct RetryingStore: RegistryStore {
  private let base: any RegistryStore
  private let noteRetry: @Sendable (RegistryMetrics.RetryCause, _ attempt: Int) -> Void

  /// Stands in front of a store.
  /// - Parameter noteRetry: is told of each new try, why it is needed and which one failed.
  package init(
    _ base: any RegistryStore,
    noteRetry: @escaping @Sendable (RegistryMetrics.RetryCause, _ attempt: Int) -> Void = { _, _ in
    }
  ) {
    self.base = base
    self.noteRetry = noteRetry
  }

  /// The keys of the store behind.
  package var keys: StoreKeys { base.keys }

  /// Writes a batch.
  /// - Throws: ``RegistryError/contention`` when others were in the way each time; what the store
  ///   meets otherwise.
  package func write(
    _ batch: [RegistryWrite], as id: WriteID
  ) async throws(RegistryError) -> WriteOutcome {
    var isUnknown = false
    for attempt in 1...RegistryLimits.attemptLimit {
      do throws(RegistryError) { return try await base.write(batch, as: id) } catch {
        switch error {
        case .store(.outcomeUnknown): isUnknown = true
        case .store(.conflicted): break
        case .store(.unavailable) where isUnknown, .store(.timedOut) where isUnknown,
          .store(.overloaded) where isUnknown:
          break
        default: throw isUnknown ? .store(.outcomeUnknown) : error
        }
      }
      if attempt < RegistryLimits.attemptLimit {
        noteRetry(isUnknown ? .outcomeUnknown : .conflict, attempt)
        await RetryPause.pause(beforeAttempt: attempt)
      }
    }
    throw isUnknown ? .store(.outcomeUnknown) : .contention
  }

  /// Removes expired items; those removed by a try that failed are not counted.
  package func removeItems(
    expiredBefore day: Int64, limit: Int
  ) async throws(RegistryError) -> Int {
    try await trying { () async throws(RegistryError) in
      try await self.base.removeItems(expiredBefore: day, limit: limit)
    }
  }

  /// Tries a call that may be made any number of times.
  private func trying<Value>(
    _ call: () async throws(RegistryError) -> Value
  ) async throws(RegistryError) -> Value {
    for attempt in 1..<RegistryLimits.attemptLimit {
      do throws(RegistryError) { return try await call() } catch {
        guard case .store(.conflicted) = error else { throw error }
        noteRetry(.conflict, attempt)
        await RetryPause.pause(beforeAttempt: attempt)
      }
    }
    do throws(RegistryError) { return try await call() } catch {
      guard case .store(.conflicted) = error else { throw error }
      throw .contention
    }
  }
}

// MARK: - Reads

extension RetryingStore {
  /// Reads one registration.
  package func registration(at device: Locator) async throws(RegistryError) -> StoredRegistration? {
    try await trying { () async throws(RegistryError) in
      try await self.base.registration(at: device)
    }
  }

  /// Reads several registrations.
  package func registrations(
    at devices: [Locator]
  ) async throws(RegistryError) -> [StoredRegistration?] {
    try await trying { () async throws(RegistryError) in
      try await self.base.registrations(at: devices)
    }
  }

  /// Lists registrations.
  package func registrations(
    in listing: StoredListing, after position: PagePosition?, limit: Int
  ) async throws(RegistryError) -> [StoredRegistration] {
    try await trying { () async throws(RegistryError) in
      try await self.base.registrations(in: listing, after: position, limit: limit)
    }
  }

  /// Reads one item.
  package func item(at locator: Locator) async throws(RegistryError) -> StoredItem? {
    try await trying { () async throws(RegistryError) in try await self.base.item(at: locator) }
  }

  /// Reads events of a registration.
  package func events(
    of device: Locator, after sequence: UInt64, limit: Int
  ) async throws(RegistryError) -> [StoredEvent] {
    try await trying { () async throws(RegistryError) in
      try await self.base.events(of: device, after: sequence, limit: limit)
    }
  }

  /// Reads the last event of a registration.
  package func lastEvents(of devices: [Locator]) async throws(RegistryError) -> [StoredEvent?] {
    try await trying { () async throws(RegistryError) in
      try await self.base.lastEvents(of: devices)
    }
  }

  /// Reads all events.
  package func events(
    after position: EventPosition?, limit: Int
  ) async throws(RegistryError) -> [StoredEvent] {
    try await trying { () async throws(RegistryError) in
      try await self.base.events(after: position, limit: limit)
    }
  }

  /// Reads events with an old detail.
  package func events(
    withDetailBefore day: Int64, limit: Int
  ) async throws(RegistryError) -> [StoredEvent] {
    try await trying { () async throws(RegistryError) in
      try await self.base.events(withDetailBefore: day, limit: limit)
    }
  }

  /// Reads the set digests.
  package func setDigests() async throws(RegistryError) -> [StoredDigest] {
    try await trying { () async throws(RegistryError) in try await self.base.setDigests() }
  }

  /// Counts rows.
  package func statistics() async throws(RegistryError) -> StoreStatistics {
    try await trying { () async throws(RegistryError) in try await self.base.statistics() }
  }

  /// Counts by state and day.
  package func census() async throws(RegistryError) -> StoreCensus {
    try await trying { () async throws(RegistryError) in try await self.base.census() }
  }

  /// Checks the store's structure.
  package func structureProblems() async throws(RegistryError) -> [String] {
    try await trying { () async throws(RegistryError) in
      try await self.base.structureProblems()
    }
  }

  /// Clears what deleted rows left behind.
  package func scrub() async throws(RegistryError) {
    try await trying { () async throws(RegistryError) in try await self.base.scrub() }
  }

  /// Closes the store.
  package func close() async throws(RegistryError) { try await base.close() }
}
