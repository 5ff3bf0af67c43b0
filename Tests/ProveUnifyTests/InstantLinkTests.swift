import CampaignSupport
import ProveKeyModel
import ProveKeyVault
import ProveUnify
import Testing

/// Every path through the SMS link, on desktop.
@Suite("a link in an SMS", .inTurn)
struct InstantLinkTests {
  private func desktop(_ request: inout UnifyRequest) {
    request.possessionType = "desktop"
    request.finalTargetURL = "https://shop.example/done"
  }

  private func run(
    _ app: ScriptedApp, on stage: FlowStage, _ change: (inout UnifyRequest) -> Void = { _ in }
  ) async throws -> FlowStage.Result {
    try await stage.run(app, ways: [.instantLink]) {
      desktop(&$0)
      change(&$0)
    }
  }

  /// Opens the link that was sent last once the device has looked so often.
  private func opening(
    on stage: FlowStage, afterPauses count: Int = 3, starts: [ScriptedApp.Start] = [],
    retries: [ScriptedApp.Retry] = []
  ) -> ScriptedApp {
    let service = stage.service
    let provider = stage.provider
    return ScriptedApp(
      provider, starts: starts, retries: retries,
      atPause: { pause in
        if pause == count { try await service.openInstantLink(provider.lastLinkToken) }
      })
  }

  @Test(
    "default: opened, it authenticates; no deviceId and no key, and each step runs once",
    arguments: StoreEngine.allCases)
  func `default`(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    let app = opening(on: stage)
    let result = try await run(app, on: stage)
    #expect(result.status.success == .true)
    #expect(result.status.phoneNumber == "+12001004014")
    #expect(result.status.proveID != nil)
    #expect(result.status.deviceID == nil)
    #expect(result.outcome.deviceID == nil)
    #expect(result.status.evaluation.possession == .instantLink)
    #expect(app.steps == [.start(needed: false, nil), .retry])
    #expect(app.finishCount == 1)
    #expect(try stage.keys.isEmpty)
    let text = stage.provider.messages.first?.text ?? ""
    #expect(text.contains("https://shop.example/done?token="))
  }

