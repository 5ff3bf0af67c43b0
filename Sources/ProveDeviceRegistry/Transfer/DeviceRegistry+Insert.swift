import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing

/// What became of one registration of a batch that was brought in.
enum Arrival: Hashable, Sendable {
  /// It is registered now.
  case registered
  /// It was there already, the same.
  case identical
  /// Another one is registered under its deviceId.
  case different
  /// Its deviceId was used before and erased, and is never used again (R9).
  case idSpent
}

extension DeviceRegistry {
  /// Registers registrations as they are, with an event each that names their state.
  ///
  /// All in one transaction, but for those that are there already. Neither a proof of the key nor a
  /// cap of the policy is asked for.
  /// - Parameter registrations: at most 250.
  /// - Returns: what became of each, in their order.
  func bringIn(
    _ registrations: [KeyRegistration], actor: String
  ) async throws(RegistryError) -> [Arrival] {
    var arrivals = try await knownArrivals(of: registrations)
    for _ in 0...registrations.count {
      let open = registrations.indices.filter { arrivals[$0] == nil }
      guard !open.isEmpty else { break }
      var batch: [RegistryWrite] = []
      batch.reserveCapacity(open.count * 2)
      for index in open {
        let registration = registrations[index]
        batch.append(.insert(try codec.seal(registration)))
        let draft = EventDraft(
          kind: .imported, reason: KeyLife.importReason(of: registration), actor: actor)
        batch += try await appending([draft], to: registration.deviceID, at: clock.now)
          .map(\.write)
      }
      switch try await written(batch) {
      case .applied: for index in open { arrivals[index] = .registered }
      case .conflict(let place):
        // Somebody was faster, or the id was spent: the one is judged, the others go on.
        let index = open[place / 2]
        let found = try await registration(registrations[index].deviceID)
        arrivals[index] = found.map { Self.arrival(registrations[index], $0) } ?? .idSpent
      }
    }
    return arrivals.map { $0 ?? .different }
  }

  /// Those that are registered already, and those whose id another one of the batch has.
  private func knownArrivals(
    of registrations: [KeyRegistration]
  ) async throws(RegistryError) -> [Arrival?] {
    var arrivals: [Arrival?] = []
    var first: [DeviceID: KeyRegistration] = [:]
    for (registration, found) in zip(
      registrations, try await resolve(registrations.map(\.deviceID)))
    {
      if let known = found ?? first[registration.deviceID] {
        arrivals.append(Self.arrival(registration, known))
      } else {
        first[registration.deviceID] = registration
        arrivals.append(nil)
      }
    }
    return arrivals
  }

  private static func arrival(_ new: KeyRegistration, _ known: KeyRegistration) -> Arrival {
    new == known ? .identical : .different
  }
}
