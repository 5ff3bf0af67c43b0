import ArgumentParser
import Foundation
import ProveKeyModel
import ProveKeyPlatform
import ProveKeyVault
import ProveUnify

/// What a flow is run with, and the run itself.
struct DeviceFlow: ParsableArguments {
  @Option(help: ArgumentHelp("The sandbox's address.", valueName: "url")) var sandbox: String
  @Option(
    help: ArgumentHelp(
      "The authToken of unify; '-' reads it from standard input.", valueName: "token"))
  var authToken: String
  @Option(help: "The code that the person enters.") var otp: String?
  @Flag(help: "Ask for the code at the terminal.") var otpPrompt = false
  @Option(help: "The number that the person enters where one is asked for.") var phone: String?
  @Option(help: "The number of the SIM in the device: turns Mobile Auth on.") var sim: String?
  @Option(help: "Who Device Context says that the browser is: turns Key Persistence on.")
  var visitor: String?
  @Flag(help: "Open the Instant Link of the SMS to --phone.") var tapLink = false
  @Flag(help: "Be a desktop, which holds no key.") var secondary = false

  func validate() throws {
    guard otp == nil || !otpPrompt else {
      throw ValidationError("Give one of --otp and --otp-prompt.")
    }
    guard !tapLink || phone != nil else { throw ValidationError("--tap-link needs --phone.") }
    guard let url = URL(string: sandbox), url.scheme == "http" || url.scheme == "https",
      url.host != nil
    else { throw ValidationError("--sandbox takes a URL that begins with http.") }
  }

  func run(on vault: KeyVault, _ place: DeviceCommand.Place) async throws {
    let outcome: AuthenticationOutcome
    do { outcome = try await authenticate(vault, place) } catch {
      try vault.close()
      throw error
    }
    try vault.close()
    let success: String =
      switch outcome.isAuthenticated {
      case true: "true"
      case false: "false"
      default: "possession_required"
      }
    try Output.show(
      [
        ("success", .text(success)), ("reason", outcome.reason.map { .text($0) }),
        ("deviceId", outcome.deviceID.map { .text($0.rawValue) }),
      ], json: place.json)
    // The outcome has been told; what is left is that it is none to go on with.
    if outcome.isAuthenticated == false { throw Refusal(text: "") }
  }

  private func authenticate(
    _ vault: KeyVault, _ place: DeviceCommand.Place
  ) async throws -> AuthenticationOutcome {
    guard let url = URL(string: sandbox) else { throw Refusal(text: "the URL cannot be read") }
    let server = SandboxServer(url)
    let person = DevicePerson(flow: self, server: server)
    var builder = AuthenticatorBuilder(
      vault: vault, scope: try place.scope(), transport: HTTPTransport(to: url)
    ).withInstantLinkFallback(startStep: person, retryStep: person)
    if otp != nil || otpPrompt {
      builder = builder.withOTPFallback(startStep: person, finishStep: person)
    }
    if sim != nil { builder = builder.withMobileAuthImplementation(person) }
    if secondary { builder = builder.withRole(.secondary) }
    if let visitor {
      builder = try builder.withDeviceContext(
        DeviceContextOptions(
          publicAPIKey: SandboxVisitors.publicAPIKey(for: place.buildConfig),
          buildConfig: place.buildConfig),
        collector: HTTPCollector(server: server, visitor: visitor))
    }
    return try await builder.build().authenticate(try token())
  }

  private func token() throws -> String {
    guard authToken == "-" else { return authToken }
    guard let line = readLine() else { throw Refusal(text: "there is no authToken to read") }
    return line
  }
}

/// The person at the device, who does what the options say.
private struct DevicePerson: OTPStartStep, OTPFinishStep, InstantLinkStartStep,
  InstantLinkRetryStep, MobileAuthImplementation
{
  let flow: DeviceFlow
  let server: SandboxServer

  func execute(
    phoneNumberNeeded: Bool, phoneValidationError: PhoneNumberEntryError?
  ) async throws -> String? {
    guard phoneNumberNeeded else { return nil }
    // Entering the same number again would not make it a better one.
    guard let phone = flow.phone, phoneValidationError == nil else { throw CancellationError() }
    return phone
  }

  func execute(otpError: OTPEntryError?) async throws -> OTPFinishResult {
    if let otp = flow.otp, otpError == nil { return .success(code: otp) }
    guard flow.otpPrompt, let code = TerminalPrompt.readSecret("Code: ") else {
      throw CancellationError()
    }
    return .success(code: code)
  }

  func execute() async throws -> InstantLinkRetryResult? {
    if flow.tapLink, let phone = flow.phone { try await server.openLastLink(sentTo: phone) }
    return nil
  }

  func authenticate() async throws -> String? { flow.sim }
}

/// The vendor of Device Context as the sandbox plays it.
private struct HTTPCollector: DeviceContextCollector {
  let server: SandboxServer
  let visitor: String

  func collect(_ options: DeviceContextOptions) async throws -> String? {
    try await server.collect(visitor, publicAPIKey: options.publicAPIKey)
  }
}
