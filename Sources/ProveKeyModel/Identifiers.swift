/// A non-empty name of at most 255 UTF-8 bytes without control characters.
///
/// Two identifiers are equal when their bytes are: Swift's `String` equality would merge
/// canonically equal texts that are different names. They print redacted, since an identifier
/// is personal data.
public protocol Identifier: Hashable, Sendable, CustomStringConvertible,
  CustomDebugStringConvertible, CustomReflectable
{
  /// The name of the field on the wire, as errors give it.
  static var fieldName: String { get }

  /// The text of the identifier.
  var rawValue: String { get }

  /// Makes an identifier, or nothing when the text is empty, longer than 255 UTF-8 bytes or holds
  /// control characters (U+0000 to U+001F, U+007F to U+009F).
  init?(_ text: String)
}

extension Identifier {
  /// Makes an identifier or names the field that is malformed.
  /// - Throws: ``ModelError/malformed(field:)`` under the conditions of `init?(_:)`.
  public init(validating text: String) throws(ModelError) {
    guard let value = Self(text) else { throw .malformed(field: Self.fieldName) }
    self = value
  }

  /// Equal when every byte is.
  public static func == (left: Self, right: Self) -> Bool {
    haveSameBytes(left.rawValue, right.rawValue)
  }

  /// Hashes the text as `String` does: texts of the same bytes hash alike.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(rawValue)
  }

  /// The kind of identifier; never its text.
  public var description: String { "\(Self.fieldName)(redacted)" }

  /// The kind of identifier; never its text.
  public var debugDescription: String { description }

  /// Shows no children, so that `dump` cannot print the text.
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Whether two texts have the same UTF-8, which is more than being canonically equal.
func haveSameBytes(_ left: String, _ right: String) -> Bool {
  let (left8, right8) = (left.utf8Span, right.utf8Span)
  guard left8.count == right8.count else { return false }
  // Among texts in ASCII the two are the same, and `String` compares a word at a time.
  if left8.isKnownASCII, right8.isKnownASCII { return left == right }
  let (leftBytes, rightBytes) = (left8.span, right8.span)
  for index in leftBytes.indices where leftBytes[index] != rightBytes[index] { return false }
  return true
}

/// Whether text may be an identifier: 1 to 255 UTF-8 bytes without control characters.
package func isIdentifierText(_ text: String) -> Bool {
  let bytes = text.utf8Span.span
  guard bytes.count >= 1, bytes.count <= identifierByteLimit else { return false }
  if isPrintableASCII(bytes) { return true }
  var before: UInt8 = 0
  for index in bytes.indices {
    let byte = bytes[index]
    // U+0080 to U+009F are 0xC2 and their own number; no other scalar has these two bytes.
    guard byte >= 0x20, byte != 0x7F, before != 0xC2 || byte > 0x9F else { return false }
    before = byte
  }
  return true
}

/// Whether all of at least eight bytes are printable ASCII, as those of nearly all identifiers are:
/// looked at eight at a time, since every look-up by an id from outside begins here.
private func isPrintableASCII(_ bytes: Span<UInt8>) -> Bool {
  let width = MemoryLayout<UInt64>.size
  guard bytes.count >= width else { return false }
  let high: UInt64 = 0x8080_8080_8080_8080
  let (one, space): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x2020_2020_2020_2020)
  var found: UInt64 = 0
  var offset = 0
  while offset < bytes.count {
    // The last word may overlap the one before.
    let start = min(offset, bytes.count - width)
    let word = unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self)
    // The high bit of a byte beyond ASCII, of U+007F plus one, and of what borrows below a space.
    // A carry or borrow reaches a neighbour only from a byte that is found itself.
    found |= (word | (word &+ one) | (word &- space)) & high
    offset += width
  }
  return found == 0
}

/// The longest identifier, in UTF-8 bytes.
package let identifierByteLimit = 255

/// The unique identifier of one Prove Key on one device: one per key, not per piece of hardware.
///
/// Opaque; those made here are UUIDs. Source: Prove server SDK field docs, `deviceId`.
public struct DeviceID: Identifier {
  /// The field's name on the wire.
  public static var fieldName: String { "deviceId" }
  /// The text of the identifier.
  public let rawValue: String

