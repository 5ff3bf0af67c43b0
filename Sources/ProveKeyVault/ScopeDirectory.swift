import ProveKeyModel

/// The record of a scope: which of its keys is current and which is pending.
///
/// Content: kind 1, layout 1; then current and pending deviceId, each 0, or 1 and the text led by
/// its length as four bytes.
struct ScopeDirectory: Equatable {
  /// The placed key that was confirmed last.
  var current: DeviceID?
  /// The one key that awaits the server's answer.
  var pending: DeviceID?

  private static let layout: UInt8 = 1

  /// Whether there is nothing to record.
  var isEmpty: Bool { current == nil && pending == nil }

  /// The bytes that are sealed.
  var encoded: [UInt8] {
    var writer = ByteWriter(reservingCapacity: 96)
    writer.write(RecordKind.directory.rawValue)
    writer.write(Self.layout)
    writer.writeOptional(current) { $0.writeText($1.rawValue) }
    writer.writeOptional(pending) { $0.writeText($1.rawValue) }
    return writer.bytes
  }

  /// Reads what was sealed.
  static func decode(_ bytes: [UInt8]) throws(VaultError) -> ScopeDirectory {
    try RecordKind.directory.reading(bytes) { reader throws(ByteReader.Malformed) in
      guard try reader.read(UInt8.self, "layout") == layout else {
        throw ByteReader.Malformed(field: "layout")
      }
      let current = try optionalID(&reader)
      return ScopeDirectory(current: current, pending: try optionalID(&reader))
    }
  }

  private static func optionalID(
    _ reader: inout ByteReader
  ) throws(ByteReader.Malformed) -> DeviceID? {
    try reader.readOptional("id") { reader throws(ByteReader.Malformed) in
      guard let id = DeviceID(try reader.readText(limit: identifierByteLimit, "id")) else {
        throw ByteReader.Malformed(field: "id")
      }
      return id
    }
  }
}
