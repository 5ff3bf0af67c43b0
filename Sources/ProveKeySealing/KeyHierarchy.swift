import CSodium

/// A store's root key and the subkeys derived from it, in one block of guarded memory.
///
/// Subkeys come from `crypto_kdf` (BLAKE2b with the number as salt and "pkstore1" as
/// personalisation), so that no key serves two purposes.
struct KeyHierarchy: ~Copyable, Sendable {
  /// The keys by their place in the block; a subkey's place is its number in the derivation.
  enum Key: Int, CaseIterable {
    case root = 0
    case locators = 1
    case setIntegrity = 2
    case headerMAC = 3
    case epochWrapping = 4
    case state = 5
  }

  /// Bytes of each key.
  static let keyCount = 32

  private let block: SecretBytes

  /// Lets `fill` write the 32-byte root key, then derives the subkeys.
  init(
    root fill: (inout MutableSpan<UInt8>) throws(SealingError) -> Void
  ) throws(SealingError) {
    block = try SecretBytes(
      count: Self.keyCount * Key.allCases.count
    ) { block throws(SealingError) in
      try block.withRegion(0..<Self.keyCount, fill)
      Self.deriveSubkeys(in: &block)
    }
  }

  /// Lends one key.
  func withKey<R: ~Copyable, E: Error>(
    _ key: Key, _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try block.withBytes { block throws(E) in
      let start = key.rawValue * Self.keyCount
      return try body(block.extracting(start..<(start + Self.keyCount)))
    }
  }

  private static func deriveSubkeys(in block: inout MutableSpan<UInt8>) {
    precondition(block.count == keyCount * Key.allCases.count)
    Sodium.prepare()
    unsafe block.withUnsafeMutableBufferPointer { block in
      guard let root = block.baseAddress else { return }
      for key in Key.allCases where key != .root {
        let status = unsafe crypto_kdf_derive_from_key(
          root + key.rawValue * keyCount, keyCount, UInt64(key.rawValue), "pkstore1", root)
        precondition(status == 0, "a subkey could not be derived")
      }
    }
  }
}
