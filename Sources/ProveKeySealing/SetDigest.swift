/// The sum of a set's elements modulo 2^256: equal sets have equal sums, in any order.
///
/// This is MSet-Add-Hash of Clarke, Devadas, van Dijk, Gassend and Suh, "Incremental Multiset Hash
/// Functions" (ASIACRYPT 2003), over elements hashed with a key. It is a sum and never an
/// exclusive-or, under which an element that occurs twice would vanish.
public struct SetDigest: Equatable, Sendable {
  /// Least significant limb first.
  private var limbs: (UInt64, UInt64, UInt64, UInt64)

  /// The digest of the empty set.
  public static let zero = SetDigest(limbs: (0, 0, 0, 0))

  private init(limbs: (UInt64, UInt64, UInt64, UInt64)) {
    self.limbs = limbs
  }

  /// Reads the 32 bytes of ``bytes``; nil for any other number.
  public init?(_ bytes: [UInt8]) {
    self.init(bytes.span)
  }

  /// Reads the 32 bytes of ``bytes``; nil for any other number.
  public init?(_ bytes: Span<UInt8>) {
    guard bytes.count == 32 else { return nil }
    self.init(thirtyTwo: bytes)
  }

  /// Reads bytes of which there are 32 by construction.
  init(thirtyTwo bytes: Span<UInt8>) {
    limbs = (
      bytes.read(UInt64.self, at: 24), bytes.read(UInt64.self, at: 16),
      bytes.read(UInt64.self, at: 8), bytes.read(UInt64.self, at: 0)
    )
  }

  /// The sum as 32 bytes, most significant first; to be kept sealed, never in the clear.
  public var bytes: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 32)
    var span = bytes.mutableSpan
    span.write(limbs.3, at: 0)
    span.write(limbs.2, at: 8)
    span.write(limbs.1, at: 16)
    span.write(limbs.0, at: 24)
    return bytes
  }

  /// Puts an element into the set.
  public mutating func add(_ element: SetDigest) {
    var carry = false
    limbs.0 = Self.sum(limbs.0, element.limbs.0, &carry)
    limbs.1 = Self.sum(limbs.1, element.limbs.1, &carry)
    limbs.2 = Self.sum(limbs.2, element.limbs.2, &carry)
    limbs.3 = Self.sum(limbs.3, element.limbs.3, &carry)
  }

  /// Takes an element out of the set.
  public mutating func subtract(_ element: SetDigest) {
    var borrow = false
    limbs.0 = Self.difference(limbs.0, element.limbs.0, &borrow)
    limbs.1 = Self.difference(limbs.1, element.limbs.1, &borrow)
    limbs.2 = Self.difference(limbs.2, element.limbs.2, &borrow)
    limbs.3 = Self.difference(limbs.3, element.limbs.3, &borrow)
  }

  /// Whether both are the digest of the same set.
  public static func == (left: Self, right: Self) -> Bool {
    left.limbs == right.limbs
  }

  private static func sum(_ left: UInt64, _ right: UInt64, _ carry: inout Bool) -> UInt64 {
    let (first, over) = left.addingReportingOverflow(right)
    let (second, overAgain) = first.addingReportingOverflow(carry ? 1 : 0)
    carry = over || overAgain
    return second
  }

  private static func difference(_ left: UInt64, _ right: UInt64, _ borrow: inout Bool) -> UInt64 {
    let (first, under) = left.subtractingReportingOverflow(right)
    let (second, underAgain) = first.subtractingReportingOverflow(borrow ? 1 : 0)
    borrow = under || underAgain
    return second
  }
}

extension SetDigest: CustomStringConvertible, CustomReflectable {
  /// Says that there is a digest, not which.
  public var description: String { "SetDigest(redacted)" }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}
