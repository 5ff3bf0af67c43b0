public import ProveKeyModel
import ProveKeySealing

/// Holds private keys where they cannot be read: a Secure Enclave, Android's Keystore, a TPM, a PKCS#11
/// token.
///
/// The vault keeps a handle, the public half and the counter; the custodian makes and signs. A vault
/// is told of its custodians by ``KeyVault/use(custodian:)``, each time that it is opened. Called from
/// any thread, several at once, and never while the vault's lock is held: it may take its time.
/// ``CustodianError`` says what is the matter; any other error that it throws counts as
/// ``CustodianError/failed(code:)``.
public protocol KeyCustodian: Sendable {
  /// 1 to 64 printable ASCII characters that stay the same: a key's record names its custodian by it.
  var name: String { get }

  /// Makes a key pair.
  func makeKey() throws -> CustodianKey

  /// Signs a message with the key of a handle.
  ///
  /// - Returns: 64 bytes: an Ed25519 signature (RFC 8032), or for ES256 r and s of 32 bytes each
  ///   over the message's SHA-256.
  func sign(_ message: [UInt8], with handle: [UInt8]) throws -> [UInt8]

  /// Deletes the key of a handle; one that is not there is no error.
  func delete(_ handle: [UInt8]) throws
}

/// A key pair that a custodian has made.
public struct CustodianKey: Hashable, Sendable {
  /// What the custodian finds the key by: 1 to 4096 bytes, another for every key.
  public let handle: [UInt8]
  /// The public half.
  public let publicKey: PublicKey

  /// Puts the two together.
  public init(handle: [UInt8], publicKey: PublicKey) {
    self.handle = handle
    self.publicKey = publicKey
  }
}

extension CustodianKey: CustomStringConvertible, CustomReflectable {
  /// The algorithm; neither handle nor key.
  public var description: String { "CustodianKey(\(publicKey.algorithm.name), redacted)" }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

/// What a custodian knows of its own failure; each case names its remedy.
@nonexhaustive
public enum CustodianError: Error, Equatable, Sendable {
  /// The key of the handle is gone for good: remove it, and place a new one.
  case keyGone
  /// The person cancelled, or the device is locked: ask again.
  case refused
  /// The custodian cannot be reached: repeat later.
  case unavailable
  /// It failed otherwise, with a code of its own.
  case failed(code: Int32)
}

/// What went wrong with a custodian; each case names its remedy.
@nonexhaustive
public enum CustodianProblem: Equatable, Sendable {
  /// It failed and says why.
  case failed(CustodianError)
  /// What it signed is no signature of this key over this message: mistrust it. For ES256 only the
  /// length is known here; the server checks the rest.
  case wrongSignature
  /// The key that it made cannot be kept: its handle has not 1 to 4096 bytes, or the vault has a key
  /// with this public half already.
  case unusableKey
}

/// Where the private half of a key is.
enum KeyHold: Sendable {
  /// In guarded memory.
  case vault(SecretBox)
  /// With a custodian.
  case custodian(name: String, handle: [UInt8])
}
