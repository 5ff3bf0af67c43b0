public import ProveKeyModel

/// What Device Context (Key Persistence) is set up with; opt-in (R12).
public struct DeviceContextOptions: Hashable, Sendable {
  /// The public key that Prove assigned for the build config.
  public let publicAPIKey: String
  /// Environment and region; those of the authenticator's own scope.
  public let buildConfig: BuildConfig

  /// States the options.
  public init(publicAPIKey: String, buildConfig: BuildConfig) {
    self.publicAPIKey = publicAPIKey
    self.buildConfig = buildConfig
  }
}

/// Collects the signals that lead to a visitor ID, and hands them to their vendor.
public protocol DeviceContextCollector: Sendable {
  /// - Returns: the vendor's word on the browser, which the server redeems; nothing when there is none.
  func collect(_ options: DeviceContextOptions) async throws -> String?
}

extension DeviceContextOptions: CustomStringConvertible, CustomReflectable {
  /// The build config; never the key.
  public var description: String {
    "DeviceContextOptions(\(buildConfig.rawValue), redacted)"
  }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}
