/// A 32-byte key encrypted under another one, for the providers that keep a wrapping key themselves.
///
/// | bytes | part |
/// |---|---|
/// | 1 | layout, 1 |
/// | 24 | nonce, random |
/// | 32 | commitment to wrapping key, nonce, label and context |
/// | 32 + 16 | the key, XChaCha20-Poly1305 under a subkey of its own |
///
/// As in a sealed record, subkey and commitment are the halves of one keyed BLAKE2b-512, here over
/// label, nonce and context, each led by its length.
enum WrappedKey {
  /// Bytes of the whole.
  static let byteCount = 105
  /// Bytes of the key inside and of the one around it.
  static let keyCount = 32

  private static let layout: UInt8 = 1
  private static let nonceRange = 1..<25
  private static let commitmentRange = 25..<57
  private static let textRange = 57..<105

  /// Encrypts `key` under `wrappingKey` for one label and context.
  static func seal(
    _ key: borrowing SecretBytes, under wrappingKey: borrowing SecretBytes, label: String,
    context: [UInt8]
  ) throws(SealingError) -> [UInt8] {
    guard key.count == keyCount, wrappingKey.count == keyCount else { throw .wrongByteCount }
    var wrapped = [UInt8](repeating: 0, count: byteCount)
    var bytes = wrapped.mutableSpan
    bytes[0] = layout
    var nonce = InlineArray<24, UInt8>(repeating: 0)
    var nonceSpan = nonce.mutableSpan
    Entropy.system.fill(&nonceSpan)
    bytes.write(nonce.span, at: nonceRange.lowerBound)
    withPair(wrappingKey, nonce.span, label, context) { subkey, commitment in
      bytes.write(commitment, at: commitmentRange.lowerBound)
      bytes.withRegion(textRange) { region in
        key.withBytes { key in
          XChaCha20Poly1305.seal(
            key, into: &region, associated: Span(), nonce: nonce.span, key: subkey)
        }
      }
    }
    return wrapped
  }

  /// Decrypts a key; nothing when the bytes are not what was written, or for another key or context.
  static func open(
    _ wrapped: [UInt8], under wrappingKey: borrowing SecretBytes, label: String, context: [UInt8]
  ) throws(SealingError) -> SecretBytes? {
    guard wrapped.count == byteCount, wrapped[0] == layout else { return nil }
    guard wrappingKey.count == keyCount else { throw .wrongByteCount }
    let bytes = wrapped.span
    let nonce = bytes.extracting(nonceRange)
    var isAuthentic = false
    let key = try SecretBytes(count: keyCount) { text throws(SealingError) in
      isAuthentic = withPair(wrappingKey, nonce, label, context) { subkey, commitment in
        guard commitment.isEqualInConstantTime(to: bytes.extracting(commitmentRange)) else {
          return false
        }
        return XChaCha20Poly1305.open(
          bytes.extracting(textRange), into: &text, associated: Span(), nonce: nonce, key: subkey)
      }
    }
    guard isAuthentic else { return nil }
    return key
  }

  private static func withPair<R>(
    _ wrappingKey: borrowing SecretBytes, _ nonce: Span<UInt8>, _ label: String,
    _ context: [UInt8], _ body: (_ subkey: Span<UInt8>, _ commitment: Span<UInt8>) -> R
  ) -> R {
    withSecretScratch(count: 64) { pair in
      wrappingKey.withBytes { key in
        Blake2b.hash(key: key, into: &pair) { hasher in
          hasher.feedPart(label)
          hasher.feedPart(nonce)
          hasher.feedPart(context.span)
        }
      }
      return body(pair.span.extracting(0..<32), pair.span.extracting(32..<64))
    }
  }
}
