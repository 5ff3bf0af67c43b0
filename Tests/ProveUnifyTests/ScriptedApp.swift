import ProveKeyModel
import ProveKeyPlatform
import ProveUnify

/// An app whose person does what a script says; it notes every step that is run.
///
/// Where a script has ended, the person does the sensible thing: enters Lorant's number where one is
/// needed and the code that was sent last, and goes on waiting for a link.
final class ScriptedApp: OTPStartStep, OTPFinishStep, InstantLinkStartStep, InstantLinkRetryStep,
  MobileAuthImplementation, AuthFinishStep
{
  /// A step that was run, with what it was told.
  enum Run: Equatable {
    case start(needed: Bool, PhoneNumberEntryError?)
    case finish(OTPEntryError?)
    case retry
    case mobileAuth
    case authFinish(String)
  }

  /// What the person does at a step that asks for consent and a number.
  enum Start {
    case number(String?)
    case reject
  }

  /// What the person does at a step that asks for a code.
  enum Finish {
    case code(String)
    case sentCode
    case resend
    case changeNumber
    case reject
  }

  /// What the person does while a link is waited for.
  enum Retry {
    case wait, resend, changeNumber, reject
  }

  /// What a step throws where the script says so.
  struct Rejected: Error {}

  private struct State {
    var runs: [Run] = []
    var starts: [Start] = []
    var finishes: [Finish] = []
    var retries: [Retry] = []
    var token: String? = "carrier"
    var reachesCarrier = true
    var failsAtFinish = false
    var pauses = 0
  }

  private let state = Locked(State())
  private let provider: ScriptedProvider
  /// Runs at each step before the person acts.
  private let atStep: @Sendable (Run) async throws -> Void
  /// Runs at each pause between looks for a link, with the number of the pause.
  private let atPause: @Sendable (Int) async throws -> Void

  init(
    _ provider: ScriptedProvider, starts: [Start] = [], finishes: [Finish] = [],
    retries: [Retry] = [], reachesCarrier: Bool = true, failsAtFinish: Bool = false,
    atStep: @escaping @Sendable (Run) async throws -> Void = { _ in },
    atPause: @escaping @Sendable (Int) async throws -> Void = { _ in }
  ) {
    self.provider = provider
    self.atStep = atStep
    self.atPause = atPause
    state.withLock {
      $0.starts = starts
      $0.finishes = finishes
      $0.retries = retries
      $0.reachesCarrier = reachesCarrier
      $0.failsAtFinish = failsAtFinish
    }
  }

  var runs: [Run] { state.withLock { $0.runs } }

  /// How often the finish step was run.
  var finishCount: Int {
    runs.count { if case .authFinish = $0 { true } else { false } }
  }

  /// The steps without the finish step.
  var steps: [Run] { runs.filter { if case .authFinish = $0 { false } else { true } } }

  private func note(_ run: Run) async throws {
    state.withLock { $0.runs.append(run) }
    try await atStep(run)
  }

  func execute(
    phoneNumberNeeded: Bool, phoneValidationError: PhoneNumberEntryError?
  ) async throws -> String? {
    try await note(.start(needed: phoneNumberNeeded, phoneValidationError))
    switch state.withLock({ $0.starts.isEmpty ? nil : $0.starts.removeFirst() }) {
    case .number(let text): return text
    case .reject: throw Rejected()
    case nil: return phoneNumberNeeded ? FlowStage.lorant : nil
    }
  }

  func execute(otpError: OTPEntryError?) async throws -> OTPFinishResult {
    try await note(.finish(otpError))
    switch state.withLock({ $0.finishes.isEmpty ? .sentCode : $0.finishes.removeFirst() }) {
    case .code(let code): return .success(code: code)
    case .sentCode: return .success(code: provider.lastCode)
    case .resend: return .resend
    case .changeNumber: return .changeNumber
    case .reject: throw Rejected()
    }
  }

  func execute() async throws -> InstantLinkRetryResult? {
    try await note(.retry)
    switch state.withLock({ $0.retries.isEmpty ? .wait : $0.retries.removeFirst() }) {
    case .wait: return nil
    case .resend: return .resend
    case .changeNumber: return .changeNumber
    case .reject: throw Rejected()
    }
  }

  func authenticate() async throws -> String? {
    try await note(.mobileAuth)
    guard state.withLock({ $0.reachesCarrier }) else { throw Rejected() }
    return state.withLock { $0.token }
  }

  func execute(authID: String) async throws {
    try await note(.authFinish(authID))
    if state.withLock({ $0.failsAtFinish }) { throw Rejected() }
  }

  /// Lets other tasks go on instead of sleeping.
  func pause() async throws {
    let count = state.withLock {
      $0.pauses += 1
      return $0.pauses
    }
    // Nobody opens the link any more: the flow is given up, and the test fails instead of waiting.
    guard count <= 1000 else { throw StageError(text: "a link was waited for without end") }
    for _ in 0..<20 { await Task.yield() }
    try await atPause(count)
  }
}
