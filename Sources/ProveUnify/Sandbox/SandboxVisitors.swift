public import ProveKeyModel
public import ProveKeyPlatform
import ProveKeySealing

/// The vendor of Device Context as the sandbox plays it: a browser says who it is, and gets a word
/// that the server redeems once.
///
/// A real vendor finds the visitor by the browser's signals; a test chooses who comes.
public final class SandboxVisitors: VisitorProvider {
  private struct Known {
    let visitor: Visitor
    let publicAPIKey: String
    let madeAt: UTCInstant
  }

  private struct State {
    var known: [String: Known] = [:]
    var order: [String] = []
  }

  private let buildConfig: BuildConfig
  private let clock: WallClock
  private let state = Locked(State())

  /// How many words are remembered; the oldest go first.
  public static let limit = 10_000

  /// Plays the vendor for one build config.
  public init(_ buildConfig: BuildConfig, clock: WallClock = .system) {
    self.buildConfig = buildConfig
    self.clock = clock
  }

  /// The public key that the sandbox assigns to a build config.
  public static func publicAPIKey(for buildConfig: BuildConfig) -> String {
    "sandbox-" + buildConfig.rawValue
  }

  /// Takes a browser's signals.
  /// - Returns: the word that its server redeems.
  /// - Throws: ``UnifyError/invalidField(_:)`` `publicApiKey`.
  public func collect(_ visitor: Visitor, publicAPIKey: String) throws(UnifyError) -> String {
    try check(publicAPIKey)
    let token = Base64URL.encode(SecureRandom.bytes(32))
    let known = Known(visitor: visitor, publicAPIKey: publicAPIKey, madeAt: clock.now)
    state.withLock {
      $0.known[token] = known
      $0.order.append(token)
      if $0.order.count > Self.limit { $0.known[$0.order.removeFirst()] = nil }
    }
    return token
  }

  /// Redeems a word, once, within 15 minutes.
  public func visitor(for token: String, publicAPIKey: String) async throws -> Visitor? {
    try check(publicAPIKey)
    let known = state.withLock { $0.known.removeValue(forKey: token) }
    guard let known, known.publicAPIKey == publicAPIKey,
      clock.now < known.madeAt.adding(seconds: UnifyLimits.contextTokenSeconds)
    else { return nil }
    return known.visitor
  }

  private func check(_ publicAPIKey: String) throws(UnifyError) {
    guard publicAPIKey == Self.publicAPIKey(for: buildConfig) else {
      throw .invalidField("publicApiKey")
    }
  }
}

/// A browser that the sandbox's vendor, in the same process, knows as one visitor.
public struct SandboxCollector: DeviceContextCollector {
  private let visitor: Visitor
  private let vendor: SandboxVisitors

  /// States who the browser is, and whom it tells.
  public init(_ visitor: Visitor, to vendor: SandboxVisitors) {
    self.visitor = visitor
    self.vendor = vendor
  }

  /// Hands the signals to the vendor.
  public func collect(_ options: DeviceContextOptions) async throws -> String? {
    try vendor.collect(visitor, publicAPIKey: options.publicAPIKey)
  }
}
