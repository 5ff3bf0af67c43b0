import CampaignSupport
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyVault
import ProveUnify
import Testing

/// The rules of a key's life, seen through whole flows.
@Suite("the life of a key through the flow", .inTurn)
struct KeyLifeTests {
  private func persistent(
    _ policy: RegistryPolicy? = nil, visitor: String? = "browser"
  ) async throws -> FlowStage {
    try await FlowStage(
      policy: try policy ?? RegistryPolicy(keyPersistence: true), visitor: visitor)
  }

  // MARK: A key that is there

  @Test("a key for the same number is enough: no step but the finish step runs (R4, D10)")
  func enough() async throws {
    let stage = try await FlowStage()
    let id = try await stage.enrol()
    let before = try await stage.registration(id)?.lastAuthenticatedAt
    stage.clock.advance(seconds: 60)
    let app = ScriptedApp(stage.provider)
    let result = try await stage.run(app, ways: [.mobileAuth, .otp])
    #expect(result.status.deviceID == id)
    #expect(result.status.evaluation.possession == .none)
    #expect(app.steps.isEmpty)
    #expect(app.finishCount == 1)
    #expect(try await stage.registration(id)?.lastAuthenticatedAt != before)
  }

  @Test("another number ends in success false and leaves binding and key as they were (R6, D8)")
  func otherNumber() async throws {
    let stage = try await FlowStage()
    let id = try await stage.enrol()
    let before = try await stage.registration(id)
    let result = try await stage.run { $0.phoneNumber = FlowStage.bertie }
    #expect(result.status.success == .false)
    #expect(result.status.evaluation.reason == "phoneMismatch")
    #expect(result.status.evaluation.row == .d8)
    #expect(result.status.phoneNumber == "+2001004025")
    #expect(try await stage.registration(id) == before)
    #expect(try await stage.run().status.evaluation.row == .d10)
  }

  @Test("rebind proves possession and moves the same key to the other number (R7, D4)")
  func rebind() async throws {
    let stage = try await FlowStage()
    let id = try await stage.enrol()
    let app = ScriptedApp(stage.provider)
    let result = try await stage.run(app) {
      $0.phoneNumber = FlowStage.bertie
      $0.rebind = true
    }
    #expect(result.status.success == .true)
    #expect(result.status.deviceID == id)
    #expect(result.status.phoneNumber == "+2001004025")
    #expect(app.steps.count == 2)
    #expect(try stage.keys.count == 1)
    #expect(try await stage.run().status.evaluation.reason == "phoneMismatch")
  }

  @Test("a rebind whose check fails leaves the old binding in force (R7)")
  func rebindFails() async throws {
    let stage = try await FlowStage()
    let id = try await stage.enrol()
    let before = try await stage.registration(id)?.binding
    let result = try await stage.run(ScriptedApp(stage.provider, finishes: [.code("1")])) {
      $0.phoneNumber = FlowStage.bertie
      $0.rebind = true
    }
    #expect(result.status.success == .false)
    #expect(try await stage.registration(id)?.binding == before)
  }

  @Test("a revoked key gets 8019, the device drops it, and the next flow makes a new one (R9, D2)")
  func revoked() async throws {
    let stage = try await FlowStage()
    let id = try await stage.enrol()
    try await stage.registry.revoke(id)
    let response = try await stage.unify { $0.rebind = true }
    let app = ScriptedApp(stage.provider)
    let outcome = try await stage.authenticator(app).authenticate(response.authToken)
    #expect(outcome.isAuthenticated == false)
    #expect(app.steps.isEmpty)
    #expect(app.finishCount == 1)
    let error = await #expect(throws: UnifyError.self) { try await stage.status(response) }
    #expect(error?.code == 8019)
    #expect(error?.message == "device has been revoked")
    let evaluation = try await stage.service.evaluation(of: response.correlationID.rawValue)
    #expect(evaluation.row == .d2)
    #expect(try stage.keys.isEmpty)
    let next = try await stage.enrol()
    #expect(next != id)
  }

