import ProveDeviceRegistry
import ProveKeyModel
import ProveKeySealing
import ProveKeyTesting

@testable import ProveDeviceRegistryPostgres

/// A registry in a database of its own, on a clock of its own.
struct RegistryFixture {
  let base: StoreFixture
  let clock = ManualClock(UTCInstant(millisecondsSinceEpoch: 1_741_564_800_000))
  let registry: DeviceRegistry

  static let number = "2001004014"

  init() async throws {
    base = try await StoreFixture()
    registry = try await DeviceRegistry(
      store: base.store, scope: RegistryScope(tenant: "shop-secret", buildConfig: .usUAT),
      policy: RegistryPolicy(keyPersistence: true), clock: clock.wall)
  }

  /// A new device whose key is bound.
  func bound(visitor: String = "visitor-secret") async throws -> SimulatedDevice {
    let device = try SimulatedDevice()
    let challenge = registry.issueChallenge()
    try await registry.place(
      device.offer(for: challenge), for: challenge, on: .web,
      clientCustomerID: ClientCustomerID(validating: "customer-secret"),
      clientHumanID: ClientHumanID(validating: "human-secret"),
      visitorID: VisitorID(validating: visitor), actor: "actor-secret")
    try await registry.bind(
      device.deviceID, to: PhoneNumber(Self.number), proveID: ProveID(validating: "prove-secret"))
    return device
  }

  /// Decides a request that presents the device's key over a fresh challenge.
  func decide(
    _ device: SimulatedDevice, rebindTo number: String? = nil
  ) async throws -> RegistryDecision {
    let challenge = registry.issueChallenge()
    let request = KeyRequest(
      channel: .mobile, phoneNumber: try number.map { try PhoneNumber($0) }, rebind: number != nil)
    return try await registry.decide(
      request, presenting: try device.assertion(for: challenge), for: challenge)
  }

  /// The device's locator as SQL writes bytes.
  func hex(_ device: SimulatedDevice) -> String {
    let bytes = base.store.keys.locator("device", device.deviceID.rawValue).bytes
    let digits = bytes.map { byte in
      let text = String(byte, radix: 16)
      return byte < 16 ? "0" + text : text
    }
    return "'\\x\(digits.joined())'"
  }

  /// Runs SQL behind the registry's back.
  func tamper(_ sql: String) throws { _ = try base.value(sql) }
}
