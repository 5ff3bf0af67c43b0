import CampaignSupport
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import ProveKeyVault
import ProveUnify
import Testing

/// Two that want the same at once: one wins, the other is told why it did not.
@Suite("races", .inTurn)
struct RaceTests {
  let stage: FlowStage

  init() async throws { stage = try await FlowStage() }

  /// A device's side of a flow, held just before the reply that concludes it.
  private func hold(
    _ change: (inout UnifyRequest) -> Void
  ) async throws -> (response: UnifyResponse, authID: String, code: String) {
    let response = try await stage.unify(change)
    let device = GuessingDevice(service: stage.service, provider: stage.provider)
    let authID = try await device.reachCode(
      response.authToken, vault: stage.vault, scope: try FlowStage.scope())
    return (response, authID, stage.provider.lastCode)
  }

  @Test("two rebinds at once: one moves the key, the other ends as planStale")
  func rebinds() async throws {
    let id = try await stage.enrol()
    for _ in 0..<10 {
      let lorant = try await hold { $0.rebind = true }
      let bertie = try await hold {
        $0.rebind = true
        $0.phoneNumber = FlowStage.bertie
      }
      let service = stage.service
      async let first = service.reply(.code(lorant.code), authID: lorant.authID)
      async let second = service.reply(.code(bertie.code), authID: bertie.authID)
      _ = try await (first, second)
      let answers = [
        try await stage.status(lorant.response), try await stage.status(bertie.response),
      ]
      let winners = answers.filter { $0.success == .true }
      #expect(winners.count == 1)
      #expect(answers.first { $0.success == .false }?.evaluation.reason == "planStale")
      let bound = try await stage.registration(id)?.binding?.phoneNumber.e164
      #expect(bound == winners.first?.phoneNumber)
    }
  }

  @Test("a revocation between decision and effect wins: 8019, and the device drops the key")
  func revokeDuringAuthenticate() async throws {
    let id = try await stage.enrol()
    let registry = stage.registry
    stage.store.beforeNextChange { _ throws(RegistryError) in try await registry.revoke(id) }
    let response = try await stage.unify()
    let outcome = try await stage.authenticator(ScriptedApp(stage.provider))
      .authenticate(response.authToken)
    #expect(outcome.isAuthenticated == false)
    #expect(outcome.reason == "revoked")
    await #expect(throws: UnifyError.deviceRevoked) { try await stage.status(response) }
    #expect(try await stage.registration(id)?.isRevoked == true)
    #expect(try stage.keys.isEmpty)
  }

  @Test("a revocation while a rebind is under way wins")
  func revokeDuringRebind() async throws {
    let id = try await stage.enrol()
    let held = try await hold {
      $0.rebind = true
      $0.phoneNumber = FlowStage.bertie
    }
    try await stage.registry.revoke(id)
    let step = try await stage.service.reply(.code(held.code), authID: held.authID)
    guard case .finished(let finish) = step else {
      Issue.record("the flow goes on")
      return
    }
    #expect(finish.dropsPresentedKey)
    await #expect(throws: UnifyError.deviceRevoked) { try await stage.status(held.response) }
  }

  @Test("a wrong code that arrives while the right one takes effect is refused")
  func wrongBesideRight() async throws {
    let id = try await stage.enrol()
    let held = try await hold {
      $0.rebind = true
      $0.phoneNumber = FlowStage.bertie
    }
    let service = stage.service
    let answer = Locked<UnifyError?>(nil)
    stage.store.beforeNextChange { [authID = held.authID] _ throws(RegistryError) in
      do throws(UnifyError) { _ = try await service.reply(.code("1"), authID: authID) } catch {
        answer.withLock { $0 = error }
      }
    }
    let step = try await service.reply(.code(held.code), authID: held.authID)
    #expect(step.isFinished)
    #expect(answer.withLock { $0 } == .stepNotAllowed)
    #expect(try await stage.status(held.response).success == .true)
    #expect(try await stage.registration(id)?.binding?.phoneNumber.e164 == "+2001004025")
  }

  @Test("a plan made stale by an unbinding ends with that reason and changes nothing")
  func stale() async throws {
    let id = try await stage.enrol()
    let held = try await hold { $0.rebind = true }
    try await stage.registry.unbind(id)
    _ = try await stage.service.reply(.code(held.code), authID: held.authID)
    let status = try await stage.status(held.response)
    #expect(status.success == .false)
    #expect(status.evaluation.reason == "planStale")
    #expect(try await stage.registration(id)?.binding == nil)
  }

  @Test("an authToken used many times at once works once")
  func authToken() async throws {
    for _ in 0..<5 {
      let response = try await stage.unify()
      let service = stage.service
      let start = DeviceStart(
        authToken: response.authToken, abilities: [.otp], buildConfig: .usUAT)
      let wins = await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<8 {
          group.addTask {
            do {
              _ = try await service.start(start)
              return true
            } catch { return false }  // the token was used
          }
        }
        return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(wins == 1)
    }
  }

