import CampaignSupport
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import ProveKeyVault
import ProveUnify
import Testing

/// Sessions are in the store: a server that was started anew goes on with every flow.
@Suite("a server that is restarted between two messages", .inTurn)
struct RestartTests {
  /// A flow with what it asks of the app.
  struct Path: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let ways: Set<PossessionMethod>
    let finishes: [ScriptedApp.Finish]
    let change: @Sendable (inout UnifyRequest) -> Void
  }

  static let paths = [
    Path(testDescription: "code", ways: [.otp], finishes: []) { _ in },
    Path(
      testDescription: "code with retry and resend", ways: [.mobileAuth, .otp],
      finishes: [.code("1"), .resend, .sentCode]
    ) { $0.allowOTPRetry = true },
    Path(testDescription: "number asked for", ways: [.otp], finishes: [.changeNumber, .sentCode]) {
      $0.phoneNumber = nil
    },
    Path(testDescription: "link", ways: [.instantLink], finishes: []) {
      $0.possessionType = "desktop"
      $0.finalTargetURL = "https://shop.example"
    },
  ]

  @Test("the flow goes on, with all attempts counted", arguments: StoreEngine.allCases, paths)
  func everyMessage(engine: StoreEngine, path: Path) async throws {
    let stage = try await FlowStage(on: engine)
    stage.provider.set { $0.link = .opened }
    let restarter = Restarter(stage)
    stage.transport.betweenMessages { _ in try await restarter.restart() }
    let app = ScriptedApp(stage.provider, finishes: path.finishes)
    let result = try await stage.run(app, ways: path.ways, path.change)
    #expect(result.status.success == .true)
    #expect(restarter.count >= 3)
    #expect(app.finishCount == 1)
    stage.transport.betweenMessages(nil)
    try await stage.restartServer()
    if path.ways != [.instantLink] {
      #expect(try await stage.run().status.evaluation.row == .d10)
    }
  }

  @Test("attempts that were used stay used", arguments: StoreEngine.allCases)
  func attempts(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    let restarter = Restarter(stage)
    stage.transport.betweenMessages { _ in try await restarter.restart() }
    let app = ScriptedApp(
      stage.provider, finishes: [.code("1"), .code("2"), .code("3"), .sentCode])
    let result = try await stage.run(app) { $0.allowOTPRetry = true }
    #expect(result.status.evaluation.reason == "otpFailed")
    #expect(app.steps.count == 4)
  }

  @Test("unify-bind and the outcome survive too", arguments: StoreEngine.allCases)
  func customerSupplied(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    let response = try await stage.unify { $0.possessionType = "none" }
    try await stage.restartServer()
    _ = try await stage.authenticator(ScriptedApp(stage.provider))
      .authenticate(response.authToken)
    try await stage.restartServer()
    #expect(try await stage.status(response).success == .possessionRequired)
    try await stage.restartServer()
    let status = try await stage.bind(response)
    #expect(status.success == .true)
    try await stage.restartServer()
    #expect(try await stage.status(response) == status)
    await #expect(throws: UnifyError.unauthorized) {
      try await stage.service.start(
        DeviceStart(
          authToken: response.authToken, abilities: [], buildConfig: .usUAT))
    }
  }

  @Test(
    "a server that stops in the middle of a step lets it be tried again a minute later",
    arguments: StoreEngine.allCases)
  func inTheMiddle(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    let response = try await stage.unify()
    let device = GuessingDevice(service: stage.service, provider: stage.provider)
    let authID = try await device.reachCode(
      response.authToken, vault: stage.vault, scope: try FlowStage.scope())
    // The step was begun, and the store takes nothing more.
    stage.store.failAfter(writes: 1)
    await #expect(throws: UnifyError.self) {
      try await stage.service.reply(.code(stage.provider.lastCode), authID: authID)
    }
    stage.store.failAfter(writes: nil)
    try await stage.restartServer()
    await #expect(throws: UnifyError.stepNotAllowed) {
      try await stage.service.reply(.code(stage.provider.lastCode), authID: authID)
    }
    stage.clock.advance(seconds: UnifyLimits.stepSeconds)
    let step = try await stage.service.reply(.code(stage.provider.lastCode), authID: authID)
    #expect(step.isOfferKey)
  }
}

/// Restarts a stage's server; used by one flow, one message after another.
final class Restarter: @unchecked Sendable {  // messages of one flow come one after another
  private let stage: FlowStage
  private(set) var count = 0

  init(_ stage: FlowStage) { self.stage = stage }

  func restart() async throws {
    count += 1
    try await stage.restartServer()
  }
}
