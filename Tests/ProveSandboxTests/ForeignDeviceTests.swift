#if Sandbox
  import Foundation
  import ProveDeviceRegistry
  import ProveKeyModel
  import ProveKeySealing
  import ProveKeyVault
  import ProveUnify
  import Testing

  /// Somebody who knows the deviceId of another person's key, over HTTP.
  @Suite("someone else's deviceId")
  struct ForeignDeviceTests {
    static let victim = "2001004014"
    static let attacker = "+2001004025"

    /// A sandbox with the victim's key in it.
    private struct Scene {
      let sandbox: SandboxProcess
      let integrator: Integrator
      let stolen: String

      init(on engine: SandboxEngine) async throws {
        sandbox = try engine.start()
        integrator = try await Integrator(sandbox)
        let flow = try await integrator.unify(
          "\"possessionType\":\"mobile\",\"phoneNumber\":\"\(victim)\"")
        let run = try sandbox.authenticate(
          flow.authToken, ["--otp", "1234", "--visitor", "victim"], vault: "victim")
        stolen = try #require(run.deviceID)
      }

      /// Runs a flow of the attacker's, who sends the victim's deviceId along.
      func attack(
        as phone: String, _ code: String, visitor: String
      ) async throws -> (run: SandboxProcess.DeviceRun, status: [String: JSON]) {
        let flow = try await integrator.unify(
          "\"possessionType\":\"mobile\",\"phoneNumber\":\"\(phone)\",\"deviceId\":\"\(stolen)\"")
        let run = try sandbox.authenticate(
          flow.authToken, ["--otp", code, "--visitor", visitor],
          vault: "attacker" + UUID().uuidString)
        return (run, try await integrator.status(flow.correlationID).json)
      }

      /// The victim's key is enough as before, under its id and for its number.
      func expectUnharmed(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let flow = try await integrator.unify(
          "\"possessionType\":\"mobile\",\"phoneNumber\":\"\(victim)\"")
        let run = try sandbox.authenticate(flow.authToken, ["--otp", "1111"], vault: "victim")
        #expect(
          run.success == "true" && run.deviceID == stolen, "\(run)",
          sourceLocation: sourceLocation)
        let status = try await integrator.status(flow.correlationID).json
        #expect(
          status["evaluation"]?["proveKey"]?["row"]?.text == "D10", sourceLocation: sourceLocation)
        #expect(status["phoneNumber"]?.text == "+1" + victim, sourceLocation: sourceLocation)
      }
    }

    @Test(
      "sent as the stored deviceId it restores nothing: not to another browser, nor another number",
      arguments: SandboxEngine.allCases)
    func stored(on engine: SandboxEngine) async throws {
      let scene = try await Scene(on: engine)
      let own = try await scene.attack(as: Self.attacker, "1234", visitor: "attacker")
      #expect(own.status["success"]?.text == "true")
      #expect(own.status["deviceId"]?.text != scene.stolen)
      #expect(own.status["evaluation"]?["proveKey"]?["row"]?.text == "D13")
      #expect(
        own.status["evaluation"]?["proveKey"]?["reason"]?.text == "storedDeviceNotCandidate")

      let guessed = try await scene.attack(as: Self.victim, "1111", visitor: "attacker")
      #expect(guessed.status["success"]?.text == "false")
      #expect(guessed.status["deviceId"] == nil && guessed.run.deviceID == nil)

      // Fingerprints collide: the visitor is taken for the victim, the number is not.
      let collided = try await scene.attack(as: Self.attacker, "1234", visitor: "victim")
      #expect(collided.status["success"]?.text == "false")
      #expect(collided.status["evaluation"]?["proveKey"]?["row"]?.text == "D12")
      #expect(collided.status["evaluation"]?["proveKey"]?["reason"]?.text == "phoneMismatch")
      try await scene.expectUnharmed()
    }

    @Test(
      "a key of one's own under it is neither believed nor taken, and the victim's stays",
      arguments: SandboxEngine.allCases)
    func claimed(on engine: SandboxEngine) async throws {
      let scene = try await Scene(on: engine)
      let id = try #require(DeviceID(scene.stolen))
      let vault = try KeyVault.open(
        at: scene.sandbox.folder + "/own.vault", unlock: .rawKey(try RawKey.random()))
      let key = try vault.placeKey(
        in: KeyScope(buildConfig: .usUAT, origin: "https://sandbox.example"), as: id)
      let server = HTTPTransport(to: try #require(URL(string: scene.sandbox.url)))
      let flow = try await scene.integrator.unify(
        "\"possessionType\":\"mobile\",\"phoneNumber\":\"\(Self.attacker)\"")
      var (authID, step) = try await server.start(
        DeviceStart(authToken: flow.authToken, abilities: [.otp], buildConfig: .usUAT))
      // Signed by the attacker in the victim's name, as often as the server asks.
      var presentations = 0
      while let challenge = step.presentation {
        step = try await server.reply(
          .presented(try vault.sign(challenge.bytes, with: key)), authID: authID)
        presentations += 1
      }
      #expect(presentations == UnifyLimits.keyPresentations)
      #expect(step == .startOTP(phoneNumberNeeded: false, nil))
      _ = try await server.reply(.consent(phoneNumber: nil), authID: authID)
      step = try await server.reply(.code("1234"), authID: authID)
      guard case .offerKey(let challenge, as: nil) = step else {
        Issue.record("no key is asked for: \(step)")
        return
      }
      // The id is in use: the server names another one, and ends the flow when it is not taken.
      step = try await server.reply(
        .offered(try vault.offer(key, for: challenge.bytes)), authID: authID)
      guard case .offerKey(let second, as: let other?) = step else {
        Issue.record("no other id is given: \(step)")
        return
      }
      #expect(other != id)
      step = try await server.reply(
        .offered(try vault.offer(key, for: second.bytes)), authID: authID)
      guard case .finished(let finish) = step else {
        Issue.record("the flow goes on: \(step)")
        return
      }
      #expect(finish.isAuthenticated == false && finish.deviceID == nil)
      #expect(finish.reason == "planStale")
      try vault.close()
      let status = try await scene.integrator.status(flow.correlationID).json
      #expect(status["success"]?.text == "false" && status["deviceId"] == nil)
      try await scene.expectUnharmed()
    }
  }

  extension DeviceStep {
    /// The challenge, where a key is to be presented.
    fileprivate var presentation: Challenge? {
      switch self {
      case .presentKey(let challenge), .presentAnotherKey(let challenge): challenge
      default: nil
      }
    }
  }
#endif
