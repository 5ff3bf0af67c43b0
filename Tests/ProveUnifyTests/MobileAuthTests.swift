import CampaignSupport
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyVault
import ProveUnify
import Testing

/// Mobile Auth and what follows where it does not pass.
@Suite("Mobile Auth", .inTurn)
struct MobileAuthTests {
  let lorant: PhoneNumber
  let bertie: PhoneNumber

  init() throws {
    lorant = try PhoneNumber(FlowStage.lorant)
    bertie = try PhoneNumber(FlowStage.bertie)
  }

  private func run(
    _ app: ScriptedApp, on stage: FlowStage, ways: Set<PossessionMethod> = [.mobileAuth, .otp],
    _ change: (inout UnifyRequest) -> Void = { _ in }
  ) async throws -> FlowStage.Result {
    try await stage.run(app, ways: ways, change)
  }

  @Test(
    "passes: nothing else is asked, and the number it found is bound",
    arguments: StoreEngine.allCases)
  func passes(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    stage.provider.set { [lorant] in $0.carrier = .verified(lorant) }
    let app = ScriptedApp(stage.provider)
    let result = try await run(app, on: stage) { $0.phoneNumber = nil }
    #expect(result.status.success == .true)
    #expect(result.status.phoneNumber == "+12001004014")
    #expect(result.status.evaluation.possession == .mobileAuth)
    #expect(app.steps == [.mobileAuth])
    #expect(app.finishCount == 1)
    #expect(try await stage.registration(result.status.deviceID)?.binding?.phoneNumber == lorant)
  }

  @Test(
    "fails, cannot be asked, or gives nothing: a code follows",
    arguments: StoreEngine.allCases, [MobileAuthResult.failed, nil])
  func fallsBack(engine: StoreEngine, result: MobileAuthResult?) async throws {
    let stage = try await FlowStage(on: engine)
    stage.provider.set { $0.carrier = result }
    let app = ScriptedApp(stage.provider)
    let result = try await run(app, on: stage)
    #expect(result.status.success == .true)
    #expect(result.status.evaluation.possession == .otp)
    #expect(app.steps == [.mobileAuth, .start(needed: false, nil), .finish(nil)])
  }

  @Test(
    "a carrier that the device cannot reach proves nothing: a code follows",
    arguments: StoreEngine.allCases)
  func unreachable(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    stage.provider.set { [lorant] in $0.carrier = .verified(lorant) }
    let app = ScriptedApp(stage.provider, reachesCarrier: false)
    let result = try await run(app, on: stage)
    #expect(result.status.evaluation.possession == .otp)
    #expect(app.steps.first == .mobileAuth)
    #expect(stage.transport.messages.contains(.reply(.mobileAuth(token: nil))))
  }

  @Test(
    "another number than the request named proves nothing: a code to the named one follows",
    arguments: StoreEngine.allCases)
  func otherNumber(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    stage.provider.set { [bertie] in $0.carrier = .verified(bertie) }
    let result = try await run(ScriptedApp(stage.provider), on: stage)
    #expect(result.status.success == .true)
    #expect(result.status.phoneNumber == "+12001004014")
    #expect(result.status.evaluation.possession == .otp)
  }

  @Test("refused: the flow ends without another way", arguments: StoreEngine.allCases)
  func refused(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    stage.provider.set { $0.carrier = .refused }
    let app = ScriptedApp(stage.provider)
    let result = try await run(app, on: stage)
    #expect(result.status.success == .false)
    #expect(result.status.evaluation.reason == "mobileAuthFailed")
    #expect(result.status.phoneNumber == "+12001004014")
    #expect(app.steps == [.mobileAuth])
    #expect(app.finishCount == 1)
    #expect(try stage.keys.isEmpty)
  }

  @Test(
    "fails where the app has no code step: the flow ends and no step is missed",
    arguments: StoreEngine.allCases)
  func noFallback(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    stage.provider.set { $0.carrier = .failed }
    let app = ScriptedApp(stage.provider)
    let result = try await run(app, on: stage, ways: [.mobileAuth])
    #expect(result.status.success == .false)
    #expect(result.status.evaluation.reason == "mobileAuthFailed")
    #expect(app.steps == [.mobileAuth])
  }

  @Test(
    "an app that has set up nothing ends with success false, not with an error",
    arguments: StoreEngine.allCases)
  func nothingSetUp(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    let result = try await run(ScriptedApp(stage.provider), on: stage, ways: [])
    #expect(result.status.evaluation.reason == "noPossessionMethod")
    #expect(result.outcome.isAuthenticated == false)
  }

  @Test(
    "a number with a bad reputation ends the flow before a key is made, key or no key",
    arguments: StoreEngine.allCases)
  func reputation(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    stage.provider.set { [lorant] in
      $0.carrier = .verified(lorant)
      $0.untrusted = [lorant]
    }
    let first = try await run(ScriptedApp(stage.provider), on: stage) { $0.checkReputation = true }
    #expect(first.status.evaluation.reason == "reputation")
    #expect(try stage.keys.isEmpty)
    let unasked = try await run(ScriptedApp(stage.provider), on: stage)
    #expect(unasked.status.success == .true)
    let withKey = try await run(ScriptedApp(stage.provider), on: stage) {
      $0.checkReputation = true
    }
    #expect(withKey.status.success == .false)
    #expect(withKey.status.evaluation.row == .d10)
    #expect(try stage.keys.count == 1)
  }
}
