public import ProveKeyModel

/// The public half of a key that a vault holds, and what is known of it.
///
/// The private half never leaves the vault, or the custodian that holds it:
/// ``KeyVault/sign(_:with:)-(_,DeviceID)`` uses it.
public struct ProveKey: Hashable, Sendable {
  /// How far a key's enrolment has come.
  public enum State: UInt8, Hashable, Sendable {
    /// Durable here; whether the server knows of it is not known yet.
    case pending = 1
    /// The server's answer is durable here as well.
    case placed = 2
  }

  /// The unique identifier of the key; one key, one id.
  public let deviceID: DeviceID
  /// The public half; the key itself is told from any other by it.
  public let publicKey: PublicKey
  /// Where the key belongs.
  public let scope: KeyScope
  /// How far its enrolment has come.
  public let state: State
  /// When the key was made, by the vault's clock.
  public let createdAt: UTCInstant
  /// When the server's answer became durable; nothing while the key is pending.
  public let confirmedAt: UTCInstant?
  /// The name of the ``KeyCustodian`` that holds the private half; nil when the vault does.
  public let custodian: String?
}

extension ProveKey: CustomStringConvertible, CustomReflectable {
  /// The state and the algorithm; never an id, an origin or bytes of the key.
  public var description: String {
    "ProveKey(\(state), \(publicKey.algorithm.name), redacted)"
  }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}
