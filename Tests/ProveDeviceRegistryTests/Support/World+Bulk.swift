import ProveKeyModel

@testable import ProveDeviceRegistry

extension UTCInstant {
  /// So long before ``start`` that a key not used since is inactive.
  static let longAgo = start.adding(milliseconds: -400 * 86_400_000)
}

extension World {
  /// Registers many keys that were placed and bound at once, and not used since.
  /// - Returns: their ids.
  @discardableResult
  func bringIn(
    _ count: Int, visitor: String, placedAt: UTCInstant, _ registry: DeviceRegistry? = nil
  ) async throws -> [DeviceID] {
    var generator = SystemRandomNumberGenerator()
    let key = try TestDevice(.hardware).publicKey
    var ids: [DeviceID] = []
    while ids.count < count {
      let batch = try (0..<min(250, count - ids.count)).map { _ in
        try KeyRegistration(
          placing: key, as: .random(using: &generator), on: .web,
          visitorID: try VisitorID(validating: visitor), at: placedAt
        ).bound(to: .lorant, proveID: nil, at: placedAt)
      }
      _ = try await (registry ?? self.registry).bringIn(batch, actor: "test")
      ids += batch.map(\.deviceID)
    }
    return ids
  }
}
