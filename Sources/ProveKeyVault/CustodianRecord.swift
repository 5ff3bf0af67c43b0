import ProveKeyModel

/// The record of a key that a custodian holds; it stands where the seed of another key would.
///
/// Content: kind 1, layout 1; then led by their lengths as four bytes: custodian's name, handle.
struct CustodianRecord: Equatable {
  let name: String
  let handle: [UInt8]

  /// The most bytes of a name and of a handle.
  static let nameLimit = 64
  static let handleLimit = 4_096

  private static let layout: UInt8 = 1

  /// Whether a name is 1 to 64 printable ASCII characters.
  static func accepts(name: String) -> Bool {
    (1...nameLimit).contains(name.utf8.count) && name.utf8.allSatisfy { (0x20...0x7E).contains($0) }
  }

  /// The bytes that are sealed.
  var encoded: [UInt8] {
    var writer = ByteWriter(reservingCapacity: 16 + name.utf8.count + handle.count)
    writer.write(RecordKind.custodianKey.rawValue)
    writer.write(Self.layout)
    writer.writeText(name)
    writer.writeBlock(handle)
    return writer.bytes
  }

  /// Reads what was sealed.
  static func decode(_ bytes: [UInt8]) throws(VaultError) -> CustodianRecord {
    try RecordKind.custodianKey.reading(bytes) { reader throws(ByteReader.Malformed) in
      guard try reader.read(UInt8.self, "layout") == layout else {
        throw ByteReader.Malformed(field: "layout")
      }
      let name = try reader.readText(limit: nameLimit, "custodian")
      let handle = try reader.readBlock(limit: handleLimit, "handle")
      guard accepts(name: name), !handle.isEmpty else {
        throw ByteReader.Malformed(field: "custodian")
      }
      return CustodianRecord(name: name, handle: handle)
    }
  }
}
