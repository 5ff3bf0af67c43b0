import CSodium

/// XChaCha20-Poly1305 (IETF construction, 24-byte nonce), in place and into given memory.
enum XChaCha20Poly1305 {
  /// Bytes of a key.
  static let keyCount = 32
  /// Bytes of a nonce.
  static let nonceCount = 24
  /// Bytes of a tag.
  static let tagCount = 16

  /// Encrypts all but the last 16 bytes of `region` where they stand; the tag takes those 16.
  static func seal(
    inPlace region: inout MutableSpan<UInt8>, associated: Span<UInt8>, nonce: Span<UInt8>,
    key: Span<UInt8>
  ) {
    unsafe seal(nil, into: &region, associated: associated, nonce: nonce, key: key)
  }

  /// Encrypts `text` into `region`, 16 bytes more; no byte of the text ever stands in `region`.
  static func seal(
    _ text: Span<UInt8>, into region: inout MutableSpan<UInt8>, associated: Span<UInt8>,
    nonce: Span<UInt8>, key: Span<UInt8>
  ) {
    precondition(text.count == region.count - tagCount)
    unsafe text.withPointer { text in
      unsafe seal(
        text, into: &region, associated: associated, nonce: nonce, key: key)
    }
  }

  /// Decrypts `sealed` (ciphertext, then tag) into all of `text`, 16 bytes fewer.
  ///
  /// - Returns: whether the tag was right; when not, `text` holds zeros.
  static func open(
    _ sealed: Span<UInt8>, into text: inout MutableSpan<UInt8>, associated: Span<UInt8>,
    nonce: Span<UInt8>, key: Span<UInt8>
  ) -> Bool {
    precondition(sealed.count == text.count + tagCount)
    precondition(nonce.count == nonceCount && key.count == keyCount)
    let (sealedCount, associatedCount) = (UInt64(sealed.count), UInt64(associated.count))
    let status = unsafe text.withMutablePointer { text in
      unsafe sealed.withPointer { sealed in
        unsafe associated.withPointer { associated in
          unsafe nonce.withPointer { nonce in
            unsafe key.withPointer { key in
              unsafe crypto_aead_xchacha20poly1305_ietf_decrypt(
                text, nil, nil, sealed, sealedCount,
                associated, associatedCount, nonce,
                key)
            }
          }
        }
      }
    }
    return status == 0
  }

  /// Encrypts from `text`, or in place when there is none.
  private static func seal(
    _ text: UnsafePointer<UInt8>?, into region: inout MutableSpan<UInt8>,
    associated: Span<UInt8>, nonce: Span<UInt8>, key: Span<UInt8>
  ) {
    let textCount = region.count - tagCount
    precondition(textCount >= 0 && nonce.count == nonceCount && key.count == keyCount)
    let associatedCount = UInt64(associated.count)
    let status = unsafe region.withMutablePointer { region in
      unsafe associated.withPointer { associated in
        unsafe nonce.withPointer { nonce in
          unsafe key.withPointer { key in
            let source = unsafe text ?? UnsafePointer(region)
            return unsafe crypto_aead_xchacha20poly1305_ietf_encrypt(
              region, nil, source, UInt64(textCount), associated,
              associatedCount, nil, nonce, key)
          }
        }
      }
    }
    precondition(status == 0, "XChaCha20-Poly1305 refused to encrypt")
  }
}
