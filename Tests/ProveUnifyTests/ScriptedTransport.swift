import ProveDeviceRegistry
import ProveKeyPlatform
import ProveUnify

/// Carries messages to a service, notes them, and loses what a test says.
final class ScriptedTransport: UnifyTransport {
  /// A message of the device, as far as tests tell them apart.
  enum Message: Equatable {
    case start
    case reply(DeviceReply)
  }

  /// Where the device's process ends, or its connection.
  enum Fault {
    /// Before this reply leaves.
    case before(@Sendable (DeviceReply) -> Bool)
    /// Before the answer of this kind arrives; the server has done its part.
    case losing(@Sendable (DeviceStep) -> Bool)
  }

  /// What a lost message looks like to the device.
  static let lost = UnifyError.registry(.store(.closed))

  private struct State {
    var service: UnifyService
    var messages: [Message] = []
    var starts: [DeviceStart] = []
    var steps: [DeviceStep] = []
    var fault: Fault?
    var between: (@Sendable (Int) async throws -> Void)?
  }

  private let state: Locked<State>

  init(_ service: UnifyService) {
    state = Locked(State(service: service))
  }

  var service: UnifyService {
    get { state.withLock { $0.service } }
    set { state.withLock { $0.service = newValue } }
  }

  var messages: [Message] { state.withLock { $0.messages } }
  var starts: [DeviceStart] { state.withLock { $0.starts } }
  var steps: [DeviceStep] { state.withLock { $0.steps } }

  /// Loses one message; later ones pass.
  func fail(_ fault: Fault) {
    state.withLock { $0.fault = fault }
  }

  /// Runs something before each message, with the message's number; nothing to stop that.
  func betweenMessages(_ body: (@Sendable (Int) async throws -> Void)?) {
    state.withLock { $0.between = body }
  }

  func start(
    _ start: DeviceStart
  ) async throws(UnifyError) -> (authID: String, step: DeviceStep) {
    try await note(.start)
    state.withLock { $0.starts.append(start) }
    let begun = try await service.start(start)
    try noteStep(begun.step)
    return begun
  }

  func reply(_ reply: DeviceReply, authID: String) async throws(UnifyError) -> DeviceStep {
    try await note(.reply(reply))
    if takeFault({ if case .before(let test) = $0 { test(reply) } else { false } }) {
      throw Self.lost
    }
    let step = try await service.reply(reply, authID: authID)
    try noteStep(step)
    return step
  }

  private func note(_ message: Message) async throws(UnifyError) {
    let (between, count) = state.withLock {
      $0.messages.append(message)
      return ($0.between, $0.messages.count)
    }
    do { try await between?(count) } catch { throw Self.lost }
  }

  private func noteStep(_ step: DeviceStep) throws(UnifyError) {
    if takeFault({ if case .losing(let test) = $0 { test(step) } else { false } }) {
      throw Self.lost
    }
    state.withLock { $0.steps.append(step) }
  }

  private func takeFault(_ strikes: (Fault) -> Bool) -> Bool {
    state.withLock {
      guard let fault = $0.fault, strikes(fault) else { return false }
      $0.fault = nil
      return true
    }
  }
}

extension DeviceStep {
  var isOfferKey: Bool { if case .offerKey = self { true } else { false } }
  var isFinished: Bool { if case .finished = self { true } else { false } }
}

extension DeviceReply {
  var isOffered: Bool { if case .offered = self { true } else { false } }
}
