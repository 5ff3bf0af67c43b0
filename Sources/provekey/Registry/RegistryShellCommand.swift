import ArgumentParser
import JSONLines
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import ProveRegistryShell

/// `provekey registry shell`: the registry for programs in any language, over standard input and
/// output.
struct RegistryShellCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shell", abstract: "Answer requests on the registry, one line of JSON each.",
    discussion: """
      Each line of standard input is a request and gets one line on standard output, in order:

        {"id":1,"op":"revoke","deviceId":"d","now":"2026-11-22T00:00:00Z"}
        {"id":1,"ok":true,"result":"revoked"}

      'now' sets the time of one request, so that a script can play years; without it the time is \
      the machine's. A refused request is answered with "ok":false and an error that has a name and \
      a message. The end of the input ends the shell with code 0; it ends with 1 when nobody reads \
      the answers. 'device.new' and 'device.sign' make keys that are held in memory only, for \
      trials. Operations, with fields in brackets optional:

      \(RegistryShellOperation.all.map { "  " + $0.usage }.joined(separator: "\n"))
      """)

  @OptionGroup var target: RegistryCommand.Target
  @OptionGroup var rules: PolicyOptions

  /// Bytes that are asked of standard input at a time.
  private static let chunkByteCount = 65_536

  func validate() throws {
    _ = try rules.policy(inactivityMonths: target.place.inactivityMonths)
  }

  func run() async throws {
    StandardStreams.ignoreBrokenPipes()
    let clock = RegistryShellClock()
    let registry = try await DeviceRegistry(
      store: try await target.open(), scope: try target.place.scope(),
      policy: try rules.policy(inactivityMonths: target.place.inactivityMonths),
      clock: clock.wallClock)
    var lines = LineReader(
      limit: RegistryShellLimits.line.byteCount
    ) { () throws(StandardStreams.Problem) in
      try StandardStreams.readInput(limit: Self.chunkByteCount)
    }
    let session = RegistryShellSession(registry: registry, clock: clock)
    do throws(StandardStreams.Problem) {
      try await session.serve(&lines) { answer throws(StandardStreams.Problem) in
        try StandardStreams.writeOutput(answer)
      }
    } catch {
      try await registry.close()
      throw Refusal(text: Self.text(error))
    }
    try await registry.close()
  }

  private static func text(_ problem: StandardStreams.Problem) -> String {
    switch problem {
    case .closed: "nobody reads the answers any longer; the registry is closed"
    case .system(let code): "standard input or output failed (\(code)); the registry is closed"
    }
  }
}

/// The choices that Prove leaves to the integrator, for a registry that decides.
struct PolicyOptions: ParsableArguments {
  @Flag(help: "Let a registration be recovered through a visitor ID (D12 to D17).")
  var keyPersistence = false
  @Flag(help: "Let a visitor ID with exactly one candidate suffice (D14).")
  var recoverByVisitorAlone = false
  @Option(help: "The least confidence of a visitor ID, 0 to 1 (D11).")
  var minimumVisitorConfidence = 0.9
  @Flag(help: "Refuse a key that seems to have been copied, instead of replacing it (D3).")
  var rejectCopies = false
  @Option(help: "How old a binding may be in seconds before possession is proven anew (R15).")
  var maximumBindingAge: Int64?
  @Option(help: "How many live registrations a visitor may have with a number; refused beyond.")
  var registrationCap: Int?
  @Flag(help: "Revoke the oldest of them beyond --registration-cap, instead of refusing.")
  var supersedeOldest = false
  @Flag(help: "Keep every decision as an event, not only refusals and demands.")
  var everyDecision = false
  @Flag(help: "Tell which live registrations a number has before another is added.")
  var bindingLookup = false

  func policy(inactivityMonths: Int) throws -> RegistryPolicy {
    if supersedeOldest, registrationCap == nil {
      throw ValidationError("--supersede-oldest needs --registration-cap.")
    }
    let cap: RegistryPolicy.RegistrationCap =
      registrationCap.map { supersedeOldest ? .supersedeOldest(above: $0) : .refuse(above: $0) }
      ?? .none
    do {
      return try RegistryPolicy(
        inactivityMonths: inactivityMonths,
        maximumBindingAge: maximumBindingAge.map { .seconds($0) } ?? .ignored,
        keyPersistence: keyPersistence, minimumVisitorConfidence: minimumVisitorConfidence,
        recoversByVisitorAlone: recoverByVisitorAlone,
        cloneResponse: rejectCopies ? .reject : .requirePossession, registrationCap: cap,
        eventDetail: everyDecision ? .everyDecision : .changes, bindingLookup: bindingLookup)
    } catch {
      throw ValidationError(ErrorText.describe(error))
    }
  }
}