  @Test(
    "desktop asks for a link every time and never for the key that is there",
    arguments: StoreEngine.allCases)
  func everyTime(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    let id = try await stage.enrol()
    for _ in 0..<2 {
      let result = try await run(opening(on: stage), on: stage)
      #expect(result.status.evaluation.row == .d1)
      #expect(result.status.evaluation.possession == .instantLink)
      #expect(result.status.deviceID == nil)
    }
    #expect(try stage.keys.map(\.deviceID) == [id])
    #expect(
      !stage.transport.steps.suffix(8).contains {
        if case .presentKey = $0 { true } else { false }
      })
  }

  @Test(
    "a target that has a question mark gets the token as a further part",
    arguments: StoreEngine.allCases)
  func target(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    _ = try await run(opening(on: stage), on: stage) {
      $0.finalTargetURL = "https://shop.example/done?a=1"
    }
    #expect(stage.provider.messages.first?.text.contains("done?a=1&token=") == true)
  }

  @Test(
    "prompt: the number is asked for where the request names none", arguments: StoreEngine.allCases)
  func prompt(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    let app = opening(on: stage, starts: [.number("x"), .number(FlowStage.lorant)])
    let result = try await run(app, on: stage) { $0.phoneNumber = nil }
    #expect(result.status.success == .true)
    #expect(app.steps == [.start(needed: true, nil), .start(needed: true, .malformed), .retry])
  }

  @Test(
    "resend: a new link, the old one leads nowhere, and the retry step runs anew",
    arguments: StoreEngine.allCases)
  func resend(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    let service = stage.service
    let provider = stage.provider
    let app = ScriptedApp(
      provider, retries: [.resend],
      atPause: { pause in
        guard pause == 4 else { return }
        let first = provider.messages[0].text.split(separator: "token=").last.map(String.init)
        await #expect(throws: UnifyError.unauthorized) {
          try await service.openInstantLink(first ?? "")
        }
        try await service.openInstantLink(provider.lastLinkToken)
      })
    let result = try await run(app, on: stage)
    #expect(result.status.success == .true)
    #expect(app.steps == [.start(needed: false, nil), .retry, .retry])
    #expect(provider.recipients.count == 2)
  }

  @Test("a fourth link is not sent and ends the flow", arguments: StoreEngine.allCases)
  func threeSends(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    let app = ScriptedApp(stage.provider, retries: [.resend, .resend, .resend])
    let result = try await run(app, on: stage)
    #expect(result.status.success == .false)
    #expect(result.status.evaluation.reason == "smsSendsExhausted")
    #expect(stage.provider.messages.count == 3)
  }

  @Test(
    "number change: the number is asked for again and the link goes to the new one",
    arguments: StoreEngine.allCases)
  func numberChange(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    let app = opening(
      on: stage, afterPauses: 4, starts: [.number(FlowStage.bertie), .number(FlowStage.lorant)],
      retries: [.changeNumber])
    let result = try await run(app, on: stage) { $0.phoneNumber = nil }
    #expect(result.status.success == .true)
    #expect(result.status.phoneNumber == "+12001004014")
    #expect(stage.provider.recipients == ["+2001004025", "+12001004014"])
    #expect(
      app.steps == [.start(needed: true, nil), .retry, .start(needed: true, nil), .retry])
  }

  @Test(
    "a link that the provider says is opened, or refused, ends the wait",
    arguments: StoreEngine.allCases,
    [(InstantLinkResult.opened, UnifySuccess.true), (.refused, .false)])
  func provider(engine: StoreEngine, ending: (result: InstantLinkResult, success: UnifySuccess))
    async throws
  {
    let stage = try await FlowStage(on: engine)
    stage.provider.set { $0.link = ending.result }
    let status = try await run(ScriptedApp(stage.provider), on: stage).status
    #expect(status.success == ending.success)
    #expect(
      status.evaluation.reason == (ending.success == .true ? "desktopChannel" : "linkRefused"))
  }

  @Test(
    "a link expires three minutes after its SMS, to the millisecond",
    arguments: StoreEngine.allCases)
  func expiry(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    let clock = stage.clock
    let service = stage.service
    let provider = stage.provider
    let app = ScriptedApp(
      provider,
      atPause: { pause in
        if pause == 1 { clock.advance(seconds: 180, milliseconds: -1) }
        if pause == 2 {
          clock.advance(seconds: 0, milliseconds: 1)
          await #expect(throws: UnifyError.unauthorized) {
            try await service.openInstantLink(provider.lastLinkToken)
          }
        }
      })
    let result = try await run(app, on: stage)
    #expect(result.status.success == .false)
    #expect(result.status.evaluation.reason == "linkExpired")
    #expect(result.status.phoneNumber == "+12001004014")
  }

  @Test(
    "a link opened in time counts also when the device looks later", arguments: StoreEngine.allCases
  )
  func openedInTime(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    let clock = stage.clock
    let service = stage.service
    let provider = stage.provider
    let app = ScriptedApp(
      provider,
      atPause: { pause in
        guard pause == 1 else { return }
        clock.advance(seconds: 179)
        try await service.openInstantLink(provider.lastLinkToken)
        clock.advance(seconds: 60)
      })
    #expect(try await run(app, on: stage).status.success == .true)
  }

  @Test(
    "opening a link twice, or one that was never sent, changes nothing",
    arguments: StoreEngine.allCases)
  func openedTwice(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    let service = stage.service
    let provider = stage.provider
    let app = ScriptedApp(
      provider,
      atPause: { pause in
        guard pause == 1 else { return }
        await #expect(throws: UnifyError.unauthorized) {
          try await service.openInstantLink("never-sent")
        }
        try await service.openInstantLink(provider.lastLinkToken)
        try await service.openInstantLink(provider.lastLinkToken)
      })
    #expect(try await run(app, on: stage).status.success == .true)
    await #expect(throws: UnifyError.unauthorized) {
      try await service.openInstantLink(provider.lastLinkToken)
    }
  }

  @Test("looking for a link writes nothing to the store", arguments: StoreEngine.allCases)
  func writes(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    let store = stage.store
    let app = ScriptedApp(
      stage.provider,
      atPause: { [provider = stage.provider, service = stage.service] pause in
        if pause == 50 { try await service.openInstantLink(provider.lastLinkToken) }
      })
    _ = try await run(app, on: stage)
    #expect(store.writes < 20)
  }
}
