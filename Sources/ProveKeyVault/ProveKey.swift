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
  public var deviceID: DeviceID { facts.deviceID }
  /// The public half; the key itself is told from any other by it.
  public var publicKey: PublicKey { facts.publicKey }
  /// Where the key belongs.
  public var scope: KeyScope { facts.scope }
  /// How far its enrolment has come.
  public var state: State { facts.state }
  /// When the key was made, by the vault's clock.
  public var createdAt: UTCInstant { facts.createdAt }
  /// When the server's answer became durable; nothing while the key is pending.
  public var confirmedAt: UTCInstant? { facts.confirmedAt }
  /// The name of the ``KeyCustodian`` that holds the private half; nil when the vault does.
  public var custodian: String? { facts.custodian }

  let facts: Facts

  init(_ facts: Facts) { self.facts = facts }

  init(
    deviceID: DeviceID, publicKey: PublicKey, scope: KeyScope, state: State, createdAt: UTCInstant,
    confirmedAt: UTCInstant?, custodian: String?, sequence: UInt64, isSalvaged: Bool = false
  ) {
    facts = Facts(
      deviceID, publicKey, scope, state, createdAt, confirmedAt, custodian, sequence, isSalvaged)
  }

  /// The same key, placed or confirmed in another generation, salvaged or not.
  func with(sequence: UInt64, isSalvaged: Bool) -> ProveKey {
    ProveKey(
      deviceID: deviceID, publicKey: publicKey, scope: scope, state: state, createdAt: createdAt,
      confirmedAt: confirmedAt, custodian: custodian, sequence: sequence, isSalvaged: isSalvaged)
  }

  /// The facts, which all copies share: a key is handed out for the price of one reference.
  final class Facts: Sendable, CacheEntry {
    let deviceID: DeviceID
    let publicKey: PublicKey
    let scope: KeyScope
    let state: State
    let createdAt: UTCInstant
    let confirmedAt: UTCInstant?
    let custodian: String?
    var cacheKey: DeviceID { deviceID }
    func isFound(by key: DeviceID) -> Bool { deviceID.isSame(as: key) }
    /// The generation in which the key was placed or confirmed: it tells which came last, whatever
    /// the clock said.
    let sequence: UInt64
    /// Whether the key was read out of a vault that was not whole: what it signs then shows the
    /// generation 0, which is below any that a vault has, so that a server takes it for stale until
    /// the key is replaced.
    let isSalvaged: Bool

    init(
      _ deviceID: DeviceID, _ publicKey: PublicKey, _ scope: KeyScope, _ state: State,
      _ createdAt: UTCInstant, _ confirmedAt: UTCInstant?, _ custodian: String?,
      _ sequence: UInt64, _ isSalvaged: Bool
    ) {
      self.deviceID = deviceID
      self.publicKey = publicKey
      self.scope = scope
      self.state = state
      self.createdAt = createdAt
      self.confirmedAt = confirmedAt
      self.custodian = custodian
      self.sequence = sequence
      self.isSalvaged = isSalvaged
    }
  }
}

extension ProveKey {
  /// Whether both are the same key with the same facts.
  public static func == (left: Self, right: Self) -> Bool {
    left.facts === right.facts
      || left.deviceID == right.deviceID && left.publicKey == right.publicKey
        && left.scope == right.scope && left.state == right.state
        && left.createdAt == right.createdAt && left.confirmedAt == right.confirmedAt
        && left.custodian == right.custodian
  }

  /// Feeds what tells one key from another to a hasher.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(deviceID)
    hasher.combine(publicKey)
    hasher.combine(state)
  }
}

extension ProveKey: CustomStringConvertible, CustomReflectable {
  /// The state and the algorithm; never an id, an origin or bytes of the key.
  public var description: String {
    "ProveKey(\(state), \(publicKey.algorithm.name), redacted)"
  }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}
