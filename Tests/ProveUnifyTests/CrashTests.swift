import CampaignSupport
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyVault
import ProveUnify
import Testing

/// Enrolment in two phases, cut off at each of its four points; afterwards the device starts again
/// from its files and a new flow is run.
@Suite("a device that stops in the middle of enrolment", .inTurn)
struct CrashTests {
  /// Where the device stops.
  enum Point: CaseIterable {
    /// Before the key is durable in the vault.
    case beforeKey
    /// The key is durable, the server was not told.
    case beforeOffer
    /// The server has the key, its answer was lost.
    case answerLost
    /// The answer is durable, nothing after it was done.
    case afterConfirmation

    func arm(_ transport: ScriptedTransport) {
      switch self {
      case .beforeKey: transport.fail(.losing(\.isOfferKey))
      case .beforeOffer: transport.fail(.before(\.isOffered))
      case .answerLost: transport.fail(.losing(\.isFinished))
      case .afterConfirmation: break
      }
    }

    var reachesServer: Bool { self == .answerLost || self == .afterConfirmation }
  }

  /// Runs a flow that stops at the point, then starts device and server again.
  private func crash(
    _ stage: FlowStage, at point: Point, _ change: (inout UnifyRequest) -> Void = { _ in }
  ) async throws {
    point.arm(stage.transport)
    let expected: AuthenticationError =
      point == .afterConfirmation ? .finishStepFailed : .server(ScriptedTransport.lost)
    let app = ScriptedApp(stage.provider, failsAtFinish: true)
    await #expect(throws: expected) { try await stage.run(app, change) }
    try stage.restartDevice()
    try await stage.restartServer()
  }

  private func expectSettled(
    _ stage: FlowStage, _ result: FlowStage.Result,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    #expect(result.status.success == .true, sourceLocation: sourceLocation)
    #expect(result.outcome.isAuthenticated == true, sourceLocation: sourceLocation)
    let keys = try stage.keys
    #expect(keys.map(\.deviceID) == [result.status.deviceID], sourceLocation: sourceLocation)
    #expect(keys.map(\.state) == [.placed], sourceLocation: sourceLocation)
    let registration = try await stage.registration(result.status.deviceID)
    #expect(registration?.publicKey == keys.first?.publicKey, sourceLocation: sourceLocation)
    #expect(registration?.binding != nil, sourceLocation: sourceLocation)
    #expect(try stage.vault.verify().isSound, sourceLocation: sourceLocation)
    // And the key is enough from now on.
    let app = ScriptedApp(stage.provider)
    let again = try await stage.run(app)
    #expect(again.status.evaluation.row == .d10, sourceLocation: sourceLocation)
    #expect(again.status.deviceID == result.status.deviceID, sourceLocation: sourceLocation)
    #expect(app.steps.isEmpty, sourceLocation: sourceLocation)
  }

  @Test(
    "placing: the next flow ends authenticated with one key and one registration",
    arguments: Point.allCases)
  func placing(_ point: Point) async throws {
    let stage = try await FlowStage()
    try await crash(stage, at: point)
    #expect(try await stage.count(.bound) == (point.reachesServer ? 1 : 0))
    let app = ScriptedApp(stage.provider)
    let result = try await stage.run(app)
    #expect(app.steps.isEmpty == point.reachesServer)
    try await expectSettled(stage, result)
    #expect(try await stage.count(.bound) == 1)
  }

  @Test(
    "recovering: the registration keeps its deviceId and gets the new key once",
    arguments: Point.allCases)
  func recovering(_ point: Point) async throws {
    let stage = try await FlowStage(
      policy: try RegistryPolicy(keyPersistence: true), visitor: "browser")
    let id = try await stage.enrol()
    try stage.evict()
    try await crash(stage, at: point)
    let app = ScriptedApp(stage.provider)
    let result = try await stage.run(app)
    #expect(app.steps.isEmpty)
    #expect(result.status.deviceID == id)
    try await expectSettled(stage, result)
    #expect(try await stage.count(.bound) == 1)
  }

  @Test(
    "re-keying a copied key: the deviceId stays and no key is left over",
    arguments: Point.allCases)
  func rekeying(_ point: Point) async throws {
    let stage = try await FlowStage()
    let id = try await stage.enrol()
    try await forkVault(stage)
    try await crash(stage, at: point)
    let result = try await stage.run()
    #expect(result.status.deviceID == id)
    try await expectSettled(stage, result)
    #expect(try await stage.count(.bound) == 1)
  }

  @Test(
    "replacing an inactive key: the old one is tombstoned and its secret is gone",
    arguments: Point.allCases)
  func replacing(_ point: Point) async throws {
    let stage = try await FlowStage()
    let old = try await stage.enrol()
    stage.clock.advance(months: 12)
    try await crash(stage, at: point)
    let result = try await stage.run()
    #expect(result.status.deviceID != old)
    try await expectSettled(stage, result)
    #expect(try await stage.count(.bound) == 1)
    #expect(try await stage.registration(old)?.isRevoked == true)
  }

