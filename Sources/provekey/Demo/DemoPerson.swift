import ProveKeyModel
import ProveUnify

/// The person at a simulated device: does what the test user's data says.
struct DemoPerson: OTPStartStep, OTPFinishStep, InstantLinkStartStep, MobileAuthImplementation {
  let user: SandboxUser
  /// The code entered, where the run wants another than the user's own.
  var code: String?

  /// Enters the number where one is needed.
  func execute(
    phoneNumberNeeded: Bool, phoneValidationError: PhoneNumberEntryError?
  ) async throws -> String? {
    phoneNumberNeeded ? user.phoneNumberText : nil
  }

  /// Enters the code.
  func execute(otpError: OTPEntryError?) async throws -> OTPFinishResult {
    .success(code: code ?? user.entersCode)
  }

  /// What the SIM in the device tells the carrier.
  func authenticate() async throws -> String? { user.phoneNumber.e164 }
}
