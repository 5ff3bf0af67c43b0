import CampaignSupport
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyVault
import ProveUnify
import Testing

/// Every path through the SMS code, by the steps that the app was asked to run.
@Suite("a code in an SMS", .inTurn)
struct OTPTests {
  private func expectFalse(
    _ result: FlowStage.Result, _ reason: String, on stage: FlowStage,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    #expect(result.status.success == .false, sourceLocation: sourceLocation)
    #expect(result.outcome.isAuthenticated == false, sourceLocation: sourceLocation)
    #expect(result.status.evaluation.reason == reason, sourceLocation: sourceLocation)
    #expect(result.outcome.reason == reason, sourceLocation: sourceLocation)
    #expect(result.status.deviceID == nil, sourceLocation: sourceLocation)
    #expect(result.status.proveID == nil, sourceLocation: sourceLocation)
    #expect(try stage.keys.isEmpty, sourceLocation: sourceLocation)
  }

  @Test(
    "default: consent, then the code; each step once and the finish step last, once",
    arguments: StoreEngine.allCases)
  func `default`(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    let app = ScriptedApp(stage.provider)
    let result = try await stage.run(app)
    #expect(result.status.success == .true)
    #expect(result.status.phoneNumber == "+12001004014")
    #expect(result.status.deviceID == result.outcome.deviceID)
    #expect(result.status.evaluation.possession == .otp)
    #expect(app.steps == [.start(needed: false, nil), .finish(nil)])
    #expect(app.finishCount == 1)
    guard case .finished(let finish) = stage.transport.steps.last else {
      Issue.record("the flow did not finish")
      return
    }
    #expect(app.runs.last == .authFinish(finish.authID))
    #expect(stage.provider.recipients == ["+12001004014"])
  }

