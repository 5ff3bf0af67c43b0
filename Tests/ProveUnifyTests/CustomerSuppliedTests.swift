import CampaignSupport
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyVault
import ProveUnify
import Testing

/// Possession that the integrator proves itself (R3).
@Suite("customer-supplied possession", .inTurn)
struct CustomerSuppliedTests {
  let stage: FlowStage

  init() async throws { stage = try await FlowStage() }

  /// Runs the device's side of a flow without possession check.
  private func begin(
    _ change: (inout UnifyRequest) -> Void = { _ in }
  ) async throws -> (UnifyResponse, AuthenticationOutcome) {
    let response = try await stage.unify {
      $0.possessionType = "none"
      change(&$0)
    }
    let app = ScriptedApp(stage.provider)
    let outcome = try await stage.authenticator(app).authenticate(response.authToken)
    #expect(app.steps.isEmpty)
    #expect(app.finishCount == 1)
    return (response, outcome)
  }

  @Test("the key is placed unbound; possession_required; unify-bind binds it")
  func bound() async throws {
    let (response, outcome) = try await begin()
    #expect(outcome.isAuthenticated == nil)
    #expect(try await stage.count(.placed) == 1)
    #expect(try stage.keys.map(\.state) == [.placed])
    let required = try await stage.status(response)
    #expect(required.success == .possessionRequired)
    #expect(required.deviceID == nil)
    #expect(required.phoneNumber == nil)
    #expect(try await stage.status(response) == required)
    let status = try await stage.bind(response)
    #expect(status.success == .true)
    #expect(status.deviceID == outcome.deviceID)
    #expect(status.phoneNumber == "+12001004014")
    #expect(status.evaluation.possession == .customer)
    #expect(try await stage.status(response) == status)
    // Asked again, as after a lost answer: the same.
    #expect(try await stage.bind(response) == status)
    let again = try await begin()
    #expect(again.1.isAuthenticated == true)
    #expect(try await stage.status(again.0).evaluation.row == .d10)
  }

  @Test("unify-bind before possession_required, or after the end, is 1003")
  func order() async throws {
    let early = try await stage.unify { $0.possessionType = "none" }
    await #expect(throws: UnifyError.stepNotAllowed) { try await stage.bind(early) }
    let (response, outcome) = try await begin()
    await #expect(throws: UnifyError.stepNotAllowed) { try await stage.bind(response) }
    #expect(try await stage.registration(outcome.deviceID)?.binding == nil)
    _ = try await stage.status(response)
    _ = try await stage.bind(response)
    await #expect(throws: UnifyError.stepNotAllowed) {
      try await stage.bind(response, FlowStage.bertie)
    }
    #expect(
      try await stage.registration(outcome.deviceID)?.binding?.phoneNumber.e164 == "+12001004014")
  }

  @Test("unify-bind of a flow whose possession Prove checks is 1003")
  func mobile() async throws {
    let response = try await stage.unify()
    _ = try await stage.status(response)
    await #expect(throws: UnifyError.stepNotAllowed) { try await stage.bind(response) }
    _ = try await stage.authenticator(ScriptedApp(stage.provider))
      .authenticate(response.authToken)
    await #expect(throws: UnifyError.stepNotAllowed) { try await stage.bind(response) }
  }

  @Test("a foreign correlationId is 8008, and the key stays unbound")
  func foreign() async throws {
    let (response, outcome) = try await begin()
    _ = try await stage.status(response)
    await #expect(throws: UnifyError.invalidCorrelationID) {
      try await stage.service.unifyBind(
        UnifyBindRequest(correlationID: "another", phoneNumber: FlowStage.lorant))
    }
    #expect(try await stage.registration(outcome.deviceID)?.binding == nil)
  }

  @Test("another number than the request named binds nothing; the key can be bound later (D6)")
  func wrongNumber() async throws {
    let (response, outcome) = try await begin()
    _ = try await stage.status(response)
    let status = try await stage.bind(response, FlowStage.bertie)
    #expect(status.success == .false)
    #expect(status.evaluation.reason == "phoneMismatch")
    #expect(status.deviceID == nil)
    #expect(try await stage.registration(outcome.deviceID)?.binding == nil)
    let (again, second) = try await begin()
    #expect(second.deviceID == outcome.deviceID)
    #expect(try await stage.status(again).success == .possessionRequired)
    #expect(try await stage.status(again).evaluation.row == .d6)
    #expect(try await stage.bind(again).deviceID == outcome.deviceID)
    #expect(try stage.keys.count == 1)
  }

  @Test("where the request named no number, unify-bind's number is bound")
  func noNumber() async throws {
    let (response, _) = try await begin { $0.phoneNumber = nil }
    _ = try await stage.status(response)
    let status = try await stage.bind(response, FlowStage.bertie)
    #expect(status.phoneNumber == "+2001004025")
  }

  @Test("fifteen minutes after unify it is too late to bind", arguments: [true, false])
  func tooLate(asksFirst: Bool) async throws {
    let (response, outcome) = try await begin()
    _ = try await stage.status(response)
    stage.clock.advance(seconds: 900)
    if asksFirst { #expect(try await stage.status(response).success == .false) }
    if asksFirst {
      await #expect(throws: UnifyError.stepNotAllowed) { try await stage.bind(response) }
    } else {
      #expect(try await stage.bind(response).success == .false)
    }
    #expect(try await stage.status(response).evaluation.reason == "sessionExpired")
    #expect(try await stage.registration(outcome.deviceID)?.binding == nil)
  }

  @Test("a placed key that is revoked before unify-bind cannot be bound")
  func revoked() async throws {
    let (response, outcome) = try await begin()
    _ = try await stage.status(response)
    try await stage.registry.revoke(#require(outcome.deviceID))
    await #expect(throws: UnifyError.deviceRevoked) { try await stage.bind(response) }
    await #expect(throws: UnifyError.deviceRevoked) { try await stage.status(response) }
  }

  @Test("a number of bad reputation is not bound")
  func reputation() async throws {
    let number = try PhoneNumber(FlowStage.lorant)
    stage.provider.set { $0.untrusted = [number] }
    let (response, outcome) = try await begin { $0.checkReputation = true }
    _ = try await stage.status(response)
    #expect(try await stage.bind(response).evaluation.reason == "reputation")
    #expect(try await stage.registration(outcome.deviceID)?.binding == nil)
  }
}
