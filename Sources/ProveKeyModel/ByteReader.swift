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
    guard count <= limit, remaining >= count else { throw Malformed(field: field) }
    defer { offset += count }
    do {
      return String(
        copying: try UTF8Span(validating: bytes.span.extracting(offset..<offset + count)))
    } catch {
      throw Malformed(field: field)
    }
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
