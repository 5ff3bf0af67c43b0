/// Builds byte layouts in which no two different values give the same bytes.
///
/// Integers are big-endian; every part of variable length is led by its length as four bytes.
package struct ByteWriter: Sendable {
  /// What was written so far.
  package private(set) var bytes: [UInt8] = []

  /// Makes an empty writer.
  package init(reservingCapacity capacity: Int = 0) {
    bytes.reserveCapacity(capacity)
  }

  /// Appends a fixed-width integer, most significant byte first.
  ///
  /// Specialized, since the generic form that other modules reach is many times slower.
  @specialized(where Value == UInt8)
  @specialized(where Value == UInt32)
  @specialized(where Value == UInt64)
  @specialized(where Value == Int64)
  package mutating func write<Value: FixedWidthInteger>(_ value: Value) {
    var shift = Value.bitWidth
    while shift > 0 {
      shift -= 8
      bytes.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  /// Appends bytes whose count the reader knows.
  package mutating func writeFixed(_ part: some Sequence<UInt8>) {
    bytes.append(contentsOf: part)
  }

  /// Appends bytes led by their count as four bytes.
  package mutating func writeBlock(_ part: some Collection<UInt8>) {
    write(UInt32(part.count))
    bytes.append(contentsOf: part)
  }

  /// Appends text as UTF-8 led by its byte count.
  package mutating func writeText(_ text: String) {
    writeBlock(text.utf8)
  }

  /// Appends a whole number in groups of seven bits, lowest first, each byte but the last with its
  /// high bit set: small numbers take few bytes (LEB128).
  package mutating func writeVarint(_ value: UInt64) {
    var rest = value
    while rest > 0x7F {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  /// Appends a signed number as a varint: 0, -1, 1 and -2 are 0, 1, 2 and 3.
  package mutating func writeSignedVarint(_ value: Int64) {
    writeVarint(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }

  /// Appends text in the shortest of ``PackedText``'s forms.
  package mutating func writePackedText(_ text: String) {
    let form = PackedText(of: text.utf8Span.span)
    let count = form == .uuid ? 0 : UInt64(text.utf8Span.count)
    writeVarint(count << 2 | UInt64(form.rawValue))
    switch form {
    case .plain: bytes.append(contentsOf: text.utf8)
    case .hexadecimal, .uuid: writeDigits(text)
    }
  }

  /// Appends hexadecimal digits, two in a byte, passing over hyphens.
  private mutating func writeDigits(_ text: String) {
    var high: UInt8?
    for character in text.utf8 {
      guard let digit = PackedText.digit(character) else { continue }
      if let first = high {
        bytes.append(first << 4 | digit)
        high = nil
      } else {
        high = digit
      }
    }
  }

  /// Appends 1 and what `write` adds when there is a value, else 0.
  package mutating func writeOptional<Value>(
    _ value: Value?, _ write: (inout ByteWriter, Value) -> Void
  ) {
    guard let value else { return bytes.append(0) }
    bytes.append(1)
    write(&self, value)
  }
}
