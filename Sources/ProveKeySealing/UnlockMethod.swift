/// How a store is unlocked: each way yields the key that unwraps the store's root key.
///
/// ``entangledWith(folder:)`` ties any of them to the device as well.
public indirect enum UnlockMethod: Sendable {
  /// A 32-byte key that the application keeps itself.
  case rawKey(RawKey)
  /// Something a person knows, stretched by Argon2id; the cost matters only when locking.
  case passphrase(Passphrase, cost: PassphraseCost = .interactive)
  /// The path of a file of exactly 32 bytes that only its owner can read; see ``KeyFile``.
  case keyFile(String)
  /// A key store outside: Keychain, Android Keystore, TPM, a key management service.
  case provider(any KeyEncryptionProvider)
  /// Another method together with a random value in a file of this folder; see
  /// ``entangledWith(folder:)``, and never nested.
  case entangled(UnlockMethod, folder: String)

  /// This method, mixed with a random 32-byte value that lies in a file of `folder`.
  ///
  /// Use a folder that backups leave out: what is restored elsewhere then does not open, though the
  /// secret be right. The file, one for each store and of mode 0600, is made when a store is first
  /// locked so; its name tells the store's id. A copy of it opens as well as the original. Without
  /// it the store is lost: opening says ``SealingError/entanglement(_:)`` with
  /// ``KeyFileProblem/missing``, and a vault `keyLost`.
  public func entangledWith(folder: String) -> UnlockMethod { .entangled(self, folder: folder) }

  /// The methods by name, as a store's header tells them apart.
  public enum Kind: UInt8, Sendable {
    /// A raw key.
    case rawKey = 1
    /// A passphrase.
    case passphrase = 2
    /// A key file.
    case keyFile = 3
    /// A key-encryption provider.
    case provider = 4
    /// One of the others, entangled with a value in a folder.
    case entangled = 5
  }

  /// Which method this is.
  public var kind: Kind {
    switch self {
    case .rawKey: .rawKey
    case .passphrase: .passphrase
    case .keyFile: .keyFile
    case .provider: .provider
    case .entangled: .entangled
    }
  }
}

extension UnlockMethod: CustomStringConvertible {
  /// The method's name and nothing else.
  public var description: String { "UnlockMethod(\(kind))" }
}

/// A 32-byte key in guarded memory.
public final class RawKey: Sendable {
  /// Bytes of a raw key.
  public static let byteCount = 32
  let box: SecretBox

  /// Copies a key of exactly 32 bytes; zeroing the original is the caller's part.
  ///
  /// - Throws: ``SealingError/wrongByteCount``, ``SealingError/lockedMemoryExhausted``.
  public init(_ bytes: Span<UInt8>) throws(SealingError) {
    guard bytes.count == Self.byteCount else { throw .wrongByteCount }
    box = SecretBox(try SecretBytes(copying: bytes))
  }

  /// Takes over a key of exactly 32 bytes.
  ///
  /// - Throws: ``SealingError/wrongByteCount``.
  public init(_ bytes: consuming SecretBytes) throws(SealingError) {
    guard bytes.count == Self.byteCount else { throw .wrongByteCount }
    box = SecretBox(bytes)
  }

  /// Makes a random key.
  ///
  /// - Throws: ``SealingError/lockedMemoryExhausted``.
  public static func random() throws(SealingError) -> RawKey {
    try RawKey(SecretBytes.random(count: byteCount))
  }
}

extension RawKey: CustomStringConvertible, CustomReflectable {
  /// Says that there is a key, not which.
  public var description: String { "RawKey(redacted)" }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}
