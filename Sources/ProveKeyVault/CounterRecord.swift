import ProveKeyModel

/// The record of a key's signature counter: every value up to `reserved` may have been given out.
///
/// Content: kind 1, layout 1, reserved 8.
struct CounterRecord: Equatable {
  var reserved: UInt64

  private static let layout: UInt8 = 1

  /// The bytes that are sealed.
  var encoded: [UInt8] {
    var writer = ByteWriter(reservingCapacity: 10)
    writer.write(RecordKind.counter.rawValue)
    writer.write(Self.layout)
    writer.write(reserved)
    return writer.bytes
  }

  /// Reads what was sealed.
  static func decode(_ bytes: [UInt8]) throws(VaultError) -> CounterRecord {
    try RecordKind.counter.reading(bytes) { reader throws(ByteReader.Malformed) in
      guard try reader.read(UInt8.self, "layout") == layout else {
        throw ByteReader.Malformed(field: "layout")
      }
      return CounterRecord(reserved: try reader.read(UInt64.self, "reserved"))
    }
  }
}
