import ProveKeyModel

/// The record of one item.
///
/// Content: kind 1, layout 1; then key and value, each led by its length in bytes as four bytes:
/// UTF-16 code units, most significant byte first.
struct StorageItemRecord: Equatable {
  let key: [UInt16]
  let value: [UInt16]

  private static let layout: UInt8 = 1

  /// What the item counts against the quota.
  var codeUnits: UInt64 { UInt64(key.count + value.count) }

  /// The bytes that are sealed.
  var encoded: [UInt8] {
    var writer = ByteWriter(reservingCapacity: 10 + 2 * (key.count + value.count))
    writer.write(RecordKind.storageItem.rawValue)
    writer.write(Self.layout)
    writer.writeBlock(UTF16Bytes.bytes(of: key))
    writer.writeBlock(UTF16Bytes.bytes(of: value))
    return writer.bytes
  }

  /// Reads what was sealed.
  static func decode(_ bytes: [UInt8]) throws(VaultError) -> StorageItemRecord {
    try RecordKind.storageItem.reading(bytes) { reader throws(ByteReader.Malformed) in
      guard try reader.read(UInt8.self, "layout") == layout else {
        throw ByteReader.Malformed(field: "layout")
      }
      let key = try codeUnits(&reader, "key")
      return StorageItemRecord(key: key, value: try codeUnits(&reader, "value"))
    }
  }

  /// Checks what was sealed and says what it counts against the quota, without a copy of it.
  static func codeUnits(of content: Span<UInt8>) throws(VaultError) -> UInt64 {
    let malformed = VaultError.damaged(VaultDamage(.record, .malformed))
    guard content.count >= 2, content[0] == RecordKind.storageItem.rawValue, content[1] == layout
    else { throw malformed }
    var (offset, units) = (2, 0)
    // The key, then the value, each led by its length in bytes.
    for _ in 0..<2 {
      guard content.count - offset >= 4 else { throw malformed }
      var count = 0
      for index in offset..<(offset + 4) { count = count << 8 | Int(content[index]) }
      offset += 4
      guard count <= 2 * VaultLimits.storageItemCodeUnits, count.isMultiple(of: 2),
        count <= content.count - offset
      else { throw malformed }
      offset += count
      units += count / 2
    }
    guard offset == content.count else { throw malformed }
    return UInt64(units)
  }

  private static func codeUnits(
    _ reader: inout ByteReader, _ field: String
  ) throws(ByteReader.Malformed) -> [UInt16] {
    let bytes = try reader.readBlock(limit: 2 * VaultLimits.storageItemCodeUnits, field)
    guard let units = UTF16Bytes.codeUnits(of: bytes) else {
      throw ByteReader.Malformed(field: field)
    }
    return units
  }
}

/// The record of what an origin's items add up to, so that a quota needs no walk.
///
/// Content: kind 1, layout 1, items 8, code units of keys and values 8, origin led by its length as
/// four bytes. An origin without items has none.
struct StorageUsageRecord: Equatable {
  let origin: String
  var items: UInt64 = 0
  var codeUnits: UInt64 = 0

  private static let layout: UInt8 = 1

  /// The bytes that are sealed.
  var encoded: [UInt8] {
    var writer = ByteWriter(reservingCapacity: 64)
    writer.write(RecordKind.storageUsage.rawValue)
    writer.write(Self.layout)
    writer.write(items)
    writer.write(codeUnits)
    writer.writeText(origin)
    return writer.bytes
  }

  /// Reads what was sealed.
  static func decode(_ bytes: [UInt8]) throws(VaultError) -> StorageUsageRecord {
    try RecordKind.storageUsage.reading(bytes) { reader throws(ByteReader.Malformed) in
      guard try reader.read(UInt8.self, "layout") == layout else {
        throw ByteReader.Malformed(field: "layout")
      }
      let items = try reader.read(UInt64.self, "items")
      let codeUnits = try reader.read(UInt64.self, "code units")
      let origin = try reader.readText(limit: identifierByteLimit, "origin")
      guard isIdentifierText(origin) else { throw ByteReader.Malformed(field: "origin") }
      return StorageUsageRecord(origin: origin, items: items, codeUnits: codeUnits)
    }
  }
}

/// UTF-16 code units as bytes, most significant byte first.
enum UTF16Bytes {
  /// Two bytes for each code unit.
  static func bytes(of units: [UInt16]) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 2 * units.count)
    for index in units.indices {
      bytes[2 * index] = UInt8(units[index] >> 8)
      bytes[2 * index + 1] = UInt8(truncatingIfNeeded: units[index])
    }
    return bytes
  }

  /// The code units of an even number of bytes; nil for an odd one.
  static func codeUnits(of bytes: [UInt8]) -> [UInt16]? {
    guard bytes.count.isMultiple(of: 2) else { return nil }
    var units = [UInt16](repeating: 0, count: bytes.count / 2)
    for index in units.indices {
      units[index] = UInt16(bytes[2 * index]) << 8 | UInt16(bytes[2 * index + 1])
    }
    return units
  }
}
