import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing

extension DeviceRegistry {
  /// The writes that keep a visitor's registrations of one number within the policy's cap, once
  /// `registration` is bound.
  /// - Throws: ``RegistryError/registrationCapReached`` where the policy refuses.
  func capping(
    _ registration: KeyRegistration, sparing retired: DeviceID?, at now: UTCInstant
  ) async throws(RegistryError) -> [PlannedWrite] {
    let cap: Int
    switch policy.registrationCap {
    case .none: return []
    case .refuse(let above), .supersedeOldest(let above): cap = above
    }
    let others = try await others(
      than: registration, sparing: retired, atMost: cap + RegistryLimits.supersededLimit, at: now)
    guard others.count >= cap else { return [] }
    guard case .supersedeOldest = policy.registrationCap else { throw .registrationCapReached }
    var changes: [PlannedWrite] = []
    for (row, other) in others[(cap - 1)...].prefix(RegistryLimits.supersededLimit) {
      let after = other.revoked(because: .superseded, at: now)
      let update = RegistryWrite.update(try codec.seal(after), replacing: row)
      changes.append(PlannedWrite(write: update, onConflict: .retry))
      let draft = EventDraft(kind: .revoked, reason: "superseded", actor: "flow")
      changes += try await appending([draft], to: other.deviceID, at: now)
    }
    return changes
  }

  /// The other live candidates of the registration's visitor and number, most recent first.
  ///
  /// The store's rows only say where to look: each registration is asked itself.
  private func others(
    than registration: KeyRegistration, sparing retired: DeviceID?, atMost limit: Int,
    at now: UTCInstant
  ) async throws(RegistryError) -> [(row: StoredRegistration, registration: KeyRegistration)] {
    guard let visitor = registration.visitorID, let binding = registration.binding else {
      return []
    }
    let listing = StoredListing.candidatesWithNumber(
      visitor: codec.locator(of: visitor), phoneNumber: codec.locator(of: binding.phoneNumber),
      sinceDay: now.adding(months: -policy.inactivityMonths).daysSinceEpoch - 3)
    var others: [(row: StoredRegistration, registration: KeyRegistration)] = []
    for row in try await rows(in: listing, atMost: limit) {
      let other = try codec.open(row)
      guard other.deviceID != registration.deviceID, other.deviceID != retired,
        other.visitorID == visitor, other.binding?.phoneNumber == binding.phoneNumber,
        !isDead(other, at: now)
      else { continue }
      others.append((row, other))
    }
    // The rows come by day; within a day the instant tells.
    others.sort { $0.registration.isMoreRecent(than: $1.registration) }
    return others
  }

  /// Reads a listing page by page, at most so many rows of it.
  func rows(
    in listing: StoredListing, atMost limit: Int
  ) async throws(RegistryError) -> [StoredRegistration] {
    var rows: [StoredRegistration] = []
    while rows.count < limit {
      let page = min(limit - rows.count, RegistryLimits.pageLimit)
      let more = try await store.registrations(in: listing, after: rows.last?.position, limit: page)
      rows += more
      if more.count < page { break }
    }
    return rows
  }
}
