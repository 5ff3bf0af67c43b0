import ProveKeyModel

/// The bytes that wrap a store's root key, as they stand at the head of the store.
///
/// | bytes | part |
/// |---|---|
/// | 8 | "PKSHEAD1" |
/// | 1 | format version, 1 |
/// | 1 | kind of store |
/// | 16 | store id |
/// | 1 | unlock method |
/// | n | its parameters: salt (16) \| salt (16), memory (8), passes (4) \| name, wrapped key, each led by its length (4) \| entangled: method (1) and its parameters, salt (16), value check (32) |
/// | 24 | nonce |
/// | 32 | key check |
/// | 32 + 16 | root key, encrypted; its associated data is everything before |
/// | 32 | MAC over everything before, keyed by the root's header subkey |
/// | 32 | BLAKE2b-256 over everything before |
///
/// A reader goes on in this order, and each step has its own error: magic (damaged), format
/// (unknownFormat), length and checksum (damaged), kind (wrongKind), cost (costOutOfBounds), method
/// (wrongUnlockMethod), value check (entanglement), key check (wrongKey, wrongPassphrase, ...), root key and MAC (tampered).
///
/// So decay is told from a wrong key by the checksum; and an edit whose checksum was mended is
/// told from a wrong key as well, unless it changed what the key-encryption key or its check are
/// made of (salt, cost, the provider's bytes, nonce, check): that is a wrong key and nothing else.
struct StoreHeader {
  var kind: UInt8
  var storeID: StoreID
  var parameters: UnlockParameters
  var nonce: [UInt8]
  var keyCheck: [UInt8]
  var wrappedRoot: [UInt8]
  var mac: [UInt8]

  static let magic = Array("PKSHEAD1".utf8)
  static let formatVersion: UInt8 = 1
  /// The most bytes that a header may have.
  static let maximumCount = 8192
  static let nonceCount = XChaCha20Poly1305.nonceCount
  static let wrappedRootCount = KeyHierarchy.keyCount + XChaCha20Poly1305.tagCount
  static let hashCount = 32

  /// Everything before the wrapped root: what is associated with it.
  var associatedBytes: [UInt8] {
    var writer = ByteWriter(reservingCapacity: 512)
    writer.writeFixed(Self.magic)
    writer.write(Self.formatVersion)
    writer.write(kind)
    writer.writeFixed(storeID.bytes)
    parameters.write(to: &writer)
    writer.writeFixed(nonce)
    writer.writeFixed(keyCheck)
    return writer.bytes
  }

  /// The header's bytes.
  var bytes: [UInt8] {
    let content = associatedBytes + wrappedRoot + mac
    return content + Hashing.blake2b256(of: content.span)
  }

  /// Reads a header as far as that goes without a key.
  static func parse(_ bytes: [UInt8]) throws(SealingError) -> StoreHeader {
    guard bytes.count > magic.count, bytes.starts(with: magic) else { throw .damaged(.header) }
    guard bytes[magic.count] == formatVersion else { throw .unknownFormat(bytes[magic.count]) }
    guard bytes.count <= maximumCount, bytes.count > magic.count + hashCount else {
      throw .damaged(.header)
    }
    let content = bytes.count - hashCount
    let checksum = Hashing.blake2b256(of: bytes.span.extracting(0..<content))
    guard checksum[...] == bytes[content...] else { throw .damaged(.header) }
    do throws(ByteReader.Malformed) {
      var reader = ByteReader(Array(bytes[(magic.count + 1)..<content]))
      let kind = try reader.read(UInt8.self, "kind")
      guard let storeID = StoreID(try reader.readFixed(16, "store id")) else {
        throw ByteReader.Malformed(field: "store id")
      }
      let header = StoreHeader(
        kind: kind, storeID: storeID, parameters: try UnlockParameters.read(&reader),
        nonce: try reader.readFixed(nonceCount, "nonce"),
        keyCheck: try reader.readFixed(hashCount, "key check"),
        wrappedRoot: try reader.readFixed(wrappedRootCount, "root"),
        mac: try reader.readFixed(hashCount, "mac"))
      try reader.finish()
      return header
    } catch {
      throw .damaged(.header)
    }
  }
}
