import ProveKeyModel
import ProveUnify

// docs: possession
/// Possession by a code in an SMS, through whatever service sends them; no carrier and no judge of numbers.
struct SMSPossession: PossessionProvider, ReputationProvider {
  /// Sends a text to a number in E.164 form; what it throws ends that attempt.
  let sendSMS: @Sendable (_ text: String, _ number: String) async throws -> Void

  func send(_ text: String, to number: PhoneNumber) async throws {
    try await sendSMS(text, number.e164)
  }

  /// Could not tell: the code follows.
  func mobileAuth(
    token: String, expecting number: PhoneNumber?
  ) async throws -> MobileAuthResult { .failed }

  func isTrustworthy(_ number: PhoneNumber) async throws -> Bool { true }
}
// docs: end
