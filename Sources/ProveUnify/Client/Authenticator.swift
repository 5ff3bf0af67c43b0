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
  private let collecting: Task<Visitor?, Never>?

  init(_ setup: AuthenticatorBuilder) {
    self.setup = setup
    collecting = setup.deviceContext.map { options, collector in
      Task {
        // Without a visitor ID the flow goes on as it would without Device Context (D11).
        do { return try await collector.collect(options) } catch { return nil }
      }
    }
  }

  deinit {
    collecting?.cancel()
  }

  /// Runs a flow to its end.
  /// - Parameter authToken: what the app's server got from unify; works once.
  /// - Returns: how the flow ended; the app's server learns it by unify-status.
  /// - Throws: ``AuthenticationError``; ``AuthenticationError/cancelled`` when a step or the task gave
  ///   the flow up, in which case the finish step does not run.
  public func authenticate(
    _ authToken: String
  ) async throws(AuthenticationError) -> AuthenticationOutcome {
    if Task.isCancelled { throw .cancelled }
    var run = AuthenticationRun(setup: setup)
    let start = DeviceStart(
      authToken: authToken, abilities: abilities, visitor: await collecting?.value,
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
  /// Why, by name, where there is something to say.
  public let reason: String?
  /// The key that the server knows now.
  public let deviceID: DeviceID?
}

/// Why a flow could not be run to its end.
@nonexhaustive
public enum AuthenticationError: Error, Equatable, Sendable {
  /// A step, or the task, gave the flow up.
  case cancelled
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
