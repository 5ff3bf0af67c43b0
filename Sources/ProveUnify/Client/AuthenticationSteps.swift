// The steps that an app supplies, as the web SDK has them. The authenticator alone decides when
// each runs: an app shows its page and returns what the person did. Throwing from a step gives the
// flow up, as `reject` does on the web.

/// Collects the person's consent to an SMS with a code, and a number where one is needed.
public protocol OTPStartStep: Sendable {
  /// - Parameters:
  ///   - phoneNumberNeeded: whether a number must be collected.
  ///   - phoneValidationError: what was wrong with the number entered before.
  /// - Returns: the number, or nothing where none was needed.
  func execute(
    phoneNumberNeeded: Bool, phoneValidationError: PhoneNumberEntryError?
  ) async throws -> String?
}

/// Collects the code that was sent.
public protocol OTPFinishStep: Sendable {
  /// - Parameter otpError: what was wrong with the code entered before.
  func execute(otpError: OTPEntryError?) async throws -> OTPFinishResult
}

/// What a person did when asked for a code; the numbers are the web SDK's.
public enum OTPFinishResult: Hashable, Sendable {
  /// Entered this code (0).
  case success(code: String)
  /// Wants another SMS (1).
  case resend
  /// Wants to enter another number (2).
  case changeNumber
}

/// Collects the person's consent to an SMS with a link, and a number where one is needed.
public protocol InstantLinkStartStep: Sendable {
  /// As for ``OTPStartStep``.
  func execute(
    phoneNumberNeeded: Bool, phoneValidationError: PhoneNumberEntryError?
  ) async throws -> String?
}

/// Shows that a link was sent, while the flow waits until it is opened.
///
/// The step is cancelled when the link was opened or has expired.
public protocol InstantLinkRetryStep: Sendable {
  /// - Returns: what the person wants; nothing to go on waiting.
  func execute() async throws -> InstantLinkRetryResult?
}

/// What a person wants while a link is waited for; the numbers are the web SDK's.
public enum InstantLinkRetryResult: Hashable, Sendable {
  /// Another SMS (0).
  case resend
  /// To enter another number (1).
  case changeNumber
}

/// Reaches the carrier whose connection the device is on.
public protocol MobileAuthImplementation: Sendable {
  /// - Returns: what the carrier gave, or nothing.
  func authenticate() async throws -> String?
}

/// Runs once the possession checks are over: tells the app's own server to ask for the status.
public protocol AuthFinishStep: Sendable {
  /// - Parameter authID: names the flow to the server.
  func execute(authID: String) async throws
}
