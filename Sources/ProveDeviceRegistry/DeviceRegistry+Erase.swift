public import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing

/// What an erasure took away: counts only, so that it may be kept as evidence.
public struct ErasureReceipt: Hashable, Sendable {
  /// By what the person was named: `phoneNumber`, `proveId` and so on.
  public let subject: String
  /// When.
  public let erasedAt: UTCInstant
  /// Registrations that are gone.
  public let registrations: Int
  /// Events whose personal part is gone; what is left of them keeps the chain checkable.
  public let details: Int
  /// Other small values about the person that are gone.
  public let items: Int
}

extension DeviceRegistry {
  /// Erases what is held about a person, and returns when it is gone.
  ///
  /// The registrations go, with their candidate rows; of their events stay kind, time, row and
  /// actor, and their deviceIds are never used again (R9). A person who comes back is a new one.
  /// The call can be made again after a failure. Not touched: sessions of flows that are under
  /// way, which end within minutes and are removed by a sweep within days; facts kept in the events
  /// of a key that was bound to the number earlier and is another's now, which go with
  /// ``RegistryPolicy/eventDetailDays``.
  /// - Throws: what the store meets; what was erased until then is gone.
  public func erase(
    _ subject: PersonalSubject, actor: String = "operator"
  ) async throws(RegistryError) -> ErasureReceipt {
    let now = clock.now
    let actor = try Self.checked(actor, "actor")
    var (registrations, details, items) = (0, 0, 0)
    var people = People()
    people.note(subject)
    try await forEachRegistration(of: subject) { key throws(RegistryError) in
      people.note(key, isWhole: subject != .deviceID(key.deviceID))
      details += try await self.eraseRegistration(key.deviceID, actor: actor, at: now)
      registrations += 1
    }
    for number in people.numbers {
      details += try await redactAll(at: decisionChain(of: number))
      items += try await eraseConsumer(of: number)
    }
    for visitor in people.visitors {
      details += try await redactAll(at: decisionChain(of: visitor))
    }
    try await store.scrub()
    let receipt = ErasureReceipt(
      subject: subject.kindName, erasedAt: now, registrations: registrations, details: details,
      items: items)
    log.erased(receipt)
    return receipt
  }

  /// Removes a registration once nothing personal is left in its events.
  /// - Returns: how many events were redacted.
  private func eraseRegistration(
    _ id: DeviceID, actor: String, at now: UTCInstant
  ) async throws(RegistryError) -> Int {
    let device = codec.locator(of: id)
    var details = 0
    try await writing(on: id) { () async throws(RegistryError) in
      // An event that comes in between takes the place of the last one: then all is done again.
      details += try await self.redactAll(at: device)
      guard let row = try await self.store.registration(at: device) else { return [] }
      let draft = EventDraft(kind: .erased, actor: actor)
      return [PlannedWrite(write: .remove(row), onConflict: .retry)]
        + (try await self.appending([draft], to: id, at: now))
    }
    return details
  }

  /// Takes the personal part from every event of a chain, in bounded transactions.
  private func redactAll(at device: Locator) async throws(RegistryError) -> Int {
    var count = 0
    var sequence: UInt64 = 0
    while true {
      let page = try await store.events(
        of: device, after: sequence, limit: RegistryLimits.redactionBatch)
      guard let last = page.last else { return count }
      sequence = last.sequence
      count += try await redact(page.filter { $0.detail != nil })
    }
  }

  /// Takes the personal part from these events.
  func redact(_ events: [StoredEvent]) async throws(RegistryError) -> Int {
    guard !events.isEmpty else { return 0 }
    guard try await written(events.map { .redact($0) }) == .applied else { throw .contention }
    return events.count
  }

  /// Removes the two items that tie a number to a consumer.
  private func eraseConsumer(of number: PhoneNumber) async throws(RegistryError) -> Int {
    guard let found = try await item(PersonalItems.consumer, number.e164) else { return 0 }
    var batch: [RegistryWrite] = [
      .removeItem(store.keys.locator(PersonalItems.consumer, number.e164))
    ]
    let proveID = String(decoding: found.bytes, as: UTF8.self)
    if try await item(PersonalItems.consumerNumber, proveID) != nil {
      batch.append(.removeItem(store.keys.locator(PersonalItems.consumerNumber, proveID)))
    }
    _ = try await written(batch)
    return batch.count
  }
}

/// The items that are about a person, by domain.
package enum PersonalItems {
  /// By number: the consumer's proveId.
  package static let consumer = "consumer"
  /// By proveId: the consumer's number.
  package static let consumerNumber = "consumer-number"
}

/// Under which numbers and browsers decisions about the person may be kept.
private struct People {
  var numbers: Set<PhoneNumber> = []
  var visitors: Set<VisitorID> = []

  mutating func note(_ subject: PersonalSubject) {
    if case .phoneNumber(let number) = subject { numbers.insert(number) }
  }

  /// - Parameter isWhole: whether the person is erased, rather than one device of the person.
  mutating func note(_ key: KeyRegistration, isWhole: Bool) {
    if let visitor = key.visitorID { visitors.insert(visitor) }
    if isWhole, let number = key.association?.phoneNumber { numbers.insert(number) }
  }
}
