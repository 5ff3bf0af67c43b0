import ProveKeyModel
import ProveKeyPlatform

@testable import ProveKeySealing

/// The record format written a second time from its description, to forge what it must refuse.
enum ByHand {
  /// Seals a text (count, content and padding are the caller's) under epoch 1.
  static func seal(
    text: [UInt8], under keys: StoreKeys, place: RecordContext, entropy: Entropy,
    wrongCommitment: Bool = false
  ) throws -> [UInt8] {
    var nonce = [UInt8](repeating: 0, count: 24)
    var nonceSpan = nonce.mutableSpan
    entropy.fill(&nonceSpan)

    var associated = ByteWriter()
    associated.writeBlock([1])
    associated.writeBlock(keys.storeID.bytes)
    associated.writeText(place.table)
    associated.writeBlock(place.locator.bytes)
    associated.writeBlock([0, 0, 0, 1])
    associated.write(UInt32(8))
    associated.write(place.version)
    for column in place.columns { associated.writeBlock(column) }
    let hash = Hashing.blake2b256(of: associated.bytes.span)

    var labelled = ByteWriter()
    labelled.writeText("prove-key-store record 1")
    labelled.writeFixed(nonce)
    labelled.writeFixed(hash)
    var pair = [UInt8](repeating: 0, count: 64)
    var output = pair.mutableSpan
    let box = try keys.epochs.withLock { try $0.key(for: 1) }
    box.bytes.withBytes { key in
      Blake2b.hash(key: key, into: &output) { $0.feed(labelled.bytes.span) }
    }

    var region = text + [UInt8](repeating: 0, count: 16)
    var regionSpan = region.mutableSpan
    XChaCha20Poly1305.seal(
      inPlace: &regionSpan, associated: hash.span, nonce: nonce.span,
      key: pair.span.extracting(0..<32))

    var commitment = Array(pair[32...])
    if wrongCommitment { commitment[31] ^= 0x80 }
    return [1, 0, 0, 0, 1] + keys.storeID.bytes.prefix(4) + nonce + commitment + region
  }
}
