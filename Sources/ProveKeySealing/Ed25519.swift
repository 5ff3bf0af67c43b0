import CSodium

/// Ed25519 signatures (RFC 8032) with keys in guarded memory.
public enum Ed25519: Sendable {
  /// Bytes of a seed, the private key as RFC 8032 names it.
  public static let seedCount = 32
  /// Bytes of a signing key: the seed, then the public key.
  public static let signingKeyCount = 64
  /// Bytes of a public key.
  public static let publicKeyCount = 32
  /// Bytes of a signature.
  public static let signatureCount = 64

  /// Makes a random 32-byte seed.
  ///
  /// - Throws: ``SealingError/lockedMemoryExhausted``.
  public static func makeSeed() throws(SealingError) -> SecretBytes {
    try SecretBytes.random(count: seedCount)
  }

  /// Derives the 32-byte public key of a seed.
  ///
  /// - Throws: ``SealingError/wrongByteCount`` when the seed is not 32 bytes.
  public static func publicKey(
    ofSeed seed: borrowing SecretBytes
  ) throws(SealingError) -> [UInt8] {
    try withSecretScratch(count: signingKeyCount) { key throws(SealingError) in
      try expand(seed, into: &key)
      return key.span.extracting(seedCount..<signingKeyCount).copied
    }
  }

  /// Derives the 64-byte signing key of a seed, which makes signing twice as fast as from the seed.
  ///
  /// - Throws: ``SealingError/wrongByteCount`` when the seed is not 32 bytes,
  ///   ``SealingError/lockedMemoryExhausted``.
  public static func signingKey(
    ofSeed seed: borrowing SecretBytes
  ) throws(SealingError) -> SecretBytes {
    try SecretBytes(count: signingKeyCount) { key throws(SealingError) in
      try expand(seed, into: &key)
    }
  }

  /// Derives the signing key as ``signingKey(ofSeed:)`` does, into pages that it shares with others:
  /// for those that are kept.
  package static func pooledSigningKey(
    ofSeed seed: borrowing SecretBytes
  ) throws(SealingError) -> SecretBytes {
    try withSecretScratch(count: signingKeyCount) { key throws(SealingError) in
      try expand(seed, into: &key)
      return try SecretBytes.pooled(copying: key.span)
    }
  }

  /// Signs a message; a signing key of another length than 64 bytes traps.
  ///
  /// - Returns: the 64-byte signature.
  public static func sign(
    _ message: Span<UInt8>, with signingKey: borrowing SecretBytes
  ) -> [UInt8] {
    signingKey.withBytes { key in sign(message, withSigningKey: key) }
  }

  /// Signs a message with a signing key that is lent, as `StoreKeys.withOpened` does.
  ///
  /// - Returns: the 64-byte signature.
  package static func sign(_ message: Span<UInt8>, withSigningKey key: Span<UInt8>) -> [UInt8] {
    precondition(key.count == signingKeyCount, "an Ed25519 signing key has 64 bytes")
    Sodium.prepare()
    var signature = [UInt8](repeating: 0, count: signatureCount)
    var output = signature.mutableSpan
    let messageCount = UInt64(message.count)
    let status = unsafe output.withMutablePointer { output in
      unsafe message.withPointer { message in
        unsafe key.withPointer { key in
          unsafe crypto_sign_ed25519_detached(output, nil, message, messageCount, key)
        }
      }
    }
    precondition(status == 0, "Ed25519 refused to sign")
    return signature
  }

  /// Whether `signature` over `message` was made with the private half of `publicKey`.
  ///
  /// A signature or key of the wrong length, in a non-canonical form or of small order is false.
  public static func verify(
    _ signature: Span<UInt8>, of message: Span<UInt8>, publicKey: Span<UInt8>
  ) -> Bool {
    guard signature.count == signatureCount, publicKey.count == publicKeyCount else { return false }
    Sodium.prepare()
    let messageCount = UInt64(message.count)
    return unsafe signature.withPointer { signature in
      unsafe message.withPointer { message in
        unsafe publicKey.withPointer { key in
          unsafe crypto_sign_ed25519_verify_detached(
            signature, message, messageCount, key) == 0
        }
      }
    }
  }

  /// Writes the 64-byte signing key of `seed` into `key`.
  private static func expand(
    _ seed: borrowing SecretBytes, into key: inout MutableSpan<UInt8>
  ) throws(SealingError) {
    guard seed.count == seedCount else { throw .wrongByteCount }
    Sodium.prepare()
    var publicKey = InlineArray<32, UInt8>(repeating: 0)
    var publicSpan = publicKey.mutableSpan
    let status = seed.withBytes { seed in
      unsafe seed.withPointer { seed in
        unsafe publicSpan.withMutablePointer { publicKey in
          unsafe key.withMutablePointer { key in
            unsafe crypto_sign_ed25519_seed_keypair(
              publicKey, key, seed)
          }
        }
      }
    }
    precondition(status == 0, "Ed25519 refused a seed")
  }
}
