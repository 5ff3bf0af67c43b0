import Foundation
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import ProveKeyVault
import ProveUnify

/// The time of day in a demonstration; moved by hand.
final class DemoClock: Sendable {
  private let instant: Locked<UTCInstant>

  init(_ start: UTCInstant) {
    instant = Locked(start)
  }

  var clock: WallClock { WallClock { self.instant.withLock { $0 } } }

  func move(to target: UTCInstant) {
    instant.withLock { $0 = target }
  }

  var now: UTCInstant { instant.withLock { $0 } }
}

/// A simulated device and its server: a vault file and a registry file in a folder.
///
/// Between any two runs both are closed and opened again from their files.
final class DemoStage {
  let folder: String
  let clock: DemoClock
  let users: [SandboxUser]
  var keyPersistence = false
  var visitor: Visitor?
  private let vendor: SandboxVisitors

  private static let scopeOrigin = "https://shop.example"

  init(folder: String, clock: DemoClock, users: [SandboxUser]) throws {
    self.folder = folder
    self.clock = clock
    self.users = users
    vendor = SandboxVisitors(.usUAT, clock: clock.clock)
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    try KeyFile.create(at: folder + "/vault.key")
    try KeyFile.create(at: folder + "/registry.key")
  }

  /// What a run asks for.
  struct Run {
    let user: SandboxUser
    var channel = Channel.mobile
    var sendsNumber = true
    var rebind = false
    var checksReputation = false
    var storedDeviceID: DeviceID?
    /// The code that the person enters, where the run wants another than the user's own.
    var code: String?
    /// Whether the app's client takes part at all.
    var usesClient = true
    /// Whether the integrator proves possession and calls unify-bind.
    var binds = false
  }

  /// What came of a run: the answer of unify-status (and of unify-bind, where it was called), or the
  /// error that took its place.
  struct Result {
    var status: UnifyStatusResponse?
    var bind: UnifyStatusResponse?
    var error: UnifyError?
    var evaluation: UnifyStatusResponse.Evaluation?
  }

  /// Runs one flow on freshly opened files.
  func run(_ run: Run) async throws -> Result {
    let vault = try KeyVault.open(
      at: folder + "/device.vault", unlock: .keyFile(folder + "/vault.key"), clock: clock.clock)
    let registry = try await openRegistry()
    let sandbox = SandboxProvider(users: users)
    let service = UnifyService(
      registry: registry, possession: sandbox, reputation: sandbox, visitors: vendor,
      clock: clock.clock)
    let result = try await flow(run, service, vault)
    try vault.close()
    try await registry.close()
    return result
  }

  /// Disables a key, as the integrator would.
  func revoke(_ deviceID: DeviceID) async throws {
    let registry = try await openRegistry()
    let sandbox = SandboxProvider(users: users)
    let service = UnifyService(
      registry: registry, possession: sandbox, reputation: sandbox, clock: clock.clock)
    try await service.revokeDevice(
      RevokeDeviceRequest(clientRequestID: "demo-revoke", deviceID: deviceID.rawValue))
    try await registry.close()
  }

  /// Loses everything that the device has stored, as browsers do.
  func evict() throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: folder)
    where name.hasPrefix("device.vault") {
      try FileManager.default.removeItem(atPath: folder + "/" + name)
    }
  }

  private func openRegistry() async throws -> DeviceRegistry {
    let store = try SQLiteRegistryStore(
      at: folder + "/registry.sqlite", unlock: .keyFile(folder + "/registry.key"))
    return try await DeviceRegistry(
      store: store, scope: try RegistryScope(tenant: "demo", buildConfig: .usUAT),
      policy: try RegistryPolicy(keyPersistence: keyPersistence), clock: clock.clock)
  }

  private func flow(
    _ run: Run, _ service: UnifyService, _ vault: KeyVault
  ) async throws -> Result {
    var result = Result()
    let response = try await service.unify(
      UnifyRequest(
        clientRequestID: "demo", possessionType: run.channel.rawValue,
        phoneNumber: run.sendsNumber ? run.user.phoneNumberText : nil,
        deviceID: run.storedDeviceID?.rawValue, rebind: run.rebind,
        finalTargetURL: run.channel == .desktop ? "https://shop.example/done" : nil,
        checkReputation: run.checksReputation))
    if run.usesClient {
      let authenticator = try authenticator(for: run, service, vault)
      _ = try await authenticator.authenticate(response.authToken)
    }
    let id = response.correlationID.rawValue
    do throws(UnifyError) {
      result.status = try await service.unifyStatus(UnifyStatusRequest(correlationID: id))
      if run.binds {
        result.bind = try await service.unifyBind(
          UnifyBindRequest(correlationID: id, phoneNumber: run.user.phoneNumberText))
      }
    } catch { result.error = error }
    result.evaluation = try await service.evaluation(of: id)
    return result
  }

  private func authenticator(
    for run: Run, _ service: UnifyService, _ vault: KeyVault
  ) throws -> Authenticator {
    let person = DemoPerson(user: run.user, code: run.code)
    let scope = try KeyScope(buildConfig: .usUAT, origin: Self.scopeOrigin)
    var builder = AuthenticatorBuilder(
      vault: vault, scope: scope, transport: InProcessTransport(to: service))
    if run.channel == .desktop {
      builder = builder.withInstantLinkFallback(startStep: person).withRole(.secondary)
    } else {
      builder = builder.withMobileAuthImplementation(person)
        .withOTPFallback(startStep: person, finishStep: person)
    }
    if let visitor {
      builder = try builder.withDeviceContext(
        DeviceContextOptions(
          publicAPIKey: SandboxVisitors.publicAPIKey(for: .usUAT), buildConfig: .usUAT),
        collector: SandboxCollector(visitor, to: vendor))
    }
    return builder.withPause { _ in await Task.yield() }.build()
  }
}
