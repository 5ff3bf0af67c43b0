package import ProveKeyModel

/// Values as bytes.
///
/// A byte for the kind (0 null, 1 false, 2 true, 3 number, 4 date, 5 text, 6 binary, 7 array,
/// 8 object), then: a number's and date's eight bytes; a text's code units of two bytes and a
/// binary's bytes, led by their length in bytes as four bytes; an array's count as four bytes and
/// its values; an object's count as four bytes and its members, each its name as a text's content
/// and its value. Each value has exactly one encoding.
package enum DatabaseValueCodec {
  private enum Tag {
    static let null: UInt8 = 0
    static let no: UInt8 = 1
    static let yes: UInt8 = 2
    static let number: UInt8 = 3
    static let date: UInt8 = 4
    static let text: UInt8 = 5
    static let binary: UInt8 = 6
    static let array: UInt8 = 7
    static let object: UInt8 = 8
  }

  // MARK: Writing

  /// The bytes of a value.
  ///
  /// - Throws: ``DatabaseFault/dataClone`` for a value that is nested deeper than 128 arrays and
  ///   objects, or has more than 15 MiB.
  package static func encode(_ value: DatabaseValue) throws(VaultError) -> [UInt8] {
    var writer = ByteWriter(reservingCapacity: 64)
    try write(value, to: &writer, depth: 0)
    guard writer.bytes.count <= VaultLimits.databaseValueByteCount else {
      throw .database(.dataClone)
    }
    return writer.bytes
  }

  private static func write(
    _ value: DatabaseValue, to writer: inout ByteWriter, depth: Int
  ) throws(VaultError) {
    guard writer.bytes.count <= VaultLimits.databaseValueByteCount else {
      throw .database(.dataClone)
    }
    switch value {
    case .null: writer.write(Tag.null)
    case .boolean(let flag): writer.write(flag ? Tag.yes : Tag.no)
    case .number(let number):
      writer.write(Tag.number)
      writer.write(DatabaseValue.sameBits(number))
    case .date(let milliseconds):
      writer.write(Tag.date)
      writer.write(DatabaseValue.sameBits(milliseconds))
    case .text(let units):
      writer.write(Tag.text)
      try write(units, to: &writer)
    case .binary(let bytes):
      guard bytes.count <= VaultLimits.databaseValueByteCount else { throw .database(.dataClone) }
      writer.write(Tag.binary)
      writer.writeBlock(bytes)
    case .array(let values):
      try open(Tag.array, values.count, &writer, depth)
      for value in values { try write(value, to: &writer, depth: depth + 1) }
    case .object(let object):
      try open(Tag.object, object.members.count, &writer, depth)
      for member in object.members {
        try write(member.name, to: &writer)
        try write(member.value, to: &writer, depth: depth + 1)
      }
    }
  }

  private static func open(
    _ tag: UInt8, _ count: Int, _ writer: inout ByteWriter, _ depth: Int
  ) throws(VaultError) {
    guard depth < VaultLimits.databaseValueDepth, count <= VaultLimits.databaseValueByteCount
    else { throw .database(.dataClone) }
    writer.write(tag)
    writer.write(UInt32(count))
  }

  private static func write(_ units: [UInt16], to writer: inout ByteWriter) throws(VaultError) {
    guard units.count <= VaultLimits.databaseValueByteCount / 2 else {
      throw .database(.dataClone)
    }
    writer.writeBlock(UTF16Bytes.bytes(of: units))
  }

  // MARK: Reading

  /// The value whose bytes these are, all of them.
  package static func decode(_ bytes: [UInt8]) throws(ByteReader.Malformed) -> DatabaseValue {
    guard bytes.count <= VaultLimits.databaseValueByteCount else { throw malformed }
    var reader = ByteReader(bytes)
    let value = try read(&reader, depth: 0)
    try reader.finish()
    return value
  }

  private static let malformed = ByteReader.Malformed(field: "value")

  private static func read(
    _ reader: inout ByteReader, depth: Int
  ) throws(ByteReader.Malformed) -> DatabaseValue {
    switch try reader.read(UInt8.self, "value") {
    case Tag.null: return .null
    case Tag.no: return .boolean(false)
    case Tag.yes: return .boolean(true)
    case Tag.number: return .number(try number(&reader))
    case Tag.date: return .date(try number(&reader))
    case Tag.text: return .text(try text(&reader))
    case Tag.binary:
      return .binary(try reader.readBlock(limit: VaultLimits.databaseValueByteCount, "value"))
    case Tag.array:
      var values: [DatabaseValue] = []
      for _ in 0..<(try count(&reader, depth)) {
        values.append(try read(&reader, depth: depth + 1))
      }
      return .array(values)
    case Tag.object:
      var object = DatabaseObject()
      for _ in 0..<(try count(&reader, depth)) {
        let name = try text(&reader)
        guard object[name] == nil else { throw malformed }
        object[name] = try read(&reader, depth: depth + 1)
      }
      return .object(object)
    default:
      throw malformed
    }
  }

  /// How many values follow; each has a byte at least.
  private static func count(
    _ reader: inout ByteReader, _ depth: Int
  ) throws(ByteReader.Malformed) -> Int {
    guard depth < VaultLimits.databaseValueDepth else { throw malformed }
    let count = Int(try reader.read(UInt32.self, "value"))
    guard count <= reader.remaining else { throw malformed }
    return count
  }

  private static func number(_ reader: inout ByteReader) throws(ByteReader.Malformed) -> Double {
    let bits = try reader.read(UInt64.self, "value")
    let number = Double(bitPattern: bits)
    guard DatabaseValue.sameBits(number) == bits else { throw malformed }
    return number
  }

  private static func text(_ reader: inout ByteReader) throws(ByteReader.Malformed) -> [UInt16] {
    let bytes = try reader.readBlock(limit: VaultLimits.databaseValueByteCount, "value")
    guard let units = UTF16Bytes.codeUnits(of: bytes) else { throw malformed }
    return units
  }
}
