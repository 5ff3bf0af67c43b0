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
    var position = id.map { EventPosition(device: codec.locator(of: $0), sequence: .max) }
    while true {
      let page = try await store.events(after: position, limit: RegistryLimits.pageLimit)
      guard let last = page.last else { return }
      var devices: [Locator] = []
      for event in page where event.device != devices.last ?? position?.device {
        devices.append(event.device)
      }
      // A chain that is longer than a page goes on, and its registration was read.
      position = last.position
      guard !devices.isEmpty else { continue }
      var registrations: [KeyRegistration] = []
      for row in try await store.registrations(at: devices) {
        // Chains of people who were erased, and of decisions, have no registration.
        if let row { registrations.append(try codec.open(row)) }
      }
      try await body(registrations)
    }
  }
}
