public import ProveKeyModel
public import ProveKeyVault
import ProveDeviceRegistry

/// The client's side of the flow: presents the device's key, runs the app's steps in the order that
/// the server says, and keeps the key that comes of it.
///
/// It is the one orchestrator of retries: an app shows pages and never calls a step itself. Each
/// call of ``authenticate(_:)`` completes exactly once, by an outcome or an error.
public final class Authenticator: Sendable {
  private let setup: AuthenticatorBuilder
  private let collecting: FirstAnswer<String?>?

  init(_ setup: AuthenticatorBuilder) {
    self.setup = setup
    collecting = setup.deviceContext.map { context in
      FirstAnswer {
        // Without a visitor ID the flow goes on as it would without Device Context (D11).
        do { return try await context.collector.collect(context.options) } catch { return nil }
      }
    }
  }

  /// Runs a flow to its end.
  /// - Parameter authToken: what the app's server got from unify; works once.
  /// - Returns: how the flow ended; the app's server learns it by unify-status.
  /// - Throws: ``AuthenticationError``; ``AuthenticationError/cancelled`` when a step or the task gave
  ///   the flow up, in which case the finish step does not run; ``AuthenticationError/timedOut`` when
  ///   the flow took too long, whatever its steps still do.
  public func authenticate(
    _ authToken: String
  ) async throws(AuthenticationError) -> AuthenticationOutcome {
    if Task.isCancelled { throw .cancelled }
    let flow = FirstAnswer { await self.result(of: authToken) }
    guard let result = await flow.value(within: setup.timeLimit) else { throw .timedOut }
    return try result.get()
  }

  private func result(
    of authToken: String
  ) async -> Result<AuthenticationOutcome, AuthenticationError> {
    do { return .success(try await run(authToken)) } catch { return .failure(error) }
  }

  private func run(
    _ authToken: String
  ) async throws(AuthenticationError) -> AuthenticationOutcome {
    var run = AuthenticationRun(setup: setup)
    let start = DeviceStart(
      authToken: authToken, abilities: abilities, context: await context(),
      buildConfig: setup.scope.buildConfig)
    let begun = try await AuthenticationError.wrapping { () async throws(UnifyError) in
      try await self.setup.transport.start(start)
    }
    let finish: DeviceFinish
    do {
      finish = try await run.follow(begun.step, authID: begun.authID)
    } catch {
      await run.tellGivenUp(authID: begun.authID, because: error)
      throw error
    }
    try run.settle(finish)
    if let step = setup.finishStep {
      do { try await step.execute(authID: finish.authID) } catch { throw .finishStepFailed }
    }
    return AuthenticationOutcome(
      isAuthenticated: finish.isAuthenticated, reason: finish.reason, deviceID: finish.deviceID)
  }

  /// What Device Context has collected by now, or soon.
  private func context() async -> DeviceContextProof? {
    guard let collecting, let (options, _, timeLimit) = setup.deviceContext,
      let token = await collecting.value(within: timeLimit) ?? nil
    else { return nil }
    return DeviceContextProof(publicAPIKey: options.publicAPIKey, token: token)
  }

  private var abilities: Set<PossessionMethod> {
    var abilities: Set<PossessionMethod> = []
    if setup.mobileAuth != nil { abilities.insert(.mobileAuth) }
    if setup.otp != nil { abilities.insert(.otp) }
    if setup.instantLink != nil { abilities.insert(.instantLink) }
    return abilities
  }
}

/// How a flow ended for the client.
public struct AuthenticationOutcome: Hashable, Sendable {
  /// Whether the person is authenticated; nothing when the integrator still has to bind (R3).
  public let isAuthenticated: Bool?
  /// Why not, by name, where the person is not authenticated.
  public let reason: String?
  /// The key that the server knows now.
  public let deviceID: DeviceID?
}

/// Why a flow could not be run to its end.
@nonexhaustive
public enum AuthenticationError: Error, Equatable, Sendable {
  /// A step, or the task, gave the flow up.
  case cancelled
  /// The flow took longer than it may; what it had begun was told to stop.
  case timedOut
  /// The server asks for a step that the app has not set up.
  case stepMissing(PossessionMethod)
  /// The server asks for a key, which a secondary device does not have.
  case roleHoldsNoKey
  /// Device Context is of another build config than the keys.
  case wrongBuildConfig
  /// The app's own finish step failed; the flow itself has ended.
  case finishStepFailed
  /// The vault failed.
  case vault(VaultError)
  /// The server refused.
  case server(UnifyError)

  static func wrapping<Value>(
    _ body: () async throws(UnifyError) -> Value
  ) async throws(AuthenticationError) -> Value {
    do { return try await body() } catch { throw .server(error) }
  }

  static func wrapping<Value>(
    _ body: () throws(VaultError) -> Value
  ) throws(AuthenticationError) -> Value {
    do { return try body() } catch { throw .vault(error) }
  }
}
