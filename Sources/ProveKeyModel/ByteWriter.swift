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

  /// Appends 1 and what `write` adds when there is a value, else 0.
  package mutating func writeOptional<Value>(
    _ value: Value?, _ write: (inout ByteWriter, Value) -> Void
  ) {
    guard let value else { return bytes.append(0) }
    bytes.append(1)
    write(&self, value)
  }
}
