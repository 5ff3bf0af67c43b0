import CampaignSupport
import Foundation
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import ProveUnify
import Testing

/// Waits for what never comes.
private enum Stuck {
  private static let waiting = Locked<[CheckedContinuation<String?, Never>]>([])

  static func forEver() async -> String? {
    await withCheckedContinuation { waiter in waiting.withLock { $0.append(waiter) } }
  }
}

/// What a client waits for, and for how long; and which flow suits a browser.
@Suite("a client's limits", .inTurn)
struct ClientLimitTests {
  /// Never answers, whether cancelled or not.
  private struct StuckCollector: DeviceContextCollector {
    func collect(_ options: DeviceContextOptions) async throws -> String? {
      await Stuck.forEver()
    }
  }

  private struct StuckStep: OTPStartStep, OTPFinishStep {
    func execute(
      phoneNumberNeeded: Bool, phoneValidationError: PhoneNumberEntryError?
    ) async throws -> String? {
      await Stuck.forEver()
    }

    func execute(otpError: OTPEntryError?) async throws -> OTPFinishResult { .resend }
  }

  private static func options(_ key: String = "sandbox-US_UAT") -> DeviceContextOptions {
    DeviceContextOptions(publicAPIKey: key, buildConfig: .usUAT)
  }

  @Test(
    "a collector that never returns holds nothing up: the flow goes on without it (D11)",
    .timeLimit(.minutes(10)))
  func stuckCollector() async throws {
    let stage = try await FlowStage(policy: try RegistryPolicy(keyPersistence: true))
    let response = try await stage.unify()
    let outcome = try await stage.builder(ScriptedApp(stage.provider)).withDeviceContext(
      Self.options(), collector: StuckCollector(), timeLimit: .milliseconds(1)
    ).build().authenticate(response.authToken)
    #expect(outcome.isAuthenticated == true)
    #expect(stage.transport.starts.first?.context == nil)
    #expect(try await stage.status(response).evaluation.row == .d11)
  }

  /// Says when it is called.
  private struct TellingCollector: DeviceContextCollector {
    let calls: AsyncStream<String>.Continuation

    func collect(_ options: DeviceContextOptions) async throws -> String? {
      calls.yield(options.publicAPIKey)
      return nil
    }
  }

  @Test(
    "collecting begins with build(), once, before anything is authenticated; by default never",
    .timeLimit(.minutes(10)))
  func collecting() async throws {
    let stage = try await FlowStage(policy: try RegistryPolicy(keyPersistence: true))
    let (calls, told) = AsyncStream<String>.makeStream()
    let builder = try stage.builder(ScriptedApp(stage.provider))
    let authenticator = try builder.withDeviceContext(
      Self.options(), collector: TellingCollector(calls: told)
    ).build()
    #expect(await calls.first { _ in true } == "sandbox-US_UAT")
    #expect(stage.transport.starts.isEmpty)
    for _ in 0..<2 {
      _ = try await authenticator.authenticate(try await stage.unify().authToken)
    }
    told.finish()
    #expect(await calls.first { _ in true } == nil, "it was collected once")
    // Without the option nothing is collected, and nothing sent.
    _ = try await builder.build().authenticate(try await stage.unify().authToken)
    #expect(stage.transport.starts.count == 3)
    #expect(stage.transport.starts.allSatisfy { $0.context == nil })
  }

  @Test(
    "a flow that takes too long ends as timedOut though its step does not end",
    .timeLimit(.minutes(10)))
  func stuckStep() async throws {
    let stage = try await FlowStage()
    let response = try await stage.unify()
    let authenticator = AuthenticatorBuilder(
      vault: stage.vault, scope: try FlowStage.scope(), transport: stage.transport
    ).withOTPFallback(startStep: StuckStep(), finishStep: StuckStep())
      .withTimeLimit(.milliseconds(200)).build()
    await #expect(throws: AuthenticationError.timedOut) {
      try await authenticator.authenticate(response.authToken)
    }
  }

  @Test("the server refuses a public key of another build config, and the token stays unused")
  func publicKey() async throws {
    let stage = try await FlowStage()
    let response = try await stage.unify()
    func start(_ key: String) async throws {
      _ = try await stage.service.start(
        DeviceStart(
          authToken: response.authToken, abilities: [],
          context: DeviceContextProof(publicAPIKey: key, token: "word"), buildConfig: .usUAT))
    }
    for key in ["sandbox-EU_UAT", "sandbox-US_PROD", "", "sandbox-US_UAT "] {
      await #expect(throws: UnifyError.invalidField("publicApiKey")) { try await start(key) }
    }
    try await start("sandbox-US_UAT")
  }

  @Test(
    "a vendor's word is redeemed once, in time, under its own key, and made by the vendor alone")
  func words() async throws {
    let clock = ManualClock()
    let vendor = SandboxVisitors(.usUAT, clock: clock.wallClock)
    let visitor = try Visitor(id: try VisitorID(validating: "browser"), confidence: 0.9)
    let key = SandboxVisitors.publicAPIKey(for: .usUAT)
    let word = try vendor.collect(visitor, publicAPIKey: key)
    #expect(try await vendor.visitor(for: "browser", publicAPIKey: key) == nil)
    #expect(try await vendor.visitor(for: word, publicAPIKey: key) == visitor)
    #expect(try await vendor.visitor(for: word, publicAPIKey: key) == nil)
    let late = try vendor.collect(visitor, publicAPIKey: key)
    clock.advance(seconds: 15 * 60)
    #expect(try await vendor.visitor(for: late, publicAPIKey: key) == nil)
  }

  @Test(
    "phones are mobile; desktops, tablets and what says nothing are not",
    arguments: [
      (
        WebBrowser(
          userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148"), true
      ),
      (
        WebBrowser(userAgent: "Mozilla/5.0 (Linux; Android 14; Pixel 8) Mobile Safari/537.36"), true
      ),
      (WebBrowser(userAgent: "Mozilla/5.0 (Android 13; Mobile; rv:109.0) Firefox/118.0"), true),
      (WebBrowser(userAgent: "Mozilla/5.0 (Linux; Android 14; SM-X910) Safari/537.36"), false),
      (WebBrowser(userAgent: "Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) Mobile/15E148"), false),
      (
        WebBrowser(userAgent: "Mozilla/5.0 (Macintosh; Intel Mac OS X) Mobile", maxTouchPoints: 5),
        false
      ),
      (WebBrowser(userAgent: "Mozilla/5.0 (X11; Linux x86_64) Chrome/120.0"), false),
      (WebBrowser(userAgent: nil), false),
      (WebBrowser(userAgent: nil, mobileHint: true), true),
      (WebBrowser(userAgent: "Mozilla/5.0 (X11; Linux x86_64)", mobileHint: true), true),
      (WebBrowser(userAgent: "Mozilla/5.0 (iPhone) Mobile", mobileHint: false), false),
      (WebBrowser(userAgent: String(repeating: "Mobile", count: 10_000)), false),
      (WebBrowser(header: { $0 == "Sec-CH-UA-Mobile" ? "?1" : nil }), true),
      (WebBrowser(header: { $0 == "Sec-CH-UA-Mobile" ? "1" : nil }), false),
    ])
  func browsers(browser: WebBrowser, isMobile: Bool) {
    #expect(browser.isMobileWeb == isMobile)
    #expect(browser.possessionType == (isMobile ? "mobile" : "desktop"))
  }
}
