import ProveKeyModel
import Testing

/// `ByteWriter` and `ByteReader`: what one writes the other reads, and nothing else.
struct ByteReaderTests {
  @Test("integers are written most significant byte first, signed ones in two's complement")
  func integers() throws {
    var writer = ByteWriter()
    writer.write(0x01 as UInt8)
    writer.write(0x0203 as UInt16)
    writer.write(0x0405_0607 as UInt32)
    writer.write(0x08_090A_0B0C_0D0E as UInt64)
    writer.write(-2 as Int64)
    writer.write(Int8.min)
    let tail: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0x80]
    #expect(writer.bytes == Array(1...7) + [0, 8, 9, 10, 11, 12, 13, 14] + tail)

    var reader = ByteReader(writer.bytes)
    #expect(try reader.read(UInt8.self, "a") == 1)
    #expect(try reader.read(UInt16.self, "a") == 0x0203)
    #expect(try reader.read(UInt32.self, "a") == 0x0405_0607)
    #expect(try reader.read(UInt64.self, "a") == 0x08_090A_0B0C_0D0E)
    #expect(try reader.read(Int64.self, "a") == -2)
    #expect(try reader.read(Int8.self, "a") == .min)
    try reader.finish()
  }

  @Test("the extremes of each width come back")
  func extremes() throws {
    var writer = ByteWriter(reservingCapacity: 64)
    for value in [UInt64.min, .max] { writer.write(value) }
    for value in [Int64.min, .max, -1] { writer.write(value) }
    for value in [Int32.min, .max] { writer.write(value) }
    var reader = ByteReader(writer.bytes)
    for value in [UInt64.min, .max] { #expect(try reader.read(UInt64.self, "a") == value) }
    for value in [Int64.min, .max, -1] { #expect(try reader.read(Int64.self, "a") == value) }
    for value in [Int32.min, .max] { #expect(try reader.read(Int32.self, "a") == value) }
    try reader.finish()
  }

  @Test("blocks and texts are led by their length in four bytes")
  func blocks() throws {
    var writer = ByteWriter()
    writer.writeBlock([7, 8])
    writer.writeText("\u{E9}")
    writer.writeText("")
    writer.writeFixed([9])
    #expect(
      writer.bytes == [0, 0, 0, 2, 7, 8, 0, 0, 0, 2, 0xC3, 0xA9, 0, 0, 0, 0, 9])
    var reader = ByteReader(writer.bytes)
    #expect(try reader.readBlock(limit: 2, "a") == [7, 8])
    #expect(Array(try reader.readText(limit: 2, "a").utf8) == [0xC3, 0xA9])
    #expect(try reader.readText(limit: 0, "a") == "")
    #expect(reader.remaining == 1)
    #expect(try reader.readFixed(1, "a") == [9])
    try reader.finish()
  }

  @Test("texts keep their bytes: composed and decomposed come back as they were")
  func textBytes() throws {
    for text in ["caf\u{E9}", "cafe\u{301}", "\u{0}a", "\u{1F511}"] {
      var writer = ByteWriter()
      writer.writeText(text)
      var reader = ByteReader(writer.bytes)
      #expect(Array(try reader.readText(limit: 16, "a").utf8) == Array(text.utf8))
    }
  }

  @Test("an absent value is a 0, a present one a 1 and itself; any other byte is refused")
  func optionals() throws {
    var writer = ByteWriter()
    writer.writeOptional(nil as UInt16?) { $0.write($1) }
    writer.writeOptional(5 as UInt16?) { $0.write($1) }
    #expect(writer.bytes == [0, 1, 0, 5])
    var reader = ByteReader(writer.bytes + [2])
    let read = { (reader: inout ByteReader) throws(ByteReader.Malformed) -> UInt16 in
      try reader.read(UInt16.self, "inner")
    }
    #expect(try reader.readOptional("a", read) == nil)
    #expect(try reader.readOptional("a", read) == 5)
    #expect(throws: ByteReader.Malformed(field: "flag")) { try reader.readOptional("flag", read) }
    var short = ByteReader([1, 0])
    #expect(throws: ByteReader.Malformed(field: "inner")) { try short.readOptional("a", read) }
  }

  @Test("too few bytes are refused under the name of the field, and nothing is consumed")
  func tooShort() throws {
    for count in 0..<8 {
      var reader = ByteReader(Array(repeating: 1, count: count))
      #expect(throws: ByteReader.Malformed(field: "counter")) {
        try reader.read(UInt64.self, "counter")
      }
      #expect(reader.remaining == count)
      #expect(throws: ByteReader.Malformed(field: "fixed")) {
        try reader.readFixed(count + 1, "fixed")
      }
      #expect(reader.remaining == count)
    }
    var empty = ByteReader([])
    #expect(throws: ByteReader.Malformed(field: "text")) { try empty.readText(limit: 9, "text") }
  }

  @Test("a negative count is refused, and none is nothing")
  func counts() throws {
    var reader = ByteReader([1])
    #expect(throws: ByteReader.Malformed(field: "fixed")) { try reader.readFixed(-1, "fixed") }
    #expect(throws: ByteReader.Malformed(field: "fixed")) { try reader.readFixed(.max, "fixed") }
    #expect(try reader.readFixed(0, "fixed") == [])
    #expect(reader.remaining == 1)
  }

  @Test("a length beyond the limit, or beyond the bytes there are, is refused before reading")
  func lengths() {
    let claims: [[UInt8]] = [
      [0, 0, 0, 3, 1, 2, 3], [0, 0, 0, 2, 1], [0xFF, 0xFF, 0xFF, 0xFF],
      [0x7F, 0xFF, 0xFF, 0xFF, 1],
    ]
    for bytes in claims {
      var reader = ByteReader(bytes)
      #expect(throws: ByteReader.Malformed(field: "block")) {
        try reader.readBlock(limit: 2, "block")
      }
    }
    var unlimited = ByteReader([0xFF, 0xFF, 0xFF, 0xFF, 1])
    #expect(throws: ByteReader.Malformed(field: "block")) {
      try unlimited.readBlock(limit: .max, "block")
    }
  }

  @Test(
    "text that is not UTF-8 is refused, not repaired",
    arguments: [
      [0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80],
    ] as [[UInt8]])
  func notUTF8(bytes: [UInt8]) {
    var writer = ByteWriter()
    writer.writeBlock(bytes)
    var reader = ByteReader(writer.bytes)
    #expect(throws: ByteReader.Malformed(field: "name")) { try reader.readText(limit: 9, "name") }
  }

  @Test("bytes that nothing has read are refused")
  func leftovers() throws {
    var reader = ByteReader([1, 2])
    #expect(throws: ByteReader.Malformed(field: "end")) { try reader.finish() }
    #expect(try reader.read(UInt16.self, "a") == 0x0102)
    try reader.finish()
  }

  @Test("random values of random shapes come back as they were")
  func roundTrips() throws {
    var generator = SplitMix64(seed: 9)
    for _ in 0..<500 {
      let number = generator.next()
      let count = Int.random(in: 0...40, using: &generator)
      let block = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      let optional = Bool.random(using: &generator) ? Int32(truncatingIfNeeded: number) : nil
      var writer = ByteWriter()
      writer.write(number)
      writer.writeBlock(block)
      writer.writeOptional(optional) { $0.write($1) }
      writer.writeFixed(block)
      var reader = ByteReader(writer.bytes)
      #expect(try reader.read(UInt64.self, "a") == number)
      #expect(try reader.readBlock(limit: 40, "a") == block)
      let found = try reader.readOptional("a") { reader throws(ByteReader.Malformed) in
        try reader.read(Int32.self, "a")
      }
      #expect(found == optional)
      #expect(try reader.readFixed(count, "a") == block)
      try reader.finish()
    }
  }

  @Test("a varint has seven bits in a byte, lowest first, and no byte more than it needs")
  func varints() throws {
    let cases: [(UInt64, [UInt8])] = [
      (0, [0]), (1, [1]), (0x7F, [0x7F]), (0x80, [0x80, 1]), (300, [0xAC, 2]),
      (.max, [UInt8](repeating: 0xFF, count: 9) + [1]),
    ]
    for (value, bytes) in cases {
      var writer = ByteWriter()
      writer.writeVarint(value)
      #expect(writer.bytes == bytes)
      var reader = ByteReader(bytes)
      #expect(try reader.readVarint("a") == value)
      try reader.finish()
    }
    let refused: [[UInt8]] = [
      [], [0x80], [0x80, 0], [0xFF, 0x80, 0], [UInt8](repeating: 0xFF, count: 9) + [2],
      [UInt8](repeating: 0x80, count: 10) + [1],
    ]
    for bytes in refused {
      var reader = ByteReader(bytes)
      #expect(throws: ByteReader.Malformed(field: "a"), "\(bytes)") { try reader.readVarint("a") }
    }
  }

  @Test("a signed varint is as short on either side of 0")
  func signedVarints() throws {
    let cases: [(Int64, Int)] = [
      (0, 1), (-1, 1), (63, 1), (-64, 1), (64, 2), (-65, 2), (.max, 10), (.min, 10),
      (1_764_000_000_000, 6),
    ]
    for (value, count) in cases {
      var writer = ByteWriter()
      writer.writeSignedVarint(value)
      #expect(writer.bytes.count == count, "\(value)")
      var reader = ByteReader(writer.bytes)
      #expect(try reader.readSignedVarint("a") == value)
      try reader.finish()
    }
  }

  @Test("a UUID takes 17 bytes, hexadecimal half its digits; any other text comes back as it was")
  func packedTexts() throws {
    let cases: [(String, Int)] = [
      ("01234567-89ab-4cde-8f01-23456789abcd", 17), ("0123456789abcdef0123", 11), ("00", 2),
      ("", 1), ("0", 2), ("abc", 4), ("AB", 3), ("0g", 3), ("caf\u{E9}", 6), ("cafe\u{301}", 7),
      ("01234567-89AB-4CDE-8F01-23456789ABCD", 38), ("0123456-789ab-4cde-8f01-23456789abcd", 38),
      ("01234567089ab04cde08f01023456789abcd", 20), ("-1234567-89ab-4cde-8f01-23456789abcd", 38),
      (String(repeating: "a", count: 254), 129), (String(repeating: "a", count: 256), 258),
      (String(repeating: "\u{1F511}", count: 60), 242),
    ]
    for (text, count) in cases {
      var writer = ByteWriter()
      writer.writePackedText(text)
      #expect(writer.bytes.count == count, "\(text)")
      var reader = ByteReader(writer.bytes)
      #expect(Array(try reader.readPackedText(limit: 256, "a").utf8) == Array(text.utf8))
      try reader.finish()
    }
  }

  @Test("packed texts that are cut off, too long or of no form are refused")
  func malformedPackedTexts() throws {
    let refused: [[UInt8]] = [
      [], [3], [4], [1], [5], [5, 0xAB], [9], [9 | 4, 0], [2], [2, 1, 2, 3], [6],
      [2] + [UInt8](repeating: 1, count: 15), [0x80, 0x80], [44, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
      [8, 0xC3, 0x28],
    ]
    for bytes in refused {
      var reader = ByteReader(bytes)
      #expect(throws: ByteReader.Malformed(field: "a"), "\(bytes)") {
        try reader.readPackedText(limit: 36, "a")
      }
    }
    for bytes in [
      [2] + [UInt8](repeating: 1, count: 16), [145, 1] + [UInt8](repeating: 1, count: 18),
    ] {
      var reader = ByteReader(bytes)
      #expect(throws: ByteReader.Malformed(field: "a"), "over the limit") {
        try reader.readPackedText(limit: 35, "a")
      }
    }
  }
}
