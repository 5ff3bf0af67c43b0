/// Sixteen random bytes that tell one store from every other; they stand in its header in the clear.
public struct StoreID: Hashable, Sendable {
  let content: Bytes16

  /// Reads a stored id; nil unless there are 16 bytes.
  public init?(_ bytes: [UInt8]) {
    guard let content = Bytes16(bytes.span) else { return nil }
    self.content = content
  }

  init(entropy: Entropy) {
    content = Bytes16 { span in entropy.fill(&span) }
  }

  /// The 16 bytes, as an array of their own.
  public var bytes: [UInt8] { content.withBytes { $0.copied } }

  /// The first four bytes as a number: the tag by which a record names its store.
  var tag: UInt32 { UInt32(truncatingIfNeeded: content.high >> 32) }

  @inline(__always)
  func withBytes<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try content.withBytes(body)
  }
}

extension StoreID: CustomStringConvertible, CustomReflectable {
  /// Says that there is an id, not which.
  public var description: String { "StoreID(redacted)" }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

/// What a store is for; a header of one kind does not open as another.
public enum StoreKind: UInt8, Sendable {
  /// A device's keys and storage.
  case vault = 1
  /// A server's registrations.
  case registry = 2
}
