/// Seals and opens the envelope that ``SealedRecord`` lays out.
///
/// Invariants:
/// - E1. One keyed BLAKE2b-512 over (label, nonce, hash of the place) gives the record's own subkey
///   and its commitment. XChaCha20-Poly1305 alone does not commit to its key: a ciphertext can be
///   made that opens under two. The commitment is compared first, in constant time.
/// - E2. The subkey encrypts exactly one text: the nonce is 24 random bytes, drawn for every sealing.
///   XChaCha20-Poly1305 takes the same nonce; its associated data is the hash of the place.
/// - E3. The text is count, content, zeros; count and zeros are checked after opening.
/// - E4. Every byte is accounted for: version, epoch and store tag by comparison and by the place's
///   hash, nonce and commitment by E1, the rest by the tag.
struct RecordEnvelope {
  let storeID: StoreID
  let epoch: UInt32
  let record: RecordContext
  /// What an error names when the bytes are not what was written.
  let part: SealedPart

  private static let label: StaticString = "prove-key-store record 1"

  /// Seals content that is no secret: it is padded and encrypted inside the result.
  func seal(
    _ content: Span<UInt8>, key: Span<UInt8>, entropy: Entropy
  ) throws(SealingError) -> [UInt8] {
    guard content.count <= SealedRecord.maximumContentCount else { throw .tooLarge }
    let textCount = SealedRecord.paddedCount(content.count)
    return seal(textCount: textCount, key: key, entropy: entropy) { region, place, nonce, subkey in
      region.write(UInt32(content.count), at: 0)
      region.write(content, at: 4)
      XChaCha20Poly1305.seal(inPlace: &region, associated: place, nonce: nonce, key: subkey)
    }
  }

  /// Seals a secret: it is padded in guarded memory and only ciphertext leaves it.
  func sealSecret(
    _ secret: borrowing SecretBytes, key: Span<UInt8>, entropy: Entropy
  ) throws(SealingError) -> [UInt8] {
    let count = secret.count
    guard count <= SealedRecord.maximumContentCount else { throw .tooLarge }
    let textCount = SealedRecord.paddedCount(count)
    let text = try secret.withBytes { secret throws(SealingError) in
      try SecretBytes(count: textCount) { text throws(SealingError) in
        text.write(UInt32(count), at: 0)
        text.write(secret, at: 4)
      }
    }
    return text.withBytes { text in
      seal(textCount: textCount, key: key, entropy: entropy) { region, place, nonce, subkey in
        XChaCha20Poly1305.seal(
          text, into: &region, associated: place, nonce: nonce, key: subkey)
      }
    }
  }

  /// Checks and decrypts into `text`, which must have ``textCount(of:)`` bytes.
  ///
  /// - Returns: how many bytes of content stand in `text` from offset 4 on.
  func open(
    _ sealed: Span<UInt8>, key: Span<UInt8>, into text: inout MutableSpan<UInt8>
  ) throws(SealingError) -> Int {
    let place = record.associatedHash(storeID: storeID, epoch: epoch)
    let nonce = sealed.extracting(SealedRecord.nonceRange)
    let authentic = withSecretScratch(count: 64) { pair in
      Self.derive(key: key, nonce: nonce, place: place.span, into: &pair)
      let commitment = sealed.extracting(SealedRecord.commitmentRange)
      guard pair.span.extracting(32..<64).isEqualInConstantTime(to: commitment) else {
        return false
      }
      return XChaCha20Poly1305.open(
        sealed.extracting(SealedRecord.textOffset..<sealed.count), into: &text,
        associated: place.span, nonce: nonce, key: pair.span.extracting(0..<32))
    }
    guard authentic else { throw .damaged(part) }
    let count = Int(text.span.read(UInt32.self, at: 0))
    guard SealedRecord.paddedCount(count) == text.count,
      text.span.extracting((4 + count)..<text.count).isZeroInConstantTime
    else {
      text.erase(0..<text.count)
      throw .damaged(part)
    }
    return count
  }

  /// Opens into an array.
  func open(
    _ sealed: Span<UInt8>, textCount: Int, key: Span<UInt8>
  ) throws(SealingError) -> [UInt8] {
    var text = [UInt8](repeating: 0, count: textCount)
    var span = text.mutableSpan
    let count = try open(sealed, key: key, into: &span)
    span.move(count, from: 4, to: 0)
    text.removeLast(textCount - count)
    return text
  }

  /// Opens into guarded memory, where the padding is taken off as well.
  func openSecret(
    _ sealed: Span<UInt8>, textCount: Int, key: Span<UInt8>
  ) throws(SealingError) -> SecretBytes {
    try SecretBytes(capacity: textCount) { text throws(SealingError) in
      let count = try open(sealed, key: key, into: &text)
      text.move(count, from: 4, to: textCount - count)
      text.erase(0..<(textCount - count))
      return count
    }
  }

  /// Refuses a malformed or foreign envelope and returns the bytes of its decrypted text.
  static func textCount(
    of sealed: Span<UInt8>, storeID: StoreID, part: SealedPart
  ) throws(SealingError) -> Int {
    try SealedRecord.check(sealed, part: part)
    guard sealed.read(UInt32.self, at: SealedRecord.storeTagOffset) == storeID.tag else {
      throw .foreignStore
    }
    return sealed.count - SealedRecord.overhead
  }

  /// Lays out an envelope and lets `encrypt` fill its region of zeros with ciphertext and tag.
  @inline(__always)
  private func seal(
    textCount: Int, key: Span<UInt8>, entropy: Entropy,
    _ encrypt: (
      _ region: inout MutableSpan<UInt8>, _ place: Span<UInt8>, _ nonce: Span<UInt8>,
      _ subkey: Span<UInt8>
    ) -> Void
  ) -> [UInt8] {
    let place = record.associatedHash(storeID: storeID, epoch: epoch)
    var nonce = InlineArray<24, UInt8>(repeating: 0)
    var nonceSpan = nonce.mutableSpan
    entropy.fill(&nonceSpan)

    var sealed = [UInt8](repeating: 0, count: SealedRecord.overhead + textCount)
    var bytes = sealed.mutableSpan
    bytes.write(SealedRecord.formatVersion, at: 0)
    bytes.write(epoch, at: SealedRecord.epochOffset)
    bytes.write(storeID.tag, at: SealedRecord.storeTagOffset)
    bytes.write(nonce.span, at: SealedRecord.nonceRange.lowerBound)
    withSecretScratch(count: 64) { pair in
      Self.derive(key: key, nonce: nonce.span, place: place.span, into: &pair)
      bytes.write(pair.span.extracting(32..<64), at: SealedRecord.commitmentRange.lowerBound)
      bytes.withRegion(SealedRecord.textOffset..<bytes.count) { region in
        encrypt(&region, place.span, nonce.span, pair.span.extracting(0..<32))
      }
    }
    return sealed
  }

  /// Writes subkey (32 bytes) and commitment (32 bytes) into `pair`.
  private static func derive(
    key: Span<UInt8>, nonce: Span<UInt8>, place: Span<UInt8>, into pair: inout MutableSpan<UInt8>
  ) {
    Blake2b.hash(key: key, into: &pair) { hasher in
      hasher.feedPart(label)
      hasher.feed(nonce)
      hasher.feed(place)
    }
  }
}