  @Test(
    "prompt: a malformed number is asked for again and told why, then the right one is used",
    arguments: StoreEngine.allCases)
  func prompt(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    let app = ScriptedApp(stage.provider, starts: [.number("12"), .number(FlowStage.lorant)])
    let result = try await stage.run(app) { $0.phoneNumber = nil }
    #expect(result.status.success == .true)
    #expect(result.status.phoneNumber == "+12001004014")
    #expect(
      app.steps == [.start(needed: true, nil), .start(needed: true, .malformed), .finish(nil)])
  }

  @Test(
    "a third malformed number ends the flow; no number counts as one",
    arguments: StoreEngine.allCases, ["12", nil])
  func threeEntries(engine: StoreEngine, text: String?) async throws {
    let stage = try await FlowStage(on: engine)
    let app = ScriptedApp(
      stage.provider, starts: Array(repeating: .number(text), count: 4))
    let result = try await stage.run(app) { $0.phoneNumber = nil }
    try expectFalse(result, "phoneNumberEntriesExhausted", on: stage)
    #expect(app.steps.count == 3)
    #expect(stage.provider.messages.isEmpty)
  }

  @Test("the third entry may still be the right one", arguments: StoreEngine.allCases)
  func thirdEntry(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    let app = ScriptedApp(
      stage.provider, starts: [.number("12"), .number("a"), .number(FlowStage.lorant)])
    let result = try await stage.run(app) { $0.phoneNumber = nil }
    #expect(result.status.success == .true)
  }

  @Test("a number that no SMS reaches is asked for again", arguments: StoreEngine.allCases)
  func undeliverable(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    let bertie = try PhoneNumber(FlowStage.bertie)
    stage.provider.set { $0.undeliverable = [bertie] }
    let app = ScriptedApp(
      stage.provider, starts: [.number(FlowStage.bertie), .number(FlowStage.lorant)])
    let result = try await stage.run(app) { $0.phoneNumber = nil }
    #expect(result.status.success == .true)
    #expect(
      app.steps == [.start(needed: true, nil), .start(needed: true, .undeliverable), .finish(nil)])
    #expect(stage.provider.recipients == ["+12001004014"])
  }

  @Test("a number given where none was asked for is not used", arguments: StoreEngine.allCases)
  func unasked(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    let app = ScriptedApp(stage.provider, starts: [.number(FlowStage.bertie)])
    let result = try await stage.run(app)
    #expect(result.status.success == .true)
    #expect(stage.provider.recipients == ["+12001004014"])
  }

  @Test(
    "resend: a new code to the same number, and only the last code counts",
    arguments: StoreEngine.allCases)
  func resend(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    let app = ScriptedApp(stage.provider, finishes: [.resend, .resend, .sentCode])
    let result = try await stage.run(app)
    #expect(result.status.success == .true)
    #expect(app.steps == [.start(needed: false, nil), .finish(nil), .finish(nil), .finish(nil)])
    #expect(stage.provider.recipients == Array(repeating: "+12001004014", count: 3))
    let other = try await FlowStage(on: engine)
    let late = ScriptedApp(other.provider, finishes: [.resend, .code("400077")])
    #expect(try await other.run(late).status.evaluation.reason == "otpFailed")
  }

  @Test("a fourth SMS is not sent and ends the flow", arguments: StoreEngine.allCases)
  func threeSends(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    let app = ScriptedApp(stage.provider, finishes: [.resend, .resend, .resend, .sentCode])
    try expectFalse(try await stage.run(app), "smsSendsExhausted", on: stage)
    #expect(stage.provider.messages.count == 3)
  }

  @Test(
    "retry: a wrong code may be entered again, three times in all", arguments: StoreEngine.allCases)
  func retry(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    let app = ScriptedApp(stage.provider, finishes: [.code("0"), .code("1"), .sentCode])
    let result = try await stage.run(app) { $0.allowOTPRetry = true }
    #expect(result.status.success == .true)
    #expect(
      app.steps == [
        .start(needed: false, nil), .finish(nil), .finish(.incorrect), .finish(.incorrect),
      ])
    #expect(app.finishCount == 1)
  }

  @Test(
    "the third wrong code ends the flow, also with another SMS in between",
    arguments: StoreEngine.allCases)
  func threeCodes(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    let app = ScriptedApp(
      stage.provider, finishes: [.code("0"), .resend, .code("1"), .code("2"), .sentCode])
    let result = try await stage.run(app) { $0.allowOTPRetry = true }
    try expectFalse(result, "otpFailed", on: stage)
    #expect(result.status.phoneNumber == "+12001004014")
    #expect(app.steps.count == 5)
    #expect(app.finishCount == 1)
  }

  @Test("without allowOTPRetry the first wrong code ends the flow", arguments: StoreEngine.allCases)
  func oneCode(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    let app = ScriptedApp(stage.provider, finishes: [.code("1"), .sentCode])
    try expectFalse(try await stage.run(app), "otpFailed", on: stage)
    #expect(app.steps.count == 2)
  }

  @Test(
    "number change: the number is asked for again and the code goes to the new one",
    arguments: StoreEngine.allCases)
  func numberChange(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    let app = ScriptedApp(
      stage.provider, starts: [.number(FlowStage.bertie), .number(FlowStage.lorant)],
      finishes: [.changeNumber, .sentCode])
    let result = try await stage.run(app) { $0.phoneNumber = nil }
    #expect(result.status.success == .true)
    #expect(result.status.phoneNumber == "+12001004014")
    #expect(
      app.steps == [
        .start(needed: true, nil), .finish(nil), .start(needed: true, nil), .finish(nil),
      ])
    #expect(stage.provider.recipients == ["+2001004025", "+12001004014"])
  }

  @Test(
    "a number other than the one the request named proves nothing, and makes no key",
    arguments: StoreEngine.allCases)
  func otherNumber(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    let app = ScriptedApp(
      stage.provider, starts: [.number(nil), .number(FlowStage.bertie)],
      finishes: [.changeNumber, .sentCode])
    let result = try await stage.run(app)
    try expectFalse(result, "phoneMismatch", on: stage)
    #expect(try await stage.count(.bound) == 0)
  }

  @Test(
    "a code is accepted until two minutes after the SMS, and no longer",
    arguments: StoreEngine.allCases)
  func expiry(engine: StoreEngine) async throws {
    for (milliseconds, isInTime) in [(-1, true), (0, false)] as [(Int64, Bool)] {
      let stage = try await FlowStage(on: engine)
      let clock = stage.clock
      let app = ScriptedApp(
        stage.provider,
        atStep: { run in
          if run == .finish(nil) { clock.advance(seconds: 120, milliseconds: milliseconds) }
        })
      let result = try await stage.run(app)
      #expect(result.status.success == (isInTime ? .true : .false))
      #expect(result.status.evaluation.reason == (isInTime ? "noKey" : "otpExpired"))
    }
  }

  @Test("another SMS makes the two minutes begin anew", arguments: StoreEngine.allCases)
  func expiryAfterResend(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    let clock = stage.clock
    let app = ScriptedApp(
      stage.provider, finishes: [.resend, .sentCode],
      atStep: { run in if run == .finish(nil) { clock.advance(seconds: 110) } })
    #expect(try await stage.run(app).status.success == .true)
  }

  @Test(
    "the code has as many digits as the text has marks, and stands in their place",
    arguments: StoreEngine.allCases, [("####", 4), ("######", 6)])
  func message(engine: StoreEngine, form: (marks: String, digits: Int)) async throws {
    let stage = try await FlowStage(on: engine)
    let app = ScriptedApp(stage.provider)
    _ = try await stage.run(app) { $0.smsMessage = "Code \(form.marks), please" }
    #expect(stage.provider.lastCode.count == form.digits)
    #expect(stage.provider.messages.last?.text == "Code \(stage.provider.lastCode), please")
  }

  @Test(
    "guesses sent at once are looked at one by one, as the attempts allow",
    arguments: StoreEngine.allCases)
  func guessesAtOnce(engine: StoreEngine) async throws {
    let stage = try await FlowStage(on: engine)
    // A forced check on a key that is there already concludes with the code itself.
    let id = try await stage.enrol(FlowStage.bertie)
    let response = try await stage.unify { $0.rebind = true }
    let device = GuessingDevice(service: stage.service, provider: stage.provider)
    let counts = try await device.run(
      response.authToken, vault: stage.vault, scope: try FlowStage.scope())
    #expect(counts.looked == 1)
    #expect(counts.refused == 15)
    let status = try await stage.status(response)
    let number = try await stage.registration(id)?.binding?.phoneNumber.e164
    // Whatever guess came first decides, and status and registration say the same of it.
    #expect(number == (status.success == .true ? "+12001004014" : "+2001004025"))
  }
}
