import CSodium

/// The 32-byte key that an unlock method yields, and what the header must keep to yield it again.
struct KeyEncryptionKey: ~Copyable {
  let secret: SecretBytes
  let parameters: UnlockParameters

  private static let saltCount = UnlockParameters.saltCount
  private static let rawKeyLabel = "prove-key-store raw key 1"
  private static let keyFileLabel = "prove-key-store key file 1"

  private init(secret: consuming SecretBytes, parameters: UnlockParameters) {
    self.secret = secret
    self.parameters = parameters
  }

  /// Makes a key for locking, with fresh salt.
  static func make(
    for unlock: UnlockMethod, context: [UInt8], entropy: Entropy
  ) throws(SealingError) -> KeyEncryptionKey {
    switch unlock {
    case .rawKey:
      return try derive(.rawKey(salt: salt(entropy)), unlock, context: context)
    case .keyFile:
      return try derive(.keyFile(salt: salt(entropy)), unlock, context: context)
    case .passphrase(_, let cost):
      return try derive(
        .passphrase(
          salt: salt(entropy), memoryBytes: UInt64(cost.memoryBytes),
          passes: UInt32(cost.passes)), unlock, context: context)
    case .provider(let provider):
      guard ProviderLimits.accepts(name: provider.name) else { throw .providerName }
      let secret = try SecretBytes(count: 32) { span throws(SealingError) in entropy.fill(&span) }
      let wrapped: [UInt8]
      do {
        wrapped = try provider.wrap(secret, context: context)
      } catch {
        throw .provider(provider.name)
      }
      guard wrapped.count <= ProviderLimits.wrappedByteCount else {
        throw .provider(provider.name)
      }
      return KeyEncryptionKey(
        secret: secret, parameters: .provider(name: provider.name, wrapped: wrapped))
    }
  }

  /// Yields the key again from what a header kept.
  ///
  /// The stored cost is checked first, then that the method is the one brought.
  static func derive(
    _ parameters: UnlockParameters, _ unlock: UnlockMethod, context: [UInt8]
  ) throws(SealingError) -> KeyEncryptionKey {
    let cost = try parameters.passphraseCost()
    let secret: SecretBytes
    switch (parameters, unlock) {
    case (.rawKey(let salt), .rawKey(let key)):
      secret = try keyed(by: key.box.bytes, label: rawKeyLabel, salt: salt)
    case (.keyFile(let salt), .keyFile(let path)):
      secret = try keyed(by: try KeyFile.read(at: path), label: keyFileLabel, salt: salt)
    case (.passphrase(let salt, _, _), .passphrase(let passphrase, _)):
      guard let cost else { throw .costOutOfBounds }
      secret = try Argon2id.derive(passphrase.box.bytes, salt: salt, cost: cost)
    case (.provider(let name, let wrapped), .provider(let provider)):
      guard provider.name == name else { throw .wrongProvider(expected: name) }
      do {
        secret = try provider.unwrap(wrapped, context: context)
      } catch {
        throw .provider(name)
      }
      guard secret.count == 32 else { throw .provider(name) }
    default:
      throw .wrongUnlockMethod(stored: parameters.kind)
    }
    return KeyEncryptionKey(secret: secret, parameters: parameters)
  }

  /// Lends the key that encrypts the root and the check value that tells a wrong key.
  ///
  /// The check depends on the key and the nonce only, and on no other field of the header: so a
  /// header that was edited does not look like a wrong key.
  func withWrappingPair<R: ~Copyable, E: Error>(
    nonce: Span<UInt8>, _ body: (_ key: Span<UInt8>, _ check: Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try withSecretScratch(count: 64) { pair throws(E) in
      secret.withBytes { key in
        Blake2b.hash(key: key, into: &pair) { hasher in
          hasher.feedPart("prove-key-store root wrapping 1")
          hasher.feed(nonce)
        }
      }
      return try body(pair.span.extracting(0..<32), pair.span.extracting(32..<64))
    }
  }

  private static func salt(_ entropy: Entropy) -> [UInt8] {
    var salt = [UInt8](repeating: 0, count: saltCount)
    var span = salt.mutableSpan
    entropy.fill(&span)
    return salt
  }

  private static func keyed(
    by key: borrowing SecretBytes, label: String, salt: [UInt8]
  ) throws(SealingError) -> SecretBytes {
    try key.withBytes { key throws(SealingError) in
      try SecretBytes(count: 32) { output throws(SealingError) in
        Blake2b.hash(key: key, into: &output) { hasher in
          hasher.feedPart(label)
          hasher.feedPart(salt.span)
        }
      }
    }
  }
}

/// Argon2id 1.3 (RFC 9106) with one lane, as libsodium offers it.
enum Argon2id {
  /// Stretches a passphrase to 32 bytes in guarded memory.
  ///
  /// - Throws: ``SealingError/outOfMemory`` when the cost's memory is not to be had.
  static func derive(
    _ passphrase: borrowing SecretBytes, salt: [UInt8], cost: PassphraseCost
  ) throws(SealingError) -> SecretBytes {
    precondition(salt.count == Int(crypto_pwhash_argon2id_SALTBYTES))
    return try passphrase.withBytes { passphrase throws(SealingError) in
      try SecretBytes(count: 32) { output throws(SealingError) in
        let done = stretch(
          passphrase, salt: salt.span, memoryBytes: cost.memoryBytes, passes: cost.passes,
          into: &output)
        guard done else { throw .outOfMemory }
      }
    }
  }

  /// Fills all of `output`; false when the memory is not to be had.
  static func stretch(
    _ passphrase: Span<UInt8>, salt: Span<UInt8>, memoryBytes: Int, passes: Int,
    into output: inout MutableSpan<UInt8>
  ) -> Bool {
    Sodium.prepare()
    let (outputCount, passphraseCount) = (UInt64(output.count), UInt64(passphrase.count))
    let status = unsafe output.withMutablePointer { output in
      unsafe passphrase.withPointer { passphrase in
        unsafe salt.withPointer { salt in
          unsafe passphrase.withMemoryRebound(to: CChar.self, capacity: Int(passphraseCount)) {
            unsafe crypto_pwhash_argon2id(
              output, outputCount, $0, passphraseCount, salt, UInt64(passes), memoryBytes,
              crypto_pwhash_argon2id_ALG_ARGON2ID13)
          }
        }
      }
    }
    return status == 0
  }
}
