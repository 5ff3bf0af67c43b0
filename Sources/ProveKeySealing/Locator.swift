/// What a row is found by: 16 bytes hashed with the store's key, in which no name can be read.
///
/// Locators are made by ``StoreKeys`` and sort as their bytes do.
public struct Locator: Hashable, Sendable, Comparable {
  @usableFromInline
  let content: Bytes16

  /// Reads a stored locator; nil unless there are 16 bytes.
  public init?(_ bytes: [UInt8]) {
    self.init(bytes.span)
  }

  /// Reads a stored locator; nil unless there are 16 bytes.
  public init?(_ bytes: Span<UInt8>) {
    guard let content = Bytes16(bytes) else { return nil }
    self.content = content
  }

  init(_ content: Bytes16) {
    self.content = content
  }

  /// Puts a locator together from its two halves, each with its most significant byte first.
  @inlinable
  package init(high: UInt64, low: UInt64) {
    content = Bytes16(high: high, low: low)
  }

  /// The first eight bytes as a number.
  @inlinable
  package var high: UInt64 { content.high }

  /// The last eight bytes as a number.
  @inlinable
  package var low: UInt64 { content.low }

  /// The 16 bytes, as an array of their own.
  public var bytes: [UInt8] { content.withBytes { $0.copied } }

  /// Lends the 16 bytes without making an array.
  package func withBytes<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try content.withBytes(body)
  }

  /// Orders locators as their bytes are ordered.
  public static func < (left: Self, right: Self) -> Bool {
    left.content < right.content
  }
}

extension Locator: CustomStringConvertible, CustomReflectable {
  /// Says that there is a locator, not which.
  public var description: String { "Locator(redacted)" }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

/// Sixteen bytes kept in two words, so that they need no memory of their own.
@usableFromInline
@frozen
struct Bytes16: Hashable, Comparable, Sendable {
  @usableFromInline let high: UInt64
  @usableFromInline let low: UInt64

  @inlinable
  init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  init?(_ bytes: Span<UInt8>) {
    guard bytes.count == 16 else { return nil }
    high = bytes.read(UInt64.self, at: 0)
    low = bytes.read(UInt64.self, at: 8)
  }

  /// Lets `fill` write all sixteen bytes.
  @inline(__always)
  init(filledBy fill: (inout MutableSpan<UInt8>) -> Void) {
    var bytes = InlineArray<16, UInt8>(repeating: 0)
    var span = bytes.mutableSpan
    fill(&span)
    high = bytes.span.read(UInt64.self, at: 0)
    low = bytes.span.read(UInt64.self, at: 8)
  }

  @inline(__always)
  func withBytes<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    var bytes = InlineArray<16, UInt8>(repeating: 0)
    var span = bytes.mutableSpan
    span.write(high, at: 0)
    span.write(low, at: 8)
    return try body(bytes.span)
  }

  @inlinable
  static func < (left: Self, right: Self) -> Bool {
    (left.high, left.low) < (right.high, right.low)
  }
}

extension Blake2b {
  /// Feeds the sixteen bytes as they are.
  @inline(__always)
  mutating func feed(_ bytes: Bytes16) {
    feed(bytes.high)
    feed(bytes.low)
  }

  /// Feeds the sixteen bytes led by their length.
  @inline(__always)
  mutating func feedPart(_ bytes: Bytes16) {
    feed(UInt32(16))
    feed(bytes)
  }
}
