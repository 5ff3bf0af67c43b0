/// Reads what ``ByteWriter`` wrote, refusing anything that is not exactly that.
package struct ByteReader: Sendable {
  /// What was wrong with the bytes: which field, never its content.
  package struct Malformed: Error, Equatable, Sendable {
    /// The field that could not be read.
    package let field: String

    /// Names the field that could not be read.
    package init(field: String) {
      self.field = field
    }
  }

  private let bytes: [UInt8]
  private var offset = 0

  /// Makes a reader at the start of `bytes`.
  package init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// How many bytes are still unread.
  package var remaining: Int { bytes.count - offset }

  /// Reads a fixed-width integer, most significant byte first.
  ///
  /// Specialized, since the generic form that other modules reach is many times slower.
  @specialized(where Value == UInt8)
  @specialized(where Value == UInt32)
  @specialized(where Value == UInt64)
  @specialized(where Value == Int64)
  package mutating func read<Value: FixedWidthInteger>(
    _ type: Value.Type, _ field: String
  ) throws(Malformed) -> Value {
    let width = Value.bitWidth / 8
    guard remaining >= width else { throw Malformed(field: field) }
    var value: Value = 0
    for index in offset..<(offset + width) {
      value = (value << 8) | Value(truncatingIfNeeded: bytes[index])
    }
    offset += width
    return value
  }

  /// Reads `count` bytes.
  package mutating func readFixed(_ count: Int, _ field: String) throws(Malformed) -> [UInt8] {
    guard count >= 0, remaining >= count else { throw Malformed(field: field) }
    defer { offset += count }
    return Array(bytes[offset..<(offset + count)])
  }

  /// Reads bytes led by their count, at most `limit` of them.
  package mutating func readBlock(limit: Int, _ field: String) throws(Malformed) -> [UInt8] {
    let count = Int(try read(UInt32.self, field))
    guard count <= limit else { throw Malformed(field: field) }
    return try readFixed(count, field)
  }

  /// Reads UTF-8 text led by its byte count, at most `limit` bytes of it.
  package mutating func readText(limit: Int, _ field: String) throws(Malformed) -> String {
    let count = Int(try read(UInt32.self, field))
    guard count <= limit else { throw Malformed(field: field) }
    return try readUTF8(count, field)
  }

  /// Reads a whole number that ``ByteWriter/writeVarint(_:)`` wrote; a longer form of it is refused.
  package mutating func readVarint(_ field: String) throws(Malformed) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      guard offset < bytes.count, shift < 64 else { throw Malformed(field: field) }
      let byte = bytes[offset]
      offset += 1
      let group = UInt64(byte & 0x7F)
      guard shift < 63 || group <= 1 else { throw Malformed(field: field) }
      value |= group << shift
      if byte & 0x80 == 0 {
        guard byte != 0 || shift == 0 else { throw Malformed(field: field) }
        return value
      }
      shift += 7
    }
  }

  /// Reads a signed number that ``ByteWriter/writeSignedVarint(_:)`` wrote.
  package mutating func readSignedVarint(_ field: String) throws(Malformed) -> Int64 {
    let value = try readVarint(field)
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }

  /// Reads text in one of ``PackedText``'s forms, at most `limit` bytes of it.
  package mutating func readPackedText(
    limit: Int, _ field: String
  ) throws(Malformed) -> String {
    let lead = try readVarint(field)
    let count = lead >> 2
    guard count <= UInt64(limit), let form = PackedText(rawValue: UInt8(lead & 3)) else {
      throw Malformed(field: field)
    }
    switch form {
    case .plain: return try readUTF8(Int(count), field)
    case .hexadecimal:
      guard count > 0, count <= UInt64(PackedText.digitLimit), count.isMultiple(of: 2) else {
        throw Malformed(field: field)
      }
      return try readDigits(Int(count), hyphens: 0, field)
    case .uuid:
      guard count == 0, limit >= PackedText.uuidByteCount else { throw Malformed(field: field) }
      return try readDigits(PackedText.uuidByteCount, hyphens: PackedText.hyphens, field)
    }
  }

  private mutating func readUTF8(_ count: Int, _ field: String) throws(Malformed) -> String {
    guard remaining >= count else { throw Malformed(field: field) }
    defer { offset += count }
    do {
      return String(
        copying: try UTF8Span(validating: bytes.span.extracting(offset..<offset + count)))
    } catch {
      throw Malformed(field: field)
    }
  }

  /// Reads digits that stand two in a byte, with hyphens where `hyphens` has a bit.
  private mutating func readDigits(
    _ count: Int, hyphens: UInt64, _ field: String
  ) throws(Malformed) -> String {
    guard remaining >= (count - hyphens.nonzeroBitCount) / 2 else { throw Malformed(field: field) }
    var text = InlineArray<256, UInt8>(repeating: UInt8(ascii: "-"))
    var position = 0
    while position < count {
      if position < 64, hyphens >> UInt64(position) & 1 == 1 { position += 1 }
      text[position] = PackedText.character(bytes[offset] >> 4)
      text[position + 1] = PackedText.character(bytes[offset] & 0xF)
      position += 2
      offset += 1
    }
    do {
      return String(copying: try UTF8Span(validating: text.span.extracting(0..<count)))
    } catch { preconditionFailure("digits and hyphens are UTF-8") }
  }

  /// Reads a value that may be absent.
  package mutating func readOptional<Value>(
    _ field: String, _ read: (inout ByteReader) throws(Malformed) -> Value
  ) throws(Malformed) -> Value? {
    switch try self.read(UInt8.self, field) {
    case 0: return nil
    case 1: return try read(&self)
    default: throw Malformed(field: field)
    }
  }

  /// Refuses bytes that nothing has read.
  package func finish() throws(Malformed) {
    guard remaining == 0 else { throw Malformed(field: "end") }
  }
}
