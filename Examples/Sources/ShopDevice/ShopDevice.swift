public import Foundation
import ProveKeyModel
public import ProveKeySealing
import ProveKeyVault
public import ProveUnify

/// What the app shows while a flow runs; each call returns once the person has answered.
public protocol LoginScreen: Sendable {
  /// Asks for the person's consent to an SMS, and for a number where one is needed.
  func consent(asksForNumber: Bool, error: PhoneNumberEntryError?) async throws -> String?
  /// Asks for the code.
  func code(error: OTPEntryError?) async throws -> OTPFinishResult
}

/// The device's half of a login, as an app or a client SDK embeds it: the vault, and the authenticator
/// that shows its key or runs the possession checks.
public final class ShopDevice: Sendable {
  private let vault: KeyVault
  private let authenticator: Authenticator

  // docs: device
  /// Opens the device's vault, which is made on first use, and sets the authenticator up; do it as soon as
  /// the app has started.
  public init(
    vaultPath: String, unlock: UnlockMethod, server: URL, screen: some LoginScreen
  ) throws {
    vault = try KeyVault.open(at: vaultPath, unlock: unlock)
    let scope = try KeyScope(buildConfig: .usUAT, origin: "com.example.shop")
    let steps = Steps(screen: screen)
    authenticator = AuthenticatorBuilder(
      vault: vault, scope: scope, transport: HTTPTransport(to: server)
    )
    .withOTPFallback(startStep: steps, finishStep: steps)
    .build()
  }

  /// Runs a flow that the app's own back end has begun: by the key alone where that is enough.
  /// - Parameter authToken: what the back end got from unify.
  public func logIn(_ authToken: String) async throws -> AuthenticationOutcome {
    try await authenticator.authenticate(authToken)
  }
  // docs: end

  /// Closes the vault.
  public func close() throws { try vault.close() }
}

// docs: steps
/// The web SDK's steps, answered by the app's screen; throwing gives the flow up.
private struct Steps: OTPStartStep, OTPFinishStep {
  let screen: any LoginScreen

  func execute(
    phoneNumberNeeded: Bool, phoneValidationError: PhoneNumberEntryError?
  ) async throws -> String? {
    try await screen.consent(asksForNumber: phoneNumberNeeded, error: phoneValidationError)
  }

  func execute(otpError: OTPEntryError?) async throws -> OTPFinishResult {
    try await screen.code(error: otpError)
  }
}
// docs: end
