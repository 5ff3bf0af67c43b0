import ProveKeyModel
import ProveKeySealing

/// Bytes that a device signs to prove that it holds a key; each is answered once.
///
/// 40 bytes: the time it was made (8), randomness (16), and a keyed hash of both (16), so that
/// making one writes nothing and a forged one is told at sight. What is kept is which were spent.
public struct Challenge: Hashable, Sendable {
  /// The bytes to sign.
  public let bytes: [UInt8]

  /// Takes bytes that came back from a device; whether they are a challenge is told when used.
  public init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  static func make(with keys: StoreKeys, at now: UTCInstant) -> Challenge {
    var writer = ByteWriter(reservingCapacity: 40)
    writer.write(now.millisecondsSinceEpoch)
    writer.writeFixed(SecureRandom.bytes(16))
    let mark = keys.locator(markDomain, writer.bytes)
    writer.writeFixed(mark.bytes)
    return Challenge(bytes: writer.bytes)
  }

  /// Checks that the registry made it, and not too long ago.
  /// - Throws: ``RegistryError/challengeUnknown`` or ``RegistryError/challengeExpired``.
  func check(with keys: StoreKeys, at now: UTCInstant) throws(RegistryError) {
    guard bytes.count == 40, let mark = Locator(Array(bytes[24...])),
      mark == keys.locator(Self.markDomain, Array(bytes[..<24]))
    else { throw .challengeUnknown }
    let age = now.millisecondsSinceEpoch - madeAt.millisecondsSinceEpoch
    guard age < RegistryLimits.challengeLifetimeSeconds * 1000,
      age >= -RegistryLimits.clockSkewSeconds * 1000
    else { throw .challengeExpired }
  }

  /// The item that says it was spent.
  func spentLocator(with keys: StoreKeys) -> Locator { keys.locator("spent-challenge", bytes) }

  /// The day after which it cannot be answered anyhow.
  var expiryDay: Int64 {
    madeAt.adding(seconds: RegistryLimits.challengeLifetimeSeconds).daysSinceEpoch
      + RegistryLimits.itemGraceDays
  }

  private var madeAt: UTCInstant {
    UTCInstant(
      millisecondsSinceEpoch: bytes.prefix(8).reduce(0) { $0 << 8 | Int64($1) })
  }

  private static let markDomain = "challenge"
}
