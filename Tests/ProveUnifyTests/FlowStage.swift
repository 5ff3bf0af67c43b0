import Foundation
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import ProveKeyVault
import ProveUnify

/// A device and its server for one test: a vault's file in a folder of its own, removed with the stage,
/// and a registry in another file there or in a database of its own.
final class FlowStage {
  static let lorant = "2001004014"
  static let bertie = "+2001004025"

  let clock = ManualClock()
  let provider = ScriptedProvider()
  let vendor: SandboxVisitors
  let transport: ScriptedTransport
  let store: HookedStore
  private(set) var vault: KeyVault
  private(set) var registry: DeviceRegistry

  let folder: String
  private let engine: StoreEngine
  private let registryAddress: String
  private let policy: RegistryPolicy
  private let vaultKey: RawKey
  private let registryKey: RawKey
  private var visitor: Visitor?

  init(
    on engine: StoreEngine = .sqlite, policy: RegistryPolicy = .prove, visitor: String? = nil
  ) async throws {
    self.engine = engine
    folder = FileManager.default.temporaryDirectory.path + "/unify-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    self.policy = policy
    self.visitor = try visitor.map {
      try Visitor(id: try VisitorID(validating: $0), confidence: 0.99)
    }
    vendor = SandboxVisitors(.usUAT, clock: clock.wallClock)
    vaultKey = try RawKey.random()
    registryKey = try RawKey.random()
    registryAddress = try engine.freshAddress(in: folder)
    store = HookedStore(try await engine.create(at: registryAddress, registryKey))
    registry = try await Self.registry(on: store, policy, clock)
    vault = try KeyVault.open(
      at: folder + "/device.vault", unlock: .rawKey(vaultKey), clock: clock.wallClock)
    transport = ScriptedTransport(
      UnifyService(
        registry: registry, possession: provider, reputation: provider, visitors: vendor,
        clock: clock.wallClock))
  }

  deinit {
    // What is left behind lies in the system's temporary folder.
    try? FileManager.default.removeItem(atPath: folder)
  }

  var service: UnifyService { transport.service }

  static func scope() throws -> KeyScope {
    try KeyScope(buildConfig: .usUAT, origin: "https://shop.example")
  }

  private static func registry(
    on store: any RegistryStore, _ policy: RegistryPolicy, _ clock: ManualClock
  ) async throws -> DeviceRegistry {
    try await DeviceRegistry(
      store: store, scope: try RegistryScope(tenant: "shop", buildConfig: .usUAT), policy: policy,
      clock: clock.wallClock)
  }

  // MARK: Restarts

  /// Ends the device's process and starts it again.
  func restartDevice() throws {
    try vault.close()
    vault = try KeyVault.openExisting(
      at: folder + "/device.vault", unlock: .rawKey(vaultKey), clock: clock.wallClock)
  }

  /// Ends the server's process and starts it again.
  func restartServer() async throws {
    try await registry.close()
    store.inner = try await engine.open(at: registryAddress, registryKey)
    registry = try await Self.registry(on: store, policy, clock)
    transport.service = UnifyService(
      registry: registry, possession: provider, reputation: provider, visitors: vendor,
      clock: clock.wallClock)
  }

  /// Loses everything that the device has stored, as browsers do.
  func evict() throws {
    try vault.close()
    for name in try FileManager.default.contentsOfDirectory(atPath: folder)
    where name.hasPrefix("device.vault") {
      try FileManager.default.removeItem(atPath: folder + "/" + name)
    }
    vault = try KeyVault.create(
      at: folder + "/device.vault", unlock: .rawKey(vaultKey), clock: clock.wallClock)
  }

  /// Keeps the vault's file as it is now, to be put back by ``restoreVault()``.
  func backUpVault() throws {
    try vault.close()
    try? FileManager.default.removeItem(atPath: folder + "/backup")  // none, the first time
    try FileManager.default.copyItem(atPath: folder + "/device.vault", toPath: folder + "/backup")
    try openVault()
  }

  func restoreVault() throws {
    try vault.close()
    for suffix in ["", "-wal"] {
      try? FileManager.default.removeItem(atPath: folder + "/device.vault" + suffix)  // or none
    }
    try FileManager.default.copyItem(atPath: folder + "/backup", toPath: folder + "/device.vault")
    try openVault()
  }

