public import ProveKeyModel
public import ProveKeyVault

/// The role of the device in a flow.
public enum DeviceRole: String, Hashable, Sendable {
  /// The device that holds the key: mobile.
  case primary
  /// A device beside it, which has no key: desktop.
  case secondary
}

/// Sets up an ``Authenticator`` step by step, as the web SDK's builder does.
///
/// Every `with` gives a new builder. Call ``build()`` as soon as the app has started: collecting
/// for Device Context begins there.
public struct AuthenticatorBuilder: Sendable {
  var vault: KeyVault
  var scope: KeyScope
  var transport: any UnifyTransport
  var role = DeviceRole.primary
  var finishStep: (any AuthFinishStep)?
  var mobileAuth: (any MobileAuthImplementation)?
  var otp: (start: any OTPStartStep, finish: any OTPFinishStep)?
  var instantLink: (start: any InstantLinkStartStep, retry: (any InstantLinkRetryStep)?)?
  var deviceContext:
    (
      options: DeviceContextOptions, collector: any DeviceContextCollector, timeLimit: Duration
    )?
  var timeLimit = Duration.seconds(UnifyLimits.sessionSeconds)
  var pause: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }

  /// Begins to set up an authenticator.
  /// - Parameters:
  ///   - vault: where the device's keys are.
  ///   - scope: whose keys they are.
  ///   - transport: reaches the server.
  public init(vault: KeyVault, scope: KeyScope, transport: any UnifyTransport) {
    self.vault = vault
    self.scope = scope
    self.transport = transport
  }

  /// Sets the step that runs once the possession checks are over.
  public func withAuthFinishStep(_ step: any AuthFinishStep) -> Self {
    with { $0.finishStep = step }
  }

  /// Lets the carrier prove possession where it can.
  public func withMobileAuthImplementation(_ implementation: any MobileAuthImplementation) -> Self {
    with { $0.mobileAuth = implementation }
  }

  /// Lets a code in an SMS prove possession.
  public func withOTPFallback(
    startStep: any OTPStartStep, finishStep: any OTPFinishStep
  ) -> Self {
    with { $0.otp = (startStep, finishStep) }
  }

  /// Lets a link in an SMS prove possession.
  public func withInstantLinkFallback(
    startStep: any InstantLinkStartStep, retryStep: (any InstantLinkRetryStep)? = nil
  ) -> Self {
    with { $0.instantLink = (startStep, retryStep) }
  }

  /// Sets the device's role: `secondary` for a desktop.
  public func withRole(_ role: DeviceRole) -> Self {
    with { $0.role = role }
  }

  /// Turns Key Persistence on.
  /// - Parameter timeLimit: how long a flow waits for the collector; it goes on without it (D11).
  /// - Throws: ``AuthenticationError/wrongBuildConfig`` when the options are of another build config.
  public func withDeviceContext(
    _ options: DeviceContextOptions, collector: any DeviceContextCollector,
    timeLimit: Duration = .seconds(UnifyLimits.deviceContextSeconds)
  ) throws(AuthenticationError) -> Self {
    guard options.buildConfig == scope.buildConfig else { throw .wrongBuildConfig }
    return with { $0.deviceContext = (options, collector, timeLimit) }
  }

  /// Sets how long a flow may take; the default is the server's own 15 minutes.
  public func withTimeLimit(_ limit: Duration) -> Self {
    with { $0.timeLimit = limit }
  }

  /// Sets how to wait between looks for an opened link; the default sleeps.
  public func withPause(_ pause: @escaping @Sendable (Duration) async throws -> Void) -> Self {
    with { $0.pause = pause }
  }

  /// Makes the authenticator, and begins to collect for Device Context.
  public func build() -> Authenticator { Authenticator(self) }

  private func with(_ change: (inout Self) -> Void) -> Self {
    var copy = self
    change(&copy)
    return copy
  }
}
