/// How a text stands in bytes: ids are mostly UUIDs or hexadecimal, which take half the room.
///
/// A varint leads, of the text's byte count (0 for a UUID) times four plus the form.
package enum PackedText: UInt8, Sendable {
  /// UTF-8 as it is.
  case plain = 0
  /// An even number of hexadecimal digits in lower case, two in a byte.
  case hexadecimal = 1
  /// A UUID in lower case with its hyphens: 16 bytes.
  case uuid = 2

  /// The most digits that are packed: as many as an identifier has.
  static let digitLimit = 254
  static let uuidByteCount = 36
  /// Bits for the positions of the hyphens in a UUID: 8, 13, 18 and 23.
  static let hyphens: UInt64 = 1 << 8 | 1 << 13 | 1 << 18 | 1 << 23

  /// The shortest form of a text.
  init(of text: Span<UInt8>) {
    if text.count == Self.uuidByteCount, Self.isUUID(text) {
      self = .uuid
    } else if !text.isEmpty, text.count <= Self.digitLimit, text.count.isMultiple(of: 2),
      Self.areDigits(text)
    {
      self = .hexadecimal
    } else {
      self = .plain
    }
  }

  private static func isUUID(_ text: Span<UInt8>) -> Bool {
    for index in text.indices {
      let isHyphen = text[index] == UInt8(ascii: "-")
      let isPlace = hyphens >> UInt64(index) & 1 == 1
      guard isHyphen == isPlace, isHyphen || digit(text[index]) != nil else { return false }
    }
    return true
  }

  private static func areDigits(_ text: Span<UInt8>) -> Bool {
    for index in text.indices where digit(text[index]) == nil { return false }
    return true
  }

  /// The value of a hexadecimal digit in lower case.
  static func digit(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    default: nil
    }
  }

  /// The digit of a value below 16.
  static func character(_ digit: UInt8) -> UInt8 {
    digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
  }
}
