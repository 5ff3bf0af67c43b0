/// The name of a registration's state.
public enum RegistrationStateName: String, Hashable, Sendable, CaseIterable {
  /// Registered, not yet tied to a phone number.
  case placed
  /// Tied to a phone number.
  case bound
  /// The binding was taken away; the key stays.
  case unbound
  /// Permanently disabled.
  case revoked
}

/// The name of a move between states.
public enum RegistrationMove: String, Hashable, Sendable {
  /// Tie a placed or unbound key to a number.
  case bind
  /// Tie a bound key to the number verified anew.
  case rebind
  /// Take the binding away.
  case unbind
  /// Put a new public key in the place of the old.
  case rekey
}

extension KeyRegistration.State {
  /// The state's name.
  public var name: RegistrationStateName {
    switch self {
    case .placed: .placed
    case .bound: .bound
    case .unbound: .unbound
    case .revoked: .revoked
    }
  }
}

/// What is known of the device that holds a key.
///
/// Source: domain rule R15 (the older device registry kept name, type and capabilities).
public struct DeviceDescription: Hashable, Sendable {
  /// What a key lives on.
  public enum Kind: UInt8, Hashable, Sendable {
    /// A browser.
    case web = 1
    /// An app on a phone or tablet.
    case mobile = 2

    /// The kind's name on the wire: `web` or `mobile`.
    public var name: String {
      switch self {
      case .web: "web"
      case .mobile: "mobile"
      }
    }
  }

  /// Browser or app.
  public let kind: Kind
  /// What a person calls the device: at most 255 UTF-8 bytes without control characters.
  public let name: String?
  /// Up to 16 names such as `webauthn` or `face`, each of at most 64 UTF-8 bytes.
  public let capabilities: [String]

  /// Describes a device.
  /// - Throws: ``ModelError/malformed(field:)`` with `deviceName` or `deviceCapabilities`.
  public init(
    kind: Kind, name: String? = nil, capabilities: [String] = []
  ) throws(ModelError) {
    if let name, !isIdentifierText(name) { throw .malformed(field: "deviceName") }
    guard capabilities.count <= Self.capabilityLimit,
      capabilities.allSatisfy({ isIdentifierText($0) && $0.utf8.count <= Self.capabilityByteLimit })
    else { throw .malformed(field: "deviceCapabilities") }
    self.kind = kind
    self.name = name
    self.capabilities = capabilities
  }

  private init(kind: Kind) {
    self.kind = kind
    name = nil
    capabilities = []
  }

  /// A browser of which nothing more is known.
  public static let web = DeviceDescription(kind: .web)
  /// An app of which nothing more is known.
  public static let mobile = DeviceDescription(kind: .mobile)

  package static let capabilityLimit = 16
  package static let capabilityByteLimit = 64
}
