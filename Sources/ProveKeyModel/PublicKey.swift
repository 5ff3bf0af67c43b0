/// How a Prove Key signs.
public enum KeyAlgorithm: UInt8, Hashable, Sendable, CaseIterable {
  /// Ed25519: the keys of the vault. Source: RFC 8032.
  case ed25519 = 1
  /// ECDSA over P-256 with SHA-256: Secure Enclave, Android Keystore and WebCrypto keys.
  case es256 = 2

  /// The algorithm's JOSE name: `EdDSA` or `ES256`.
  public var name: String {
    switch self {
    case .ed25519: "EdDSA"
    case .es256: "ES256"
    }
  }

  /// Bytes of a public key: 32 for Ed25519; 65 for P-256 (0x04, x, y).
  public var publicKeyByteCount: Int {
    switch self {
    case .ed25519: 32
    case .es256: 65
    }
  }

  /// Bytes of a signature: 64 for both (for P-256, r and s of 32 bytes each).
  public var signatureByteCount: Int { 64 }
}

/// The public half of a Prove Key.
public struct PublicKey: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
  /// How the key signs.
  public let algorithm: KeyAlgorithm
  /// The key's bytes: 32 for Ed25519; 65 for P-256, uncompressed (0x04, x, y).
  public let bytes: [UInt8]

  /// Makes a public key.
  /// - Throws: ``ModelError/malformed(field:)`` with `publicKey` when the length or, for P-256, the
  ///   leading byte is wrong.
  public init(algorithm: KeyAlgorithm, bytes: [UInt8]) throws(ModelError) {
    guard bytes.count == algorithm.publicKeyByteCount, algorithm != .es256 || bytes[0] == 0x04
    else { throw .malformed(field: "publicKey") }
    self.algorithm = algorithm
    self.bytes = bytes
  }

  /// Shows no children, so that `dump` cannot print the bytes.
  public var customMirror: Mirror { Mirror(self, children: []) }

  /// The algorithm's name; never the bytes.
  public var description: String { "PublicKey(\(algorithm.name))" }
}