  /// Makes an identifier, or nothing when the text cannot be one.
  public init?(_ text: String) {
    guard isIdentifierText(text) else { return nil }
    rawValue = text
  }

  /// Makes a random UUID (version 4).
  public static func random(using generator: inout some RandomNumberGenerator) -> DeviceID {
    DeviceID(unchecked: randomUUIDText(using: &generator))
  }

  private init(unchecked text: String) { rawValue = text }
}

/// A probabilistic fingerprint of a browser; never a credential on its own (D4, D14).
public struct VisitorID: Identifier {
  /// The field's name on the wire.
  public static var fieldName: String { "visitorId" }
  /// The text of the identifier.
  public let rawValue: String

  /// Makes an identifier, or nothing when the text cannot be one.
  public init?(_ text: String) {
    guard isIdentifierText(text) else { return nil }
    rawValue = text
  }
}

/// Prove's identifier of a consumer.
public struct ProveID: Identifier {
  /// The field's name on the wire.
  public static var fieldName: String { "proveId" }
  /// The text of the identifier.
  public let rawValue: String

  /// Makes an identifier, or nothing when the text cannot be one.
  public init?(_ text: String) {
    guard isIdentifierText(text) else { return nil }
    rawValue = text
  }

  /// Makes a random UUID (version 4).
  public static func random(using generator: inout some RandomNumberGenerator) -> ProveID {
    ProveID(unchecked: randomUUIDText(using: &generator))
  }

  private init(unchecked text: String) { rawValue = text }
}

/// The integrator's identifier of a customer.
public struct ClientCustomerID: Identifier {
  /// The field's name on the wire.
  public static var fieldName: String { "clientCustomerId" }
  /// The text of the identifier.
  public let rawValue: String

  /// Makes an identifier, or nothing when the text cannot be one.
  public init?(_ text: String) {
    guard isIdentifierText(text) else { return nil }
    rawValue = text
  }
}

/// The integrator's identifier of one person across its business lines.
public struct ClientHumanID: Identifier {
  /// The field's name on the wire.
  public static var fieldName: String { "clientHumanId" }
  /// The text of the identifier.
  public let rawValue: String

  /// Makes an identifier, or nothing when the text cannot be one.
  public init?(_ text: String) {
    guard isIdentifierText(text) else { return nil }
    rawValue = text
  }
}

/// The integrator's identifier of one request.
public struct ClientRequestID: Identifier {
  /// The field's name on the wire.
  public static var fieldName: String { "clientRequestId" }
  /// The text of the identifier.
  public let rawValue: String

  /// Makes an identifier, or nothing when the text cannot be one.
  public init?(_ text: String) {
    guard isIdentifierText(text) else { return nil }
    rawValue = text
  }
}

/// The identifier of one flow, used in each later call of that flow.
public struct CorrelationID: Identifier {
  /// The field's name on the wire.
  public static var fieldName: String { "correlationId" }
  /// The text of the identifier.
  public let rawValue: String

  /// Makes an identifier, or nothing when the text cannot be one.
  public init?(_ text: String) {
    guard isIdentifierText(text) else { return nil }
    rawValue = text
  }

  /// Makes a random UUID (version 4).
  public static func random(using generator: inout some RandomNumberGenerator) -> CorrelationID {
    CorrelationID(unchecked: randomUUIDText(using: &generator))
  }

  private init(unchecked text: String) { rawValue = text }
}

/// A random UUID of version 4 in lower case.
///
/// Source: RFC 9562, section 5.4.
private func randomUUIDText(using generator: inout some RandomNumberGenerator) -> String {
  let high = (generator.next() & 0xFFFF_FFFF_FFFF_0FFF) | 0x4000
  let low = (generator.next() & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000
  let digits = Array("0123456789abcdef".utf8)
  var text: [UInt8] = []
  text.reserveCapacity(36)
  for (word, hyphens) in [(high, [8, 12]), (low, [0, 4])] {
    for position in 0..<16 {
      if hyphens.contains(position) { text.append(UInt8(ascii: "-")) }
      text.append(digits[Int((word >> UInt64(60 - 4 * position)) & 0xF)])
    }
  }
  return String(decoding: text, as: UTF8.self)
}