  @Test(
    "customer-supplied possession: the placed key is bound by the next flow",
    arguments: Point.allCases)
  func customerSupplied(_ point: Point) async throws {
    let stage = try await FlowStage()
    try await crash(stage, at: point) { $0.possessionType = "none" }
    let response = try await stage.unify { $0.possessionType = "none" }
    let outcome = try await stage.authenticator(ScriptedApp(stage.provider))
      .authenticate(response.authToken)
    #expect(outcome.isAuthenticated == nil)
    #expect(try await stage.status(response).success == .possessionRequired)
    let status = try await stage.bind(response)
    let result = FlowStage.Result(
      outcome: try await stage.run().outcome, status: status)
    try await expectSettled(stage, result)
    #expect(try await stage.count(.bound) == 1)
    #expect(try await stage.count(.placed) == 0)
  }

  @Test("a key left over from a recovery whose registration was revoked meanwhile does not block")
  func leftOverOfRevoked() async throws {
    let stage = try await FlowStage(
      policy: try RegistryPolicy(keyPersistence: true), visitor: "browser")
    let id = try await stage.enrol()
    try stage.evict()
    try await crash(stage, at: .beforeOffer)
    try await stage.registry.revoke(id)
    let result = try await stage.run()
    #expect(result.status.deviceID != id)
    try await expectSettled(stage, result)
  }

  @Test(
    "a key left over from an enrolment that never took effect goes once the key before it is used",
    arguments: [true, false])
  func leftOver(hasSameID: Bool) async throws {
    let stage = try await FlowStage()
    let id = try await stage.enrol()
    _ = try stage.vault.placeKey(in: try FlowStage.scope(), as: hasSameID ? id : nil)
    #expect(try stage.keys.count == 2)
    let app = ScriptedApp(stage.provider)
    let result = try await stage.run(app)
    #expect(result.status.evaluation.row == .d10)
    #expect(result.status.deviceID == id)
    #expect(app.steps.isEmpty)
    try await expectSettled(stage, result)
  }

  @Test("a registration that is revoked while its recovery is under way takes its new key along")
  func revokedDuringRecovery() async throws {
    let stage = try await FlowStage(
      policy: try RegistryPolicy(keyPersistence: true), visitor: "browser")
    let id = try await stage.enrol()
    try stage.evict()
    let registry = stage.registry
    stage.store.beforeNextChange { _ throws(RegistryError) in try await registry.revoke(id) }
    let response = try await stage.unify()
    let outcome = try await stage.authenticator(ScriptedApp(stage.provider))
      .authenticate(response.authToken)
    #expect(outcome.isAuthenticated == false)
    #expect(try stage.keys.isEmpty)
    await #expect(throws: UnifyError.deviceRevoked) { try await stage.status(response) }
    try await expectSettled(stage, try await stage.run())
  }

  @Test(
    "a re-keying that waits for unify-bind leaves the old key usable until then",
    arguments: [true, false])
  func rekeyingUnderNone(isBound: Bool) async throws {
    let stage = try await FlowStage()
    let id = try await stage.enrol()
    let before = try await stage.registration(id)?.publicKey
    try await forkVault(stage)
    let response = try await stage.unify { $0.possessionType = "none" }
    let outcome = try await stage.authenticator(ScriptedApp(stage.provider))
      .authenticate(response.authToken)
    #expect(outcome.isAuthenticated == nil)
    #expect(try await stage.status(response).success == .possessionRequired)
    if isBound {
      #expect(try await stage.bind(response).success == .true)
      #expect(try await stage.registration(id)?.publicKey != before)
    } else {
      #expect(try await stage.bind(response, FlowStage.bertie).success == .false)
      #expect(try await stage.registration(id)?.publicKey == before)
    }
    try stage.restartDevice()
    let result = try await stage.run()
    #expect(result.status.deviceID == id)
    try await expectSettled(stage, result)
  }

  @Test("a crash at every point in turn still ends with one key", arguments: [false, true])
  func repeatedly(persists: Bool) async throws {
    let stage = try await FlowStage(
      policy: try RegistryPolicy(keyPersistence: persists), visitor: "browser")
    try await crash(stage, at: .beforeOffer)
    try await crash(stage, at: .beforeKey)
    try await crash(stage, at: .beforeOffer)
    try await crash(stage, at: .answerLost)
    try await expectSettled(stage, try await stage.run())
    #expect(try await stage.count(.bound) == 1)
  }

  /// Uses a copy of the vault, then the original again: two copies of one key.
  private func forkVault(_ stage: FlowStage) async throws {
    try stage.backUpVault()
    for _ in 0..<2 {
      try await stage.run()
      try stage.restartDevice()
    }
    try stage.restoreVault()
  }
}
