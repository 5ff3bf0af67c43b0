public import ProveKeyModel
import ProveKeySealing

extension DeviceRegistry {
  /// Reads all registrations, whatever their state, in an order that is the store's own.
  ///
  /// Each is read once, as it stands at that moment, also while others write. It walks along the
  /// events, which every registration has, in pages of 1,000.
  /// - Parameters:
  ///   - id: the registration after which to go on, of an export that was interrupted.
  ///   - body: is given the registrations of one page after another.
  /// - Throws: ``RegistryError/damaged(table:)`` when a registration was altered.
  public func exportRegistrations(
    after id: DeviceID? = nil, _ body: ([KeyRegistration]) async throws(RegistryError) -> Void
  ) async throws(RegistryError) {
    var position = position(after: id)
    while let page = try await exported(after: position) {
      position = page.last
      if !page.registrations.isEmpty { try await body(page.registrations) }
    }
  }

  /// The next registrations of an export, at most 1,000; none at its end.
  package func nextRegistrations(
    after id: DeviceID?
  ) async throws(RegistryError) -> [KeyRegistration] {
    var position = position(after: id)
    while let page = try await exported(after: position) {
      guard page.registrations.isEmpty else { return page.registrations }
      position = page.last
    }
    return []
  }

  private func position(after id: DeviceID?) -> EventPosition? {
    id.map { EventPosition(device: codec.locator(of: $0), sequence: .max) }
  }

  /// The registrations of the next page of events, and where that page ends; nothing at the end.
  private func exported(
    after position: EventPosition?
  ) async throws(RegistryError) -> (registrations: [KeyRegistration], last: EventPosition)? {
    let page = try await store.events(after: position, limit: RegistryLimits.pageLimit)
    guard let last = page.last else { return nil }
    var devices: [Locator] = []
    // A chain that is longer than a page goes on, and its registration was read.
    for event in page where event.device != devices.last ?? position?.device {
      devices.append(event.device)
    }
    var registrations: [KeyRegistration] = []
    if !devices.isEmpty {
      for row in try await store.registrations(at: devices) {
        // Chains of people who were erased, and of decisions, have no registration.
        if let row { registrations.append(try codec.open(row)) }
      }
    }
    return (registrations, last.position)
  }
}
