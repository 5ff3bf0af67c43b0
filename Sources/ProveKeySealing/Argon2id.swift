import CSodium

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