  @Test(
    "the same reply many times at once has one effect, and the rest is told stepNotAllowed",
    arguments: ["presented", "consent", "offered"])
  func replies(kind: String) async throws {
    let id: DeviceID? = kind == "presented" ? try await stage.enrol() : nil
    let sent = stage.provider.messages.count
    let service = stage.service
    let vault = stage.vault
    let scope = try FlowStage.scope()
    let response = try await stage.unify()
    var (authID, step) = try await service.start(
      DeviceStart(
        authToken: response.authToken, abilities: [.otp], buildConfig: .usUAT))
    var reply = DeviceReply.presented(nil)
    while true {
      switch step {
      case .presentKey(let challenge):
        reply = .presented(
          try id.map { try vault.sign(challenge.bytes, with: $0) })
        if kind == "presented" { break }
        step = try await service.reply(reply, authID: authID)
        continue
      case .startOTP:
        reply = .consent(phoneNumber: nil)
        if kind == "consent" { break }
        step = try await service.reply(reply, authID: authID)
        continue
      case .finishOTP:
        step = try await service.reply(.code(stage.provider.lastCode), authID: authID)
        continue
      case .offerKey(let challenge, _):
        reply = .offered(try vault.offer(try vault.placeKey(in: scope), for: challenge.bytes))
      default: throw StageError(text: "an unexpected step")
      }
      break
    }
    let errors = await withTaskGroup(of: UnifyError?.self) { [reply, authID] group in
      for _ in 0..<8 {
        group.addTask {
          do throws(UnifyError) {
            _ = try await service.reply(reply, authID: authID)
            return nil
          } catch { return error }
        }
      }
      return await group.reduce(into: [UnifyError?]()) { $0.append($1) }
    }
    #expect(errors.count { $0 == nil } == 1)
    #expect(errors.allSatisfy { $0 == nil || $0 == .stepNotAllowed })
    switch kind {
    case "consent": #expect(stage.provider.messages.count == sent + 1)
    case "offered":
      #expect(try await stage.status(response).success == .true)
      #expect(try await stage.count(.bound) == 1)
    default:
      #expect(try await stage.status(response).success == .true)
      #expect(try await stage.status(response).deviceID == id)
    }
  }

  @Test("unify-bind twice at once binds once, and status agrees with the registration")
  func binds() async throws {
    for number in [FlowStage.lorant, FlowStage.bertie] {
      let response = try await stage.unify {
        $0.possessionType = "none"
        $0.phoneNumber = nil
      }
      let outcome = try await stage.authenticator(ScriptedApp(stage.provider))
        .authenticate(response.authToken)
      _ = try await stage.status(response)
      let service = stage.service
      let request = UnifyBindRequest(
        correlationID: response.correlationID.rawValue, phoneNumber: number)
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<6 {
          group.addTask {
            do { _ = try await service.unifyBind(request) } catch {
              #expect(error as? UnifyError == .stepNotAllowed)
            }
          }
        }
      }
      let status = try await stage.status(response)
      #expect(status.success == .true)
      #expect(
        try await stage.registration(outcome.deviceID)?.binding?.phoneNumber.e164
          == status.phoneNumber)
      try stage.evict()
    }
  }

  @Test("status asked many times at once gives one answer and no error")
  func statuses() async throws {
    let response = try await stage.unify { $0.possessionType = "none" }
    _ = try await stage.authenticator(ScriptedApp(stage.provider))
      .authenticate(response.authToken)
    let service = stage.service
    let request = UnifyStatusRequest(correlationID: response.correlationID.rawValue)
    try await withThrowingTaskGroup(of: UnifySuccess.self) { group in
      for _ in 0..<8 { group.addTask { try await service.unifyStatus(request).success } }
      for try await success in group { #expect(success == .possessionRequired) }
    }
  }

  @Test("a link opened while the device keeps looking is not lost")
  func linkWhileLooking() async throws {
    for _ in 0..<10 {
      let response = try await stage.unify {
        $0.possessionType = "desktop"
        $0.finalTargetURL = "https://shop.example"
      }
      let service = stage.service
      let provider = stage.provider
      let authID = try await service.start(
        DeviceStart(
          authToken: response.authToken, abilities: [.instantLink],
          buildConfig: .usUAT)
      ).authID
      _ = try await service.reply(.consent(phoneNumber: nil), authID: authID)
      async let opening = service.openInstantLink(provider.lastLinkToken)
      var step = DeviceStep.awaitInstantLink
      while !step.isFinished { step = try await service.reply(.waiting, authID: authID) }
      #expect(try await opening == "https://shop.example")
      #expect(try await stage.status(response).success == .true)
    }
  }

  @Test("two flows of one device at once end with one key that works")
  func twoTabs() async throws {
    let one = try await hold { _ in }
    let service = stage.service
    // The second tab enrols the device's pending key while the first waits for its code.
    let scope = try FlowStage.scope()
    let pending = try stage.vault.placeKey(in: scope)
    let id = try await stage.enrol()
    #expect(id == pending.deviceID)
    let step = try await service.reply(.code(one.code), authID: one.authID)
    guard case .offerKey(let challenge, _) = step else {
      Issue.record("no key is asked for")
      return
    }
    let offer = try stage.vault.offer(pending, for: challenge.bytes)
    let last = try await service.reply(.offered(offer), authID: one.authID)
    #expect(last.isFinished)
    #expect(try await stage.status(one.response).evaluation.reason == "planStale")
    #expect(try await stage.run().status.evaluation.row == .d10)
    #expect(try stage.keys.count == 1)
  }
}
