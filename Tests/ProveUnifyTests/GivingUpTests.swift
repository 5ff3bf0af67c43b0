import CampaignSupport
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import ProveKeyVault
import ProveUnify
import Testing

/// A person, a task or an app that does not go on.
@Suite("a flow that is given up", .inTurn)
struct GivingUpTests {
  let stage: FlowStage

  init() async throws { stage = try await FlowStage() }

  private static let desktop: @Sendable (inout UnifyRequest) -> Void = {
    $0.possessionType = "desktop"
    $0.finalTargetURL = "https://shop.example/done"
  }

  private func expectGivenUp(
    _ app: ScriptedApp, ways: Set<PossessionMethod> = [.otp], reason: String = "cancelled",
    error: AuthenticationError = .cancelled, _ change: (inout UnifyRequest) -> Void = { _ in },
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let response = try await stage.unify(change)
    await #expect(throws: error, sourceLocation: sourceLocation) {
      try await stage.authenticator(app, ways: ways).authenticate(response.authToken)
    }
    #expect(app.finishCount == 0, sourceLocation: sourceLocation)
    let status = try await stage.status(response)
    #expect(status.success == .false, sourceLocation: sourceLocation)
    #expect(status.evaluation.reason == reason, sourceLocation: sourceLocation)
  }

  @Test("rejecting any step throws cancelled, runs no finish step, and the server says false")
  func rejecting() async throws {
    let provider = stage.provider
    try await expectGivenUp(ScriptedApp(provider, starts: [.reject]))
    try await expectGivenUp(ScriptedApp(provider, finishes: [.reject]))
    try await expectGivenUp(ScriptedApp(provider, finishes: [.resend, .reject]))
    try await expectGivenUp(
      ScriptedApp(provider, starts: [.reject]), ways: [.instantLink], Self.desktop)
    try await expectGivenUp(
      ScriptedApp(provider, retries: [.reject]), ways: [.instantLink], Self.desktop)
    #expect(try stage.keys.isEmpty)
    #expect(try await stage.count(.bound) == 0)
  }

  @Test("giving a rebind up leaves the binding as it was")
  func rebinding() async throws {
    let id = try await stage.enrol()
    let before = try await stage.registration(id)
    try await expectGivenUp(ScriptedApp(stage.provider, finishes: [.reject])) {
      $0.phoneNumber = FlowStage.bertie
      $0.rebind = true
    }
    #expect(try await stage.registration(id)?.binding == before?.binding)
    #expect(try await stage.run().status.evaluation.row == .d10)
  }

  @Test(
    "cancelling the task ends the flow at each step, and the server hears of it",
    arguments: [
      ScriptedApp.Run.mobileAuth, .start(needed: false, nil), .finish(nil),
    ])
  func cancellingTheTask(at step: ScriptedApp.Run) async throws {
    let task = Locked<Task<AuthenticationOutcome, any Error>?>(nil)
    let app = ScriptedApp(
      stage.provider,
      atStep: { run in
        guard run == step else { return }
        task.withLock { $0 }?.cancel()
        try Task.checkCancellation()
      })
    let response = try await stage.unify()
    let authenticator = try stage.authenticator(app, ways: [.mobileAuth, .otp])
    let gate = AsyncStream<Void>.makeStream()
    task.withLock {
      $0 = Task {
        for await _ in gate.stream { break }
        return try await authenticator.authenticate(response.authToken)
      }
    }
    gate.continuation.yield()
    await #expect(throws: AuthenticationError.cancelled) {
      try await task.withLock { $0 }?.value
    }
    #expect(app.finishCount == 0)
    #expect(app.steps.last == step)
    let status = try await stage.status(response)
    #expect(status.success == .false)
    #expect(status.evaluation.reason == "cancelled")
  }

  @Test("cancelling while a link is waited for ends the wait")
  func cancellingTheWait() async throws {
    let app = ScriptedApp(
      stage.provider, atPause: { pause in if pause == 3 { throw CancellationError() } })
    try await expectGivenUp(app, ways: [.instantLink], Self.desktop)
  }

  @Test("a task cancelled before it begins leaves the authToken unused")
  func cancelledBefore() async throws {
    let response = try await stage.unify()
    let authenticator = try stage.authenticator(ScriptedApp(stage.provider))
    let gate = AsyncStream<Void>.makeStream()
    let task = Task {
      for await _ in gate.stream { break }
      return try await authenticator.authenticate(response.authToken)
    }
    task.cancel()
    await #expect(throws: AuthenticationError.cancelled) { try await task.value }
    #expect(stage.transport.messages.isEmpty)
    let outcome = try await authenticator.authenticate(response.authToken)
    #expect(outcome.isAuthenticated == true)
  }

  @Test("a step that the app has not set up is named, and the server hears of it")
  func stepMissing() async throws {
    // A server that asks for what the app does not offer: the ability is claimed for it.
    let response = try await stage.unify()
    let app = ScriptedApp(stage.provider)
    let scope = try FlowStage.scope()
    let authenticator = AuthenticatorBuilder(
      vault: stage.vault, scope: scope,
      transport: ClaimingTransport(inner: stage.transport, abilities: [.otp])
    ).withAuthFinishStep(app).build()
    await #expect(throws: AuthenticationError.stepMissing(.otp)) {
      try await authenticator.authenticate(response.authToken)
    }
    #expect(app.runs.isEmpty)
    #expect(try await stage.status(response).evaluation.reason == "cancelled")
  }

  @Test("a vault that fails ends the flow, and the server hears of it")
  func vaultFails() async throws {
    let response = try await stage.unify()
    let authenticator = try stage.authenticator(ScriptedApp(stage.provider))
    try stage.vault.close()
    await #expect(throws: AuthenticationError.vault(.closed)) {
      try await authenticator.authenticate(response.authToken)
    }
    #expect(try await stage.status(response).evaluation.reason == "cancelled")
  }

  @Test("a finish step that fails says so; the flow itself has ended well")
  func finishFails() async throws {
    let response = try await stage.unify()
    let app = ScriptedApp(stage.provider, failsAtFinish: true)
    await #expect(throws: AuthenticationError.finishStepFailed) {
      try await stage.authenticator(app).authenticate(response.authToken)
    }
    #expect(app.finishCount == 1)
    #expect(try await stage.status(response).success == .true)
  }

  @Test(
    "a session ends fifteen minutes after unify, whatever the step",
    arguments: StoreEngine.allCases, [true, false])
  func sessionExpiry(engine: StoreEngine, isAtStart: Bool) async throws {
    let stage = try await FlowStage(on: engine)
    let clock = stage.clock
    let app = ScriptedApp(
      stage.provider,
      atStep: { run in
        if !isAtStart, run == .start(needed: false, nil) { clock.advance(seconds: 900) }
      })
    let response = try await stage.unify()
    if isAtStart { clock.advance(seconds: 900) }
    await #expect(throws: AuthenticationError.server(.sessionExpired)) {
      try await stage.authenticator(app).authenticate(response.authToken)
    }
    #expect(app.finishCount == 0)
    let status = try await stage.status(response)
    #expect(status.success == .false)
    #expect(status.evaluation.reason == "sessionExpired")
  }

  @Test(
    "a millisecond before fifteen minutes the authToken still works",
    arguments: StoreEngine.allCases)
  func justInTime(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    let response = try await stage.unify()
    stage.clock.advance(seconds: 900, milliseconds: -1)
    let outcome = try await stage.authenticator(ScriptedApp(stage.provider))
      .authenticate(response.authToken)
    #expect(outcome.isAuthenticated == true)
  }

  @Test("Device Context of another build config than the keys is refused")
  func wrongBuildConfig() throws {
    let builder = try stage.builder(ScriptedApp(stage.provider))
    #expect(throws: AuthenticationError.wrongBuildConfig) {
      try builder.withDeviceContext(
        DeviceContextOptions(publicAPIKey: "key", buildConfig: .euProd),
        collector: SandboxCollector(
          try Visitor(id: try VisitorID(validating: "v"), confidence: 1), to: stage.vendor))
    }
  }
}

/// Claims abilities that the app does not have.
struct ClaimingTransport: UnifyTransport {
  let inner: ScriptedTransport
  let abilities: Set<PossessionMethod>

  func start(
    _ start: DeviceStart
  ) async throws(UnifyError) -> (authID: String, step: DeviceStep) {
    try await inner.start(
      DeviceStart(
        authToken: start.authToken, abilities: abilities, context: start.context,
        buildConfig: start.buildConfig))
  }

  func reply(_ reply: DeviceReply, authID: String) async throws(UnifyError) -> DeviceStep {
    try await inner.reply(reply, authID: authID)
  }
}