  @Test("twelve months without use: a new key after possession, the old one is tombstoned (D7)")
  func inactive() async throws {
    let stage = try await FlowStage()
    let old = try await stage.enrol()
    stage.clock.advance(months: 12)
    let app = ScriptedApp(stage.provider)
    let result = try await stage.run(app)
    #expect(result.status.evaluation.row == .d7)
    #expect(app.steps.count == 2)
    #expect(result.status.deviceID != old)
    #expect(try stage.keys.map(\.deviceID) == [result.status.deviceID])
    guard case .revoked(let revocation) = try await stage.registration(old)?.state else {
      Issue.record("the old registration lives on")
      return
    }
    #expect(revocation.cause == .deactivated)
  }

  @Test("an inactive key whose possession check fails is not tombstoned")
  func inactiveFails() async throws {
    let stage = try await FlowStage()
    let old = try await stage.enrol()
    stage.clock.advance(months: 12)
    let result = try await stage.run(ScriptedApp(stage.provider, finishes: [.code("1")]))
    #expect(result.status.success == .false)
    #expect(try await stage.registration(old)?.isRevoked == false)
  }

  @Test("a binding older than the policy allows is proven again, for the same number only (D9)")
  func tooOld() async throws {
    let policy = try RegistryPolicy(maximumBindingAge: .seconds(3600))
    let stage = try await FlowStage(policy: policy)
    let id = try await stage.enrol()
    stage.clock.advance(seconds: 3601)
    let other = ScriptedApp(stage.provider, starts: [.number(FlowStage.bertie)])
    let refused = try await stage.run(other) { $0.phoneNumber = nil }
    #expect(refused.status.evaluation.row == .d9)
    #expect(refused.status.evaluation.reason == "phoneMismatch")
    let app = ScriptedApp(stage.provider)
    let result = try await stage.run(app)
    #expect(result.status.success == .true)
    #expect(result.status.deviceID == id)
    #expect(app.steps.count == 2)
    #expect(try await stage.run().status.evaluation.row == .d10)
  }

  @Test("a key that is not registered here is placed anew after possession (D5)")
  func unknown() async throws {
    let stage = try await FlowStage()
    // As when the registration was erased: the vault has a placed key, the server has none.
    let id = try stage.vault.placeKey(in: try FlowStage.scope()).deviceID
    try stage.vault.confirmKey(id, in: try FlowStage.scope())
    let app = ScriptedApp(stage.provider)
    let result = try await stage.run(app)
    #expect(result.status.evaluation.row == .d5)
    #expect(app.steps.count == 2)
    #expect(try stage.keys.map(\.deviceID) == [result.status.deviceID])
    #expect(result.status.deviceID != id)
  }

  @Test("a key that was unbound is bound again under its deviceId (D6)")
  func unbound() async throws {
    let stage = try await FlowStage()
    let id = try await stage.enrol()
    try await stage.registry.unbind(id)
    let result = try await stage.run { $0.phoneNumber = FlowStage.bertie }
    #expect(result.status.evaluation.row == .d6)
    #expect(result.status.deviceID == id)
    #expect(result.status.phoneNumber == "+2001004025")
  }

  // MARK: Recovery

  @Test("lost key, stored deviceId: restored without possession under a new key (D12, R13)")
  func recoverStored() async throws {
    let stage = try await persistent()
    let id = try await stage.enrol()
    let before = try await stage.registration(id)?.publicKey
    try stage.evict()
    let app = ScriptedApp(stage.provider)
    let result = try await stage.run(app) { $0.deviceID = id.rawValue }
    #expect(result.status.evaluation.row == .d12)
    #expect(result.status.deviceID == id)
    #expect(app.steps.isEmpty)
    #expect(try await stage.registration(id)?.publicKey != before)
    #expect(try stage.keys.map(\.deviceID) == [id])
    #expect(try await stage.run().status.evaluation.row == .d10)
  }

