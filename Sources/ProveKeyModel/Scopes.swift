/// An environment and region of Prove.
///
/// `US_UAT` is Prove's own name; the others follow its four public base URLs.
public enum BuildConfig: String, Hashable, Sendable, CaseIterable {
  /// United States, user acceptance testing.
  case usUAT = "US_UAT"
  /// United States, production.
  case usProd = "US_PROD"
  /// European Union, user acceptance testing.
  case euUAT = "EU_UAT"
  /// European Union, production.
  case euProd = "EU_PROD"
}

/// Whose registrations a registry holds: one tenant in one build config.
public struct RegistryScope: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
  /// The tenant's name: 1 to 255 UTF-8 bytes without control characters.
  public let tenant: String
  /// Environment and region.
  public let buildConfig: BuildConfig

  /// Makes a scope.
  /// - Throws: ``ModelError/malformed(field:)`` with `tenant`.
  public init(tenant: String, buildConfig: BuildConfig) throws(ModelError) {
    guard isIdentifierText(tenant) else { throw .malformed(field: "tenant") }
    self.tenant = tenant
    self.buildConfig = buildConfig
  }

  /// The build config; never the tenant.
  public var description: String { "RegistryScope(\(buildConfig.rawValue), redacted)" }

  /// Shows no children, so that `dump` cannot print the tenant.
  public var customMirror: Mirror { Mirror(self, children: []) }

  /// Equal when every byte of the tenant's name and the build config are.
  public static func == (left: Self, right: Self) -> Bool {
    left.buildConfig == right.buildConfig && haveSameBytes(left.tenant, right.tenant)
  }

  /// Hashes the bytes of the tenant's name and the build config.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(buildConfig)
    hasher.combine(tenant)
  }
}

/// Where a vault's keys belong: one origin or app in one build config.
public struct KeyScope: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
  /// Environment and region.
  public let buildConfig: BuildConfig
  /// The web origin, as in `https://shop.example`, or the app's id: 1 to 255 UTF-8 bytes.
  public let origin: String

  /// Makes a scope.
  /// - Throws: ``ModelError/malformed(field:)`` with `origin`.
  public init(buildConfig: BuildConfig, origin: String) throws(ModelError) {
    guard isIdentifierText(origin) else { throw .malformed(field: "origin") }
    self.buildConfig = buildConfig
    self.origin = origin
  }

  /// The build config; never the origin.
  public var description: String { "KeyScope(\(buildConfig.rawValue), redacted)" }

  /// Shows no children, so that `dump` cannot print the origin.
  public var customMirror: Mirror { Mirror(self, children: []) }

  /// Equal when every byte of the origin and the build config are.
  public static func == (left: Self, right: Self) -> Bool {
    left.buildConfig == right.buildConfig && haveSameBytes(left.origin, right.origin)
  }

  /// Hashes the bytes of the origin and the build config.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(buildConfig)
    hasher.combine(origin)
  }
}
