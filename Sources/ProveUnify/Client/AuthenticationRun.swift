import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyVault

/// One run of a flow: follows the server's steps until it is finished.
struct AuthenticationRun {
  let setup: AuthenticatorBuilder

  /// Keys not yet presented, best first.
  private var keys: [ProveKey]?
  private var presented: ProveKey?
  /// A pending key that the server does not have.
  private var refused: ProveKey?
  private var offered: ProveKey?
  private var watch: RetryWatch?

  init(setup: AuthenticatorBuilder) {
    self.setup = setup
  }

  /// Replies to each step until the server says that the flow is over.
  mutating func follow(
    _ first: DeviceStep, authID: String
  ) async throws(AuthenticationError) -> DeviceFinish {
    var step = first
    defer { watch = nil }
    while true {
      if case .finished(let finish) = step { return finish }
      if step != .awaitInstantLink { watch = nil }
      if Task.isCancelled { throw .cancelled }
      let reply = try await reply(to: step, authID: authID)
      step = try await AuthenticationError.wrapping { () async throws(UnifyError) in
        try await self.setup.transport.reply(reply, authID: authID)
      }
    }
  }

  /// Makes the vault agree with how the flow ended.
  ///
  /// Each write leaves a state from which the next flow ends well: the key before is removed first,
  /// since the one to be confirmed is presented again as long as it is pending.
  func settle(_ finish: DeviceFinish) throws(AuthenticationError) {
    let vault = setup.vault
    let scope = setup.scope
    let used = offered ?? presented
    let refused = refused
    let dropped = [presented, offered].compactMap { $0 }
    try AuthenticationError.wrapping { () throws(VaultError) in
      if finish.dropsPresentedKey {
        for key in dropped { _ = try vault.removeKey(key.deviceID) }
      }
      guard let used, used.deviceID == finish.deviceID else { return }
      if used.state == .pending {
        // The server has another key for the scope: the one before leads nowhere now.
        let current = try vault.currentKey(in: scope)
        if let current, current.deviceID != used.deviceID {
          _ = try vault.removeKey(current.deviceID)
        }
        _ = try vault.confirmKey(used.deviceID, in: scope)
      } else if let refused {
        // What was left of an enrolment that never took effect, while the key before still does.
        _ = try vault.discardPendingKey(refused)
      }
    }
  }

  /// Tells the server that the flow is given up, so that it need not wait.
  ///
  /// In a task of its own, since the one that runs the flow may be cancelled.
  func tellGivenUp(authID: String, because error: AuthenticationError) async {
    if case .server = error { return }
    let transport = setup.transport
    await Task {
      do { _ = try await transport.reply(.cancelled, authID: authID) } catch {
        return  // the flow may be over for the server already, or will be when its session expires
      }
    }.value
  }

  private mutating func reply(
    to step: DeviceStep, authID: String
  ) async throws(AuthenticationError) -> DeviceReply {
    switch step {
    case .presentKey(let challenge), .presentAnotherKey(let challenge):
      return .presented(try present(for: challenge))
    case .mobileAuth:
      guard let mobileAuth = setup.mobileAuth else { throw .stepMissing(.mobileAuth) }
      // A carrier that cannot be reached proves nothing; the server goes on to another way.
      do { return .mobileAuth(token: try await mobileAuth.authenticate()) } catch {
        if Task.isCancelled { throw .cancelled }
        return .mobileAuth(token: nil)
      }
    case .startOTP(let isNeeded, let problem):
      guard let otp = setup.otp else { throw .stepMissing(.otp) }
      return .consent(
        phoneNumber: try await running {
          try await otp.start.execute(
            phoneNumberNeeded: isNeeded, phoneValidationError: problem)
        })
    case .finishOTP(let problem):
      guard let otp = setup.otp else { throw .stepMissing(.otp) }
      switch try await running({ try await otp.finish.execute(otpError: problem) }) {
      case .success(let code): return .code(code)
      case .resend: return .resend
      case .changeNumber: return .changeNumber
      }
    case .startInstantLink(let isNeeded, let problem):
      guard let link = setup.instantLink else { throw .stepMissing(.instantLink) }
      return .consent(
        phoneNumber: try await running {
          try await link.start.execute(
            phoneNumberNeeded: isNeeded, phoneValidationError: problem)
        })
    case .awaitInstantLink:
      return try await waitForLink()
    case .offerKey(let challenge, let deviceID):
      return .offered(try offer(as: deviceID, for: challenge))
    case .finished:
      preconditionFailure("a finished flow has no reply")
    }
  }

  // MARK: Keys

  /// Signs with the best key not tried yet: one that awaits the server's answer, then the one
  /// before it.
  ///
  /// In this order the server says of a key whose enrolment was cut off whether it has it, before
  /// anything is decided by the key that it was to follow.
  private mutating func present(
    for challenge: Challenge
  ) throws(AuthenticationError) -> KeyAssertion? {
    guard setup.role == .primary else { return nil }
    let vault = setup.vault
    let scope = setup.scope
    var queue: [ProveKey]
    if let keys {
      queue = keys
      if presented?.state == .pending { refused = presented }
    } else {
      queue = try AuthenticationError.wrapping { () throws(VaultError) in
        let pending = try vault.pendingKey(in: scope)
        let current = try vault.currentKey(in: scope)
        return [pending, current == pending ? nil : current].compactMap { $0 }
      }
    }
    presented = queue.isEmpty ? nil : queue.removeFirst()
    keys = queue
    guard let key = presented else { return nil }
    return try AuthenticationError.wrapping { () throws(VaultError) in
      try vault.sign(challenge.bytes, with: key)
    }
  }

  private mutating func offer(
    as deviceID: DeviceID?, for challenge: Challenge
  ) throws(AuthenticationError) -> NewKey {
    guard setup.role == .primary else { throw .roleHoldsNoKey }
    let vault = setup.vault
    let scope = setup.scope
    let (key, newKey) = try AuthenticationError.wrapping { () throws(VaultError) in
      let key = try vault.placeKey(in: scope, as: deviceID)
      return (key, try vault.offer(key, for: challenge.bytes))
    }
    offered = key
    return newKey
  }

  // MARK: Steps

  /// Runs a step of the app's; what it throws gives the flow up.
  private func running<Value: Sendable>(
    _ step: () async throws -> Value
  ) async throws(AuthenticationError) -> Value {
    do { return try await step() } catch { throw .cancelled }
  }

  /// Waits a little for the link, and looks whether the person wants something else.
  private mutating func waitForLink() async throws(AuthenticationError) -> DeviceReply {
    if watch == nil { watch = setup.instantLink?.retry.map { RetryWatch($0) } }
    let pause = setup.pause
    try await running {
      try await pause(.milliseconds(UnifyLimits.instantLinkPollMilliseconds))
    }
    switch watch?.current {
    case nil: return .waiting
    case .givenUp: throw .cancelled
    case .reply(let reply):
      watch = nil  // the next SMS has a step of its own
      return reply
    }
  }
}