  @Test("lost key, stored deviceId of another number: success false (D12)")
  func recoverMismatch() async throws {
    let stage = try await persistent()
    let id = try await stage.enrol()
    try stage.evict()
    let result = try await stage.run {
      $0.deviceID = id.rawValue
      $0.phoneNumber = FlowStage.bertie
    }
    #expect(result.status.evaluation.row == .d12)
    #expect(result.status.evaluation.reason == "phoneMismatch")
  }

  @Test("recovery overrides neither revocation nor inactivity (D13, R13)")
  func noRevival() async throws {
    let stage = try await persistent()
    let id = try await stage.enrol()
    try stage.evict()
    stage.clock.advance(months: 12)
    let inactive = try await stage.run(ScriptedApp(stage.provider, finishes: [.code("1")])) {
      $0.deviceID = id.rawValue
    }
    #expect(inactive.status.evaluation.row == .d13)
    try await stage.registry.revoke(id)
    let app = ScriptedApp(stage.provider)
    let revoked = try await stage.run(app) { $0.deviceID = id.rawValue }
    #expect(revoked.status.evaluation.row == .d13)
    #expect(revoked.status.evaluation.reason == "storedDeviceRevoked")
    #expect(app.steps.count == 2)
    #expect(revoked.status.deviceID != id)
  }

  @Test(
    "persistence off, or no visitor: possession and a new registration (D11)",
    arguments: [true, false])
  func noPersistence(hasVisitor: Bool) async throws {
    let stage =
      hasVisitor
      ? try await FlowStage(visitor: "browser") : try await persistent(visitor: nil)
    let id = try await stage.enrol()
    try stage.evict()
    let result = try await stage.run { $0.deviceID = id.rawValue }
    #expect(result.status.evaluation.row == .d11)
    #expect(result.status.deviceID != id)
  }

  @Test(
    "a visitor ID alone restores nothing, unless the policy says so and one fits (D14)",
    arguments: [true, false])
  func visitorAlone(isAllowed: Bool) async throws {
    let stage = try await persistent(
      try RegistryPolicy(keyPersistence: true, recoversByVisitorAlone: isAllowed))
    let id = try await stage.enrol()
    try stage.evict()
    let app = ScriptedApp(stage.provider)
    let result = try await stage.run(app) { $0.phoneNumber = nil }
    #expect(result.status.evaluation.row == .d14)
    #expect(app.steps.isEmpty == isAllowed)
    #expect((result.status.deviceID == id) == isAllowed)
  }

  @Test("a lost key's number with no, one and several candidates (D15, D16, D17)")
  func candidates() async throws {
    let stage = try await persistent()
    let first = try await stage.run()
    #expect(first.status.evaluation.row == .d15)
    try stage.evict()
    let one = try await stage.run()
    #expect(one.status.evaluation.row == .d16)
    #expect(one.status.deviceID == first.status.deviceID)
    // A second registration of the same visitor and number, used later.
    try stage.evict()
    stage.clock.advance(seconds: 60)
    let second = try await stage.run { $0.rebind = true }
    #expect(second.status.evaluation.row == .d4)
    #expect(second.status.deviceID != first.status.deviceID)
    try stage.evict()
    let several = try await stage.run()
    #expect(several.status.evaluation.row == .d17)
    #expect(several.status.deviceID == second.status.deviceID)
  }

  @Test("with several candidates the policy may choose none (D17)")
  func ambiguous() async throws {
    let stage = try await persistent(
      try RegistryPolicy(keyPersistence: true, selection: .none))
    _ = try await stage.run()
    try stage.evict()
    _ = try await stage.run { $0.rebind = true }
    try stage.evict()
    let app = ScriptedApp(stage.provider)
    let result = try await stage.run(app)
    #expect(result.status.evaluation.row == .d17)
    #expect(result.status.evaluation.reason == "ambiguous")
    #expect(app.steps.count == 2)
  }
}
