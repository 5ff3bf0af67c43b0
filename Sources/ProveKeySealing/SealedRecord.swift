/// The layout of a sealed record, and names for what can be read of it without a key.
///
/// | bytes | part |
/// |---|---|
/// | 1 | format version, 1 |
/// | 4 | epoch |
/// | 4 | store tag: the first bytes of the store id |
/// | 24 | nonce, random |
/// | 32 | commitment to key, nonce and place |
/// | n | ciphertext of count (4) \| content \| zeros up to a multiple of 32 |
/// | 16 | tag |
///
/// Integers are big-endian. Neither the exact length of the content nor anything of its place
/// can be read.
public enum SealedRecord: Sendable {
  /// The format that is written.
  public static let formatVersion: UInt8 = 1
  /// Bytes that sealing adds beside the padded content.
  public static let overhead = 81
  /// The content's length, padded, is a multiple of this.
  public static let paddingStep = 32
  /// The most bytes that a content may have: 16 MiB.
  public static let maximumContentCount = 16 << 20

  static let epochOffset = 1
  static let storeTagOffset = 5
  static let nonceRange = 9..<33
  static let commitmentRange = 33..<65
  static let textOffset = 65

  /// Bytes of the sealed form of a content of `count` bytes.
  public static func sealedCount(contentCount count: Int) -> Int {
    overhead + paddedCount(count)
  }

  /// The epoch whose data key sealed the record; 0 is the store's own state.
  ///
  /// - Throws: ``SealingError/unknownFormat(_:)``, ``SealingError/damaged(_:)``.
  public static func epoch(of sealed: Span<UInt8>) throws(SealingError) -> UInt32 {
    try check(sealed, part: .record)
    return sealed.read(UInt32.self, at: epochOffset)
  }

  /// The record's 32-byte commitment, as an array of its own.
  ///
  /// - Throws: ``SealingError/unknownFormat(_:)``, ``SealingError/damaged(_:)``.
  public static func commitment(of sealed: Span<UInt8>) throws(SealingError) -> [UInt8] {
    try check(sealed, part: .record)
    return sealed.extracting(commitmentRange).copied
  }

  /// The record's commitment as a value that needs no memory of its own.
  ///
  /// - Throws: ``SealingError/unknownFormat(_:)``, ``SealingError/damaged(_:)``.
  public static func commitmentValue(of sealed: Span<UInt8>) throws(SealingError) -> Commitment {
    try check(sealed, part: .record)
    return Commitment(thirtyTwo: sealed.extracting(commitmentRange))
  }

  /// The commitment of a record that says it was sealed under `epoch`; nil when it says another.
  ///
  /// - Throws: ``SealingError/unknownFormat(_:)``, ``SealingError/tooLarge``,
  ///   ``SealingError/damaged(_:)``.
  package static func commitment(
    of sealed: Span<UInt8>, epoch: UInt32
  ) throws(SealingError) -> Commitment? {
    try check(sealed, part: .record)
    guard sealed.read(UInt32.self, at: epochOffset) == epoch else { return nil }
    return Commitment(thirtyTwo: sealed.extracting(commitmentRange))
  }

  /// Refuses what cannot be a sealed record, before anything of it is used.
  static func check(_ sealed: Span<UInt8>, part: SealedPart) throws(SealingError) {
    guard sealed.count > 0 else { throw .damaged(part) }
    guard sealed[0] == formatVersion else { throw .unknownFormat(sealed[0]) }
    guard sealed.count <= sealedCount(contentCount: maximumContentCount) else { throw .tooLarge }
    let padded = sealed.count - overhead
    guard padded >= paddingStep, padded % paddingStep == 0 else { throw .damaged(part) }
  }

  /// Bytes of count, content and zeros.
  static func paddedCount(_ count: Int) -> Int {
    (count + 4 + paddingStep - 1) / paddingStep * paddingStep
  }

  /// A record's commitment: 32 bytes that change whenever the record is sealed anew.
  public struct Commitment: Hashable, Sendable {
    private let words: InlineArray<4, UInt64>

    /// Reads a commitment; nil unless there are 32 bytes.
    public init?(_ bytes: Span<UInt8>) {
      guard bytes.count == 32 else { return nil }
      self.init(thirtyTwo: bytes)
    }

    fileprivate init(thirtyTwo bytes: Span<UInt8>) {
      words = InlineArray { index in bytes.read(UInt64.self, at: index * 8) }
    }

    /// The 32 bytes, as an array of their own.
    public var bytes: [UInt8] { withBytes { $0.copied } }

    /// Lends the 32 bytes without making an array.
    public func withBytes<R: ~Copyable, E: Error>(
      _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
      var bytes = InlineArray<32, UInt8>(repeating: 0)
      var span = bytes.mutableSpan
      for index in 0..<4 { span.write(words[index], at: index * 8) }
      return try body(bytes.span)
    }

    /// Whether both are the same 32 bytes.
    public static func == (left: Self, right: Self) -> Bool {
      left.words[0] == right.words[0] && left.words[1] == right.words[1]
        && left.words[2] == right.words[2] && left.words[3] == right.words[3]
    }

    /// Feeds the bytes to a hasher.
    public func hash(into hasher: inout Hasher) {
      for index in 0..<4 { hasher.combine(words[index]) }
    }
  }
}
