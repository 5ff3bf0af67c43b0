import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import ProveKeyTesting
import StoreTestSupport
import Testing

@testable import ProveDeviceRegistry

/// A registry in a folder of its own, on a clock of its own, with the moves that tests repeat; on
/// the engine that the test is run on.
final class World: Sendable {
  let folder: TemporaryFolder
  let clock: ManualClock
  let unlock: UnlockMethod
  /// The store itself, unhindered.
  let store: any RegistryStore
  /// The store as the registry has it.
  let met: any RegistryStore
  let registry: DeviceRegistry

  var path: String { folder.file("registry.sqlite") }

  /// The store itself, where it is one in a file.
  var sqlite: SQLiteRegistryStore {
    get throws { try #require(store as? SQLiteRegistryStore) }
  }

  init(
    _ policy: RegistryPolicy = .prove, clock: ManualClock = ManualClock(.start)
  ) async throws {
    folder = try TemporaryFolder()
    self.clock = clock
    unlock = .rawKey(try RawKey.random())
    store =
      Engine.current == .memory
      ? try InMemoryRegistryStore()
      : try SQLiteRegistryStore(at: folder.file("registry.sqlite"), unlock: unlock)
    met = Engine.current.hinder(store)
    registry = try await DeviceRegistry(
      store: met, scope: .shop, policy: policy, clock: clock.wall)
  }

  /// The same store under another policy, as after a restart with a new configuration.
  func registry(_ policy: RegistryPolicy) async throws -> DeviceRegistry {
    try await DeviceRegistry(
      store: met, scope: .shop, policy: policy, clock: clock.wall)
  }

  // MARK: Moves

  /// Registers a new key and leaves it unbound.
  @discardableResult
  func place(
    _ device: TestDevice, visitor: String? = nil, customer: String? = nil, human: String? = nil
  ) async throws -> KeyRegistration {
    let challenge = registry.issueChallenge()
    return try await registry.place(
      try device.offer(for: challenge), for: challenge, on: visitor == nil ? .mobile : .web,
      clientCustomerID: try customer.map { try ClientCustomerID(validating: $0) },
      clientHumanID: try human.map { try ClientHumanID(validating: $0) },
      visitorID: try visitor.map { try VisitorID(validating: $0) })
  }

  /// Registers a new key and binds it.
  @discardableResult
  func bind(
    _ device: TestDevice, to number: PhoneNumber = .lorant, proveID: ProveID? = nil,
    visitor: String? = nil, customer: String? = nil, human: String? = nil
  ) async throws -> KeyRegistration {
    try await place(device, visitor: visitor, customer: customer, human: human)
    return try await registry.bind(device.deviceID, to: number, proveID: proveID)
  }

  /// A new device whose key is bound.
  func boundDevice(
    _ kind: TestDevice.Kind = .vault, to number: PhoneNumber = .lorant,
    proveID: ProveID? = nil, visitor: String? = nil
  ) async throws -> TestDevice {
    let device = try TestDevice(kind)
    try await bind(device, to: number, proveID: proveID, visitor: visitor)
    return device
  }

  /// Decides a request that presents the device's key over a fresh challenge.
  func decide(
    _ request: KeyRequest = .mobile(), with device: TestDevice
  ) async throws -> RegistryDecision {
    let challenge = registry.issueChallenge()
    return try await registry.decide(
      request, presenting: try device.assertion(for: challenge), for: challenge)
  }

  /// Authenticates with the device's key alone.
  @discardableResult
  func authenticate(
    _ device: TestDevice, _ request: KeyRequest = .mobile()
  ) async throws -> KeyRegistration {
    let decision = try await decide(request, with: device)
    return try await complete(decision)
  }

  /// Completes a decision: possession of `number` passed, and a new key where one is offered.
  @discardableResult
  func complete(
    _ decision: RegistryDecision, passed number: PhoneNumber = .lorant, proveID: ProveID? = nil,
    offering device: TestDevice? = nil
  ) async throws -> KeyRegistration {
    let challenge = registry.issueChallenge()
    let registration = try await registry.complete(
      try decision.needed, possession: .passed(number, proveID: proveID),
      newKey: try device?.offer(for: challenge), for: challenge)
    return try #require(registration)
  }

  func registration(of device: TestDevice) async throws -> KeyRegistration {
    try #require(try await registry.registration(device.deviceID))
  }

  func kinds(of device: TestDevice) async throws -> [KeyEvent.Kind] {
    try await registry.events(of: device.deviceID).map(\.kind)
  }

  func versionOf(_ device: TestDevice) async throws -> UInt64 {
    try await registration(of: device).version
  }
}

extension RegistryDecision {
  /// The ticket, which the test knows to be there.
  var needed: KeyTicket { get throws { try #require(ticket) } }

  /// The plan of a demand for possession.
  var plan: KeyPlan {
    get throws {
      guard case .requirePossession(_, let plan) = outcome else {
        throw Unexpected(what: "no demand for possession")
      }
      return plan
    }
  }

  /// The reason of a demand for possession.
  var reason: PossessionReason? {
    if case .requirePossession(let reason, _) = outcome { reason } else { nil }
  }
}

struct Unexpected: Error { let what: String }
