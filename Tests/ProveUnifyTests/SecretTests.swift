import CampaignSupport
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import ProveKeyVault
import ProveUnify
import Testing

/// What can be printed of a flow, and what must not stand in it.
@Suite("descriptions carry no number, id, token or code", .inTurn)
struct SecretTests {
  /// Everything that Swift prints of a value.
  private func printed(_ value: Any) -> [String] {
    var dumped = ""
    dump(value, to: &dumped)
    var dumpedInside = ""
    dump([("value", value as Any?)], to: &dumpedInside)
    return [
      "\(value)", String(describing: value), String(reflecting: value), dumped, dumpedInside,
      "\([value])", "\(Optional.some(value) as Any)",
    ]
  }

  private func expectClean(
    _ value: Any, of secrets: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    for text in printed(value) {
      for (index, secret) in secrets.enumerated() {
        #expect(
          !text.contains(secret), "\(type(of: value)) shows secret \(index)",
          sourceLocation: sourceLocation)
      }
    }
  }

  @Test("all that was said in flows of every kind")
  func flows() async throws {
    let stage = try await FlowStage(visitor: "visitor-fingerprint")
    stage.provider.set { $0.link = .opened }
    let app = ScriptedApp(stage.provider)
    var values: [Any] = []
    var secrets = [
      "2001004014", "carrier", "visitor-fingerprint", "shop.example", "sandbox-US_UAT",
    ]
    let changes: [@Sendable (inout UnifyRequest) -> Void] = [
      { _ in }, { _ in }, { $0.phoneNumber = "+2001004025" },
      {
        $0.possessionType = "desktop"
        $0.finalTargetURL = "https://shop.example"
      },
      {
        $0.possessionType = "none"
        $0.rebind = true
      },
    ]
    for change in changes {
      var request = UnifyRequest(
        clientRequestID: "request-4711", possessionType: "mobile", phoneNumber: "2001004014",
        clientCustomerID: "customer-4711", clientHumanID: "human-4711",
        emailAddress: "person@mail.example", ipAddress: "192.0.2.77")
      change(&request)
      let response = try await stage.service.unify(request)
      let ways: Set<PossessionMethod> =
        request.possessionType == "desktop" ? [.instantLink] : [.mobileAuth, .otp]
      let outcome = try await stage.authenticator(app, ways: ways)
        .authenticate(response.authToken)
      let statusRequest = UnifyStatusRequest(
        correlationID: response.correlationID.rawValue, clientRequestID: "request-4711")
      let status = try await stage.service.unifyStatus(statusRequest)
      let revoke = RevokeDeviceRequest(
        clientRequestID: "request-4711", deviceID: outcome.deviceID?.rawValue ?? "device-4711")
      let bind = UnifyBindRequest(
        correlationID: response.correlationID.rawValue, phoneNumber: "2001004014")
      values += [request, response, outcome, statusRequest, status, revoke, bind] as [Any]
      secrets += [response.authToken, response.correlationID.rawValue, stage.provider.lastCode]
      secrets += [outcome.deviceID?.rawValue, status.proveID?.rawValue].compactMap { $0 }
    }
    values += stage.transport.starts
    values += stage.transport.steps
    for message in stage.transport.messages {
      if case .reply(let reply) = message { values.append(reply) }
    }
    for case .authFinish(let authID) in app.runs { secrets.append(authID) }
    secrets += ["-4711", "mail.example", "192.0.2.77", "2001004025"]
    secrets += [stage.provider.lastLinkToken]
    #expect(secrets.allSatisfy { $0.count >= 5 })
    #expect(values.count > 40)
    for value in values { expectClean(value, of: secrets) }
  }

  @Test("the app's side and the sandbox")
  func appSide() async throws {
    expectClean(OTPFinishResult.success(code: "123456"), of: ["123456"])
    expectClean(
      DeviceContextOptions(publicAPIKey: "sandbox-US_UAT", buildConfig: .usUAT),
      of: ["sandbox-US_UAT"])
    let sandbox = SandboxProvider(users: try SandboxUser.all())
    try await sandbox.send("Your code is 1234567", to: try PhoneNumber("2001004014"))
    #expect(sandbox.outbox.count == 1)
    expectClean(sandbox.outbox, of: ["1234567", "2001004014"])
  }

  @Test("every error of the flow")
  func errors() throws {
    let errors: [UnifyError] = [
      .invalidField("phoneNumber"), .stepNotAllowed, .unauthorized, .invalidCorrelationID,
      .sandboxUserNotFound, .identityNotFound, .deviceRevoked, .sessionExpired,
      .registry(.planStale),
    ]
    for error in errors {
      #expect(!error.message.isEmpty)
      #expect(error.message.allSatisfy { !$0.isNumber })
      expectClean(AuthenticationError.server(error), of: ["2001004014"])
    }
    expectClean(AuthenticationError.vault(.unknownKey), of: ["2001004014"])
  }
}
