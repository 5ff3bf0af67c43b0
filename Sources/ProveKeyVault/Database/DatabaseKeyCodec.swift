package import ProveKeyModel

/// Keys as bytes that sort as the keys do.
///
/// | key | bytes |
/// |---|---|
/// | number | 10, then its eight bytes, changed so that they sort by value |
/// | date | 20, then as a number |
/// | text | 30, each unit in one to three bytes of which the first is not 0, then 0 |
/// | binary | 40, each byte (0 as 01 01, 1 as 01 02), then 0 |
/// | array | 50, its elements, then 0 |
///
/// No encoding is the beginning of another one, so that one may follow another, and each key has
/// exactly one: -0 is written as 0, and the reader refuses what the writer does not write.
package enum DatabaseKeyCodec {
  private enum Tag {
    static let end: UInt8 = 0x00
    static let number: UInt8 = 0x10
    static let date: UInt8 = 0x20
    static let text: UInt8 = 0x30
    static let binary: UInt8 = 0x40
    static let array: UInt8 = 0x50
  }

  /// Units below this one take one byte.
  private static let twoBytesFrom: UInt16 = 0x7F
  /// Units from this one on take three bytes.
  private static let threeBytesFrom: UInt16 = 0x7F + 0x4000
  private static let threeBytes: UInt8 = 0xC0

  // MARK: Writing

  /// The bytes of a key.
  ///
  /// - Throws: ``DatabaseFault/data`` for a key that is none, is nested deeper than 32 arrays, or
  ///   has more than 65,536 bytes.
  package static func encode(_ key: DatabaseKey) throws(VaultError) -> [UInt8] {
    var bytes: [UInt8] = []
    try write(key, to: &bytes, depth: 0)
    guard bytes.count <= VaultLimits.databaseKeyByteCount else { throw .database(.data) }
    return bytes
  }

  private static func write(
    _ key: DatabaseKey, to bytes: inout [UInt8], depth: Int
  ) throws(VaultError) {
    guard bytes.count <= VaultLimits.databaseKeyByteCount else { throw .database(.data) }
    switch key {
    case .number(let number):
      guard !number.isNaN else { throw .database(.data) }
      bytes.append(Tag.number)
      write(number, to: &bytes)
    case .date(let milliseconds):
      guard DatabaseKey.dateBounds.contains(milliseconds) else { throw .database(.data) }
      bytes.append(Tag.date)
      write(milliseconds, to: &bytes)
    case .text(let units):
      // Before it is written: the text may be far longer than any key.
      guard units.count <= VaultLimits.databaseKeyByteCount else { throw .database(.data) }
      bytes.append(Tag.text)
      for unit in units { write(unit, to: &bytes) }
      bytes.append(Tag.end)
    case .binary(let content):
      guard content.count <= VaultLimits.databaseKeyByteCount else { throw .database(.data) }
      bytes.append(Tag.binary)
      for byte in content {
        if byte <= 1 { bytes.append(1) }
        bytes.append(byte <= 1 ? byte + 1 : byte)
      }
      bytes.append(Tag.end)
    case .array(let keys):
      guard depth < VaultLimits.databaseKeyDepth else { throw .database(.data) }
      bytes.append(Tag.array)
      for key in keys { try write(key, to: &bytes, depth: depth + 1) }
      bytes.append(Tag.end)
    }
  }

  private static func write(_ number: Double, to bytes: inout [UInt8]) {
    let bits = (number == 0 ? 0 : number).bitPattern
    // Negative numbers sort the other way round, and before the others.
    let sortable = bits >> 63 == 1 ? ~bits : bits | 1 << 63
    for shift in stride(from: 56, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: sortable >> UInt64(shift)))
    }
  }

  private static func write(_ unit: UInt16, to bytes: inout [UInt8]) {
    if unit < twoBytesFrom {
      bytes.append(UInt8(unit) + 1)
    } else if unit < threeBytesFrom {
      let value = unit - twoBytesFrom
      bytes.append(0x80 | UInt8(value >> 8))
      bytes.append(UInt8(truncatingIfNeeded: value))
    } else {
      bytes.append(threeBytes)
      bytes.append(UInt8(unit >> 8))
      bytes.append(UInt8(truncatingIfNeeded: unit))
    }
  }

  // MARK: Reading

  /// The key whose bytes these are, all of them.
  package static func decode(_ bytes: [UInt8]) throws(ByteReader.Malformed) -> DatabaseKey {
    guard bytes.count <= VaultLimits.databaseKeyByteCount else { throw malformed }
    var reader = ByteReader(bytes)
    let tag = try reader.read(UInt8.self, "key")
    let key = try read(tag, &reader, depth: 0)
    try reader.finish()
    return key
  }

  private static let malformed = ByteReader.Malformed(field: "key")

  private static func read(
    _ tag: UInt8, _ reader: inout ByteReader, depth: Int
  ) throws(ByteReader.Malformed) -> DatabaseKey {
    switch tag {
    case Tag.number:
      return .number(try number(&reader))
    case Tag.date:
      let milliseconds = try number(&reader)
      guard DatabaseKey.dateBounds.contains(milliseconds) else { throw malformed }
      return .date(milliseconds)
    case Tag.text:
      return .text(try text(&reader))
    case Tag.binary:
      return .binary(try binary(&reader))
    case Tag.array:
      guard depth < VaultLimits.databaseKeyDepth else { throw malformed }
      var keys: [DatabaseKey] = []
      while true {
        let tag = try reader.read(UInt8.self, "key")
        guard tag != Tag.end else { return .array(keys) }
        keys.append(try read(tag, &reader, depth: depth + 1))
      }
    default:
      throw malformed
    }
  }

  private static func number(_ reader: inout ByteReader) throws(ByteReader.Malformed) -> Double {
    let sortable = try reader.read(UInt64.self, "key")
    let bits = sortable >> 63 == 1 ? sortable ^ 1 << 63 : ~sortable
    let number = Double(bitPattern: bits)
    guard !number.isNaN, number != 0 || bits == 0 else { throw malformed }
    return number
  }

  private static func text(_ reader: inout ByteReader) throws(ByteReader.Malformed) -> [UInt16] {
    var units: [UInt16] = []
    while true {
      let first = try reader.read(UInt8.self, "key")
      switch first {
      case Tag.end:
        return units
      case 0x01...0x7F:
        units.append(UInt16(first) - 1)
      case 0x80..<threeBytes:
        let second = try reader.read(UInt8.self, "key")
        units.append((UInt16(first & 0x3F) << 8 | UInt16(second)) + twoBytesFrom)
      case threeBytes:
        let high = try reader.read(UInt8.self, "key")
        let unit = UInt16(high) << 8 | UInt16(try reader.read(UInt8.self, "key"))
        guard unit >= threeBytesFrom else { throw malformed }
        units.append(unit)
      default:
        throw malformed
      }
    }
  }

  private static func binary(_ reader: inout ByteReader) throws(ByteReader.Malformed) -> [UInt8] {
    var content: [UInt8] = []
    while true {
      let byte = try reader.read(UInt8.self, "key")
      guard byte != Tag.end else { return content }
      guard byte == 1 else {
        content.append(byte)
        continue
      }
      let escaped = try reader.read(UInt8.self, "key")
      guard escaped == 1 || escaped == 2 else { throw malformed }
      content.append(escaped - 1)
    }
  }
}
