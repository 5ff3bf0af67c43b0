import ProveKeySealing

/// The record of a private key, built and read in guarded memory.
///
/// Content: kind 1, seed 32.
enum SeedRecord {
  /// Makes a key: the content to seal, and the 32 bytes of the public half.
  static func make() throws(SealingError) -> (content: SecretBox, publicKey: [UInt8]) {
    let seed = try Ed25519.makeSeed()
    return (SecretBox(try content(of: seed)), try Ed25519.publicKey(ofSeed: seed))
  }

  private static func content(of seed: borrowing SecretBytes) throws(SealingError) -> SecretBytes {
    try seed.withBytes { seed throws(SealingError) in
      try SecretBytes(count: 1 + Ed25519.seedCount) { content throws(SealingError) in
        guard seed.count == Ed25519.seedCount else { throw .wrongByteCount }
        content[0] = RecordKind.seed.rawValue
        for index in seed.indices { content[1 + index] = seed[index] }
      }
    }
  }

  /// The signing key of a content; nothing when it is not a seed.
  static func signingKey(
    of content: borrowing SecretBytes
  ) throws(SealingError) -> SecretBox? {
    let isSeed = content.withBytes { bytes in
      bytes.count == 1 + Ed25519.seedCount && bytes[0] == RecordKind.seed.rawValue
    }
    guard isSeed else { return nil }
    let seed = try content.withBytes { content throws(SealingError) in
      try SecretBytes(copying: content.extracting(1..<content.count))
    }
    return SecretBox(try Ed25519.pooledSigningKey(ofSeed: seed))
  }
}
