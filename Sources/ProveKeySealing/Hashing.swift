/// Unkeyed hashes: for event chains and checksums, never for secrets or names.
public enum Hashing: Sendable {
  /// BLAKE2b-256 of a list of parts, each led by its length as four bytes.
  ///
  /// Two different lists never hash alike: `("ab", "c")` is not `("a", "bc")`.
  /// - Returns: 32 bytes.
  public static func blake2b256(_ parts: [UInt8]...) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 32)
    var output = digest.mutableSpan
    Blake2b.hash(key: Span(), into: &output) { hasher in
      for part in parts { hasher.feedPart(part.span) }
    }
    return digest
  }

  /// BLAKE2b-256 of bytes as they stand, as RFC 7693 defines it.
  ///
  /// - Returns: 32 bytes.
  public static func blake2b256(of bytes: Span<UInt8>) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 32)
    var output = digest.mutableSpan
    Blake2b.hash(key: Span(), into: &output) { hasher in hasher.feed(bytes) }
    return digest
  }
}
