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
  private let content: Content

  /// The key's bytes: 32 for Ed25519; 65 for P-256, uncompressed (0x04, x, y).
  public var bytes: [UInt8] {
    switch content {
    case .short(let bytes): bytes.indices.map { bytes[$0] }
    case .long(let bytes): bytes
    }
  }

  /// Makes a public key.
  /// - Throws: ``ModelError/malformed(field:)`` with `publicKey` when the length or, for P-256, the
  ///   leading byte is wrong.
  public init(algorithm: KeyAlgorithm, bytes: [UInt8]) throws(ModelError) {
    try self.init(algorithm: algorithm, copying: bytes.span)
  }

  /// As ``init(algorithm:bytes:)``, of bytes that are lent.
  package init(algorithm: KeyAlgorithm, copying bytes: Span<UInt8>) throws(ModelError) {
    guard bytes.count == algorithm.publicKeyByteCount, algorithm != .es256 || bytes[0] == 0x04
    else { throw .malformed(field: "publicKey") }
    self.algorithm = algorithm
    content =
      bytes.count == 32
      ? .short(InlineArray { bytes[$0] }) : .long(bytes.indices.map { bytes[$0] })
  }

  /// Lends the key's bytes.
  package func withBytes<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    switch content {
    case .short(let bytes): try body(bytes.span)
    case .long(let bytes): try body(bytes.span)
    }
  }

  /// Whether both are the same key.
  public static func == (left: Self, right: Self) -> Bool {
    left.algorithm == right.algorithm
      && left.withBytes { left in
        right.withBytes { right in left.indices.allSatisfy { left[$0] == right[$0] } }
      }
  }

  /// Feeds the key to a hasher.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(algorithm)
    withBytes { bytes in
      for index in bytes.indices { hasher.combine(bytes[index]) }
    }
  }

  /// Bytes beside the rest of the key where they are few, so that an Ed25519 key allocates nothing.
  private enum Content: Sendable {
    case short(InlineArray<32, UInt8>)
    case long([UInt8])
  }

  /// Shows no children, so that `dump` cannot print the bytes.
  public var customMirror: Mirror { Mirror(self, children: []) }

  /// The algorithm's name; never the bytes.
  public var description: String { "PublicKey(\(algorithm.name))" }
}
