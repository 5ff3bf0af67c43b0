import ProveKeyModel
import Testing

/// Values that many tests start from.
enum Sample {
  static func now() throws -> UTCInstant {
    try #require(UTCInstant(year: 2026, month: 6, day: 15)).adding(seconds: 43_200)
  }

  static func device(_ name: String = "a") throws -> DeviceID {
    try DeviceID(validating: "device-\(name)")
  }

  static func phone(_ last: Int = 4014) throws -> PhoneNumber {
    try PhoneNumber("+1200100\(last)")
  }

  static func person(_ name: String = "p") throws -> ProveID {
    try ProveID(validating: "person-\(name)")
  }

  static func visitor(_ name: String = "v", confidence: Double = 0.95) throws -> Visitor {
    try Visitor(id: VisitorID(validating: "visitor-\(name)"), confidence: confidence)
  }

  static func publicKey(_ byte: UInt8 = 1) throws -> PublicKey {
    try PublicKey(algorithm: .ed25519, bytes: Array(repeating: byte, count: 32))
  }

  /// A key placed in the browser of `visitor` a day before ``now()``.
  static func placed(_ name: String = "a", visitor: String? = "v") throws -> KeyRegistration {
    KeyRegistration(
      placing: try publicKey(), as: try device(name), on: .web,
      visitorID: try visitor.map { try VisitorID(validating: "visitor-\($0)") },
      at: try now().adding(seconds: -86_400))
  }

  /// A key bound so many seconds before ``now()``, its last authentication.
  static func bound(
    _ name: String = "a", phone: Int = 4014, person: String? = "p", visitor: String? = "v",
    secondsAgo: Int64 = 3600
  ) throws -> KeyRegistration {
    try placed(name, visitor: visitor).bound(
      to: try self.phone(phone), proveID: try person.map { try self.person($0) },
      at: try now().adding(seconds: -secondsAgo))
  }

  static let secondsOfThirteenMonths: Int64 = 34_300_800  // 397 days

  /// A key bound to the sample number and not used for thirteen months.
  static func inactive(_ name: String = "a", visitor: String? = "v") throws -> KeyRegistration {
    try bound(name, visitor: visitor, secondsAgo: secondsOfThirteenMonths)
  }

  static func unbound(_ name: String = "a") throws -> KeyRegistration {
    try bound(name).unbound()
  }

  static func revoked(_ name: String = "a") throws -> KeyRegistration {
    try bound(name).revoked(at: now())
  }

  static func assertion(
    counter: UInt64?, generation: UInt64? = nil, digest: UInt8 = 9
  ) throws -> KeyAssertion {
    let state = try generation.map {
      try KeyAssertion.VaultState(generation: $0, digest: Array(repeating: digest, count: 32))
    }
    return try KeyAssertion(
      deviceID: try device(), counter: counter, vaultState: state,
      signature: Array(repeating: 3, count: 64))
  }
}
