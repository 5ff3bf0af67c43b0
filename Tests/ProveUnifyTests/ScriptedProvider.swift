import ProveKeyModel
import ProveKeyPlatform
import ProveUnify

/// A carrier, an SMS service and a judge of numbers that do what a test says.
final class ScriptedProvider: PossessionProvider, ReputationProvider {
  /// What a test sets, and what was sent.
  struct State {
    var carrier: MobileAuthResult?
    var link = InstantLinkResult.waiting
    var undeliverable: Set<PhoneNumber> = []
    var untrusted: Set<PhoneNumber> = []
    var withoutClient: Set<PhoneNumber> = []
    var codes: [String] = []
    var messages: [(text: String, number: PhoneNumber)] = []
  }

  struct Failure: Error {}

  private let state = Locked(State())

  func set(_ change: (inout State) -> Void) {
    state.withLock { change(&$0) }
  }

  var messages: [(text: String, number: PhoneNumber)] { state.withLock { $0.messages } }

  /// The numbers that an SMS went to, in order.
  var recipients: [String] { messages.map(\.number.e164) }

  var lastCode: String { state.withLock { $0.codes.last ?? "" } }

  /// The token at the end of the link that was sent last.
  var lastLinkToken: String {
    messages.last?.text.split(separator: "token=").last.map(String.init) ?? ""
  }

  func mobileAuth(
    token: String, expecting number: PhoneNumber?
  ) async throws -> MobileAuthResult {
    guard let result = state.withLock({ $0.carrier }) else { throw Failure() }
    return result
  }

  /// Counts up from 4000, in as many digits as are asked for.
  func oneTimeCode(digitCount: Int, for number: PhoneNumber) -> String {
    state.withLock {
      let text = String(4000 + $0.codes.count)
      let code = text + String(repeating: "7", count: digitCount - text.count)
      $0.codes.append(code)
      return code
    }
  }

  func send(_ text: String, to number: PhoneNumber) async throws {
    try state.withLock {
      if $0.undeliverable.contains(number) { throw Failure() }
      $0.messages.append((text, number))
    }
  }

  func instantLink(sentTo number: PhoneNumber) async throws -> InstantLinkResult {
    state.withLock { $0.link }
  }

  func passesWithoutClient(_ number: PhoneNumber) -> Bool {
    state.withLock { $0.withoutClient.contains(number) }
  }

  func isTrustworthy(_ number: PhoneNumber) async throws -> Bool {
    state.withLock { !$0.untrusted.contains(number) }
  }
}
