/// The 32-byte key that an unlock method yields, and what the header must keep to yield it again.
struct KeyEncryptionKey: ~Copyable {
  let secret: SecretBytes
  let parameters: UnlockParameters

  /// The store that the key is for.
  struct Place {
    let kind: UInt8
    let storeID: StoreID

    /// What a provider authenticates together with the key: the store's kind and id.
    var context: [UInt8] { [kind] + storeID.bytes }
  }

  private static let saltCount = UnlockParameters.saltCount
  private static let rawKeyLabel = "prove-key-store raw key 1"
  private static let keyFileLabel = "prove-key-store key file 1"

  private init(secret: consuming SecretBytes, parameters: UnlockParameters) {
    self.secret = secret
    self.parameters = parameters
  }

  /// Makes a key for locking, with fresh salt.
  static func make(
    for unlock: UnlockMethod, _ place: Place, entropy: Entropy
  ) throws(SealingError) -> KeyEncryptionKey {
    let context = place.context
    switch unlock {
    case .rawKey:
      return try derive(.rawKey(salt: salt(entropy)), unlock, place)
    case .keyFile:
      return try derive(.keyFile(salt: salt(entropy)), unlock, place)
    case .passphrase(_, let cost):
      return try derive(
        .passphrase(
          salt: salt(entropy), memoryBytes: UInt64(cost.memoryBytes),
          passes: UInt32(cost.passes)), unlock, place)
    case .provider(let provider):
      guard ProviderLimits.accepts(name: provider.name) else { throw .providerName }
      let secret = try SecretBytes(count: 32) { span throws(SealingError) in entropy.fill(&span) }
      let wrapped: [UInt8]
      do {
        wrapped = try provider.wrap(secret, context: context)
      } catch {
        throw SealingError(thrown: error, by: provider.name)
      }
      guard wrapped.count <= ProviderLimits.wrappedByteCount else {
        throw .provider(provider.name)
      }
      return KeyEncryptionKey(
        secret: secret, parameters: .provider(name: provider.name, wrapped: wrapped))
    case .entangled(let method, let folder):
      guard method.kind != .entangled else { throw .nestedEntanglement }
      let inner = try make(for: method, place, entropy: entropy)
      let value = try Entanglement.valueForLocking(folder, storeID: place.storeID)
      let salt = salt(entropy)
      return KeyEncryptionKey(
        secret: try Entanglement.mix(inner.secret, value, salt: salt),
        parameters: .entangled(
          inner.parameters, salt: salt, valueCheck: Entanglement.check(value, salt: salt)))
    }
  }

  /// Yields the key again from what a header kept.
  ///
  /// The stored cost is checked first, then that the method is the one brought.
  static func derive(
    _ parameters: UnlockParameters, _ unlock: UnlockMethod, _ place: Place
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
        secret = try provider.unwrap(wrapped, context: place.context)
      } catch {
        throw SealingError(thrown: error, by: name)
      }
      guard secret.count == 32 else { throw .provider(name) }
    case (.entangled(let inner, let salt, let valueCheck), .entangled(let method, let folder)):
      guard method.kind == inner.kind else { throw .wrongUnlockMethod(stored: inner.kind) }
      // Before anything that costs time or asks a person.
      let value = try Entanglement.value(folder, storeID: place.storeID)
      guard Entanglement.check(value, salt: salt) == valueCheck else {
        throw .entanglement(.wrongKey)
      }
      secret = try Entanglement.mix(try derive(inner, method, place).secret, value, salt: salt)
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