  private func openVault() throws {
    vault = try KeyVault.openExisting(
      at: folder + "/device.vault", unlock: .rawKey(vaultKey), clock: clock.wallClock)
  }

  // MARK: Flows

  /// What came of a flow.
  struct Result {
    var outcome: AuthenticationOutcome
    var status: UnifyStatusResponse
  }

  func unify(_ change: (inout UnifyRequest) -> Void = { _ in }) async throws -> UnifyResponse {
    var request = UnifyRequest(
      clientRequestID: "request", possessionType: "mobile", phoneNumber: Self.lorant)
    change(&request)
    return try await service.unify(request)
  }

  func authenticator(
    _ app: ScriptedApp, ways: Set<PossessionMethod> = [.otp]
  ) throws -> Authenticator {
    try builder(app, ways: ways).build()
  }

  func builder(
    _ app: ScriptedApp, ways: Set<PossessionMethod> = [.otp]
  ) throws -> AuthenticatorBuilder {
    var builder = AuthenticatorBuilder(
      vault: vault, scope: try Self.scope(), transport: transport
    ).withAuthFinishStep(app)
    if ways.contains(.mobileAuth) { builder = builder.withMobileAuthImplementation(app) }
    if ways.contains(.otp) { builder = builder.withOTPFallback(startStep: app, finishStep: app) }
    if ways.contains(.instantLink) {
      builder = builder.withInstantLinkFallback(startStep: app, retryStep: app)
    }
    if let visitor {
      builder = try builder.withDeviceContext(
        DeviceContextOptions(
          publicAPIKey: SandboxVisitors.publicAPIKey(for: .usUAT), buildConfig: .usUAT),
        collector: SandboxCollector(visitor, to: vendor))
    }
    return builder.withPause { _ in try await app.pause() }
  }

  /// Runs a flow to its end and asks for its status.
  @discardableResult
  func run(
    _ app: ScriptedApp? = nil, ways: Set<PossessionMethod> = [.otp],
    _ change: (inout UnifyRequest) -> Void = { _ in }
  ) async throws -> Result {
    let response = try await unify(change)
    let app = app ?? ScriptedApp(provider)
    let outcome = try await authenticator(app, ways: ways).authenticate(response.authToken)
    return Result(outcome: outcome, status: try await status(response))
  }

  func status(_ response: UnifyResponse) async throws -> UnifyStatusResponse {
    try await service.unifyStatus(
      UnifyStatusRequest(correlationID: response.correlationID.rawValue))
  }

  func bind(
    _ response: UnifyResponse, _ number: String = FlowStage.lorant
  ) async throws -> UnifyStatusResponse {
    try await service.unifyBind(
      UnifyBindRequest(correlationID: response.correlationID.rawValue, phoneNumber: number))
  }

  /// Enrols a key by a code, and gives its id.
  func enrol(_ number: String = FlowStage.lorant) async throws -> DeviceID {
    let result = try await run { $0.phoneNumber = number }
    guard result.status.success == .true, let id = result.status.deviceID else {
      throw StageError(text: "enrolment failed: \(result.status.evaluation)")
    }
    return id
  }

  // MARK: What is there

  func registration(_ id: DeviceID?) async throws -> KeyRegistration? {
    guard let id else { return nil }
    return try await registry.registration(id)
  }

  /// How many registrations there are in a state.
  func count(_ state: StoredRegistration.State) async throws -> Int {
    try await registry.statistics().registrations[state] ?? 0
  }

  var keys: [ProveKey] { get throws { try vault.keys(in: try Self.scope()) } }
}

/// A stage that could not be set up.
struct StageError: Error {
  let text: String
}

/// A clock that is moved by hand.
final class ManualClock: Sendable {
  private let time = Locked<Int64>(1_767_225_600_000)

  var wallClock: WallClock {
    WallClock { [self] in UTCInstant(millisecondsSinceEpoch: time.withLock { $0 }) }
  }

  func advance(seconds: Int64, milliseconds: Int64 = 0) {
    time.withLock { $0 += seconds * 1000 + milliseconds }
  }

  func advance(months: Int) {
    time.withLock {
      $0 = UTCInstant(millisecondsSinceEpoch: $0).adding(months: months).millisecondsSinceEpoch
    }
  }
}
