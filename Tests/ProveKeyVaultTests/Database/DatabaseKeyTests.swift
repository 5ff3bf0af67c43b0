import ProveKeyModel
import ProveKeyVault
import Testing

@Suite("keys of databases and their encoding")
struct DatabaseKeyTests {
  /// Keys in IndexedDB's order, each below the next one.
  private static let ordered: [DatabaseKey] = [
    .number(-.infinity), .number(-.greatestFiniteMagnitude), .number(-1.5), .number(-1),
    .number(-.leastNonzeroMagnitude), .number(0), .number(.leastNonzeroMagnitude), .number(0.1),
    .number(1), .number(9_007_199_254_740_994), .number(.greatestFiniteMagnitude),
    .number(.infinity),
    .date(-8.64e15), .date(-1), .date(0), .date(0.5), .date(1_700_000_000_000), .date(8.64e15),
    .text([]), .text([0]), .text([0, 0]), .text([0, 1]), .text([1]), .string("a"),
    .text([0x61, 0]), .string("aa"), .string("b"), .text([0x7E]), .text([0x7F]), .text([0x80]),
    .text([0xFF]), .text([0x100]), .text([0x407E]), .text([0x407F]), .text([0x4080]),
    .text([0xD800]), .text([0xD800, 0]), .text([0xD83D, 0xDE00]), .text([0xDFFF]),
    .text([0xFFFD]), .text([0xFFFF]), .text([0xFFFF, 0xFFFF]),
    .binary([]), .binary([0]), .binary([0, 0]), .binary([0, 1]), .binary([0, 2]), .binary([1]),
    .binary([1, 0]), .binary([1, 1]), .binary([2]), .binary([0xFF]), .binary([0xFF, 0]),
    .array([]), .array([.number(-1)]), .array([.number(-1), .number(5)]), .array([.number(0)]),
    .array([.date(0)]), .array([.text([])]), .array([.text([]), .number(0)]),
    .array([.text([0])]), .array([.string("a")]), .array([.string("a"), .string("b")]),
    .array([.string("aa")]), .array([.binary([])]), .array([.binary([0])]), .array([.array([])]),
    .array([.array([]), .number(0)]), .array([.array([.number(0)])]),
    .array([.array([.array([])])]),
  ]

  @Test("every two keys are in IndexedDB's order, and their encodings in the same one (I1)")
  func pairwise() throws {
    let encodings = try Self.ordered.map { try DatabaseKeyCodec.encode($0) }
    for left in Self.ordered.indices {
      for right in Self.ordered.indices {
        let at = "\(left), \(right)"
        #expect((Self.ordered[left] < Self.ordered[right]) == (left < right), "\(at)")
        #expect((Self.ordered[left] == Self.ordered[right]) == (left == right), "\(at)")
        #expect(
          encodings[left].lexicographicallyPrecedes(encodings[right]) == (left < right), "\(at)")
        if left != right { #expect(!encodings[right].starts(with: encodings[left]), "\(at)") }
      }
    }
  }

  @Test("every key comes back from its encoding, and -0 is the same key as 0 (I1)")
  func roundTrip() throws {
    for key in Self.ordered {
      #expect(try DatabaseKeyCodec.decode(DatabaseKeyCodec.encode(key)) == key)
    }
    for nested in [DatabaseKey.number(-0.0), .date(-0.0), .array([.number(-0.0)])] {
      let bytes = try DatabaseKeyCodec.encode(nested)
      #expect(try DatabaseKeyCodec.encode(DatabaseKeyCodec.decode(bytes)) == bytes)
    }
    #expect(
      try DatabaseKeyCodec.encode(.number(-0.0)) == DatabaseKeyCodec.encode(.number(0)))
    #expect(DatabaseKey.number(-0.0) == .number(0))
    #expect(Set([DatabaseKey.number(-0.0), .number(0)]).count == 1)
  }

  @Test("NaN and dates out of bounds are no keys, nor are arrays of them")
  func invalid() throws {
    let invalid: [DatabaseKey] = [
      .number(.nan), .date(.nan), .date(.infinity), .date(8.64e15 + 2),
      .array([.number(1), .array([.number(.nan)])]),
    ]
    for key in invalid {
      #expect(!key.isValid)
      #expect(try fault { _ = try DatabaseKeyCodec.encode(key) } == .data)
      #expect(try fault { _ = try DatabaseKeyRange.bound(key, .array([])) } == .data)
    }
    for value in [DatabaseValue.null, .boolean(true), .object([:]), .number(.nan)] {
      #expect(DatabaseKey(value) == nil)
      #expect(DatabaseKey(.array([.number(1), value])) == nil)
    }
    for key in Self.ordered { #expect(DatabaseKey(DatabaseValue(key)) == key) }
  }

  @Test("a key has at most 32 arrays in each other and 65,536 bytes (I9)")
  func limits() throws {
    var key = DatabaseKey.array([])
    for _ in 1..<32 { key = .array([key]) }
    #expect(try DatabaseKeyCodec.decode(DatabaseKeyCodec.encode(key)) == key)
    #expect(try fault { _ = try DatabaseKeyCodec.encode(.array([key])) } == .data)
    let longest = DatabaseKey.binary([UInt8](repeating: 7, count: 65_534))
    #expect(try DatabaseKeyCodec.decode(DatabaseKeyCodec.encode(longest)) == longest)
    for count in [65_535, 100_000] {
      let long = DatabaseKey.binary([UInt8](repeating: 7, count: count))
      #expect(try fault { _ = try DatabaseKeyCodec.encode(long) } == .data)
    }
    let text = DatabaseKey.text([UInt16](repeating: 0xFFFF, count: 30_000))
    #expect(try fault { _ = try DatabaseKeyCodec.encode(text) } == .data)
    #expect(throws: ByteReader.Malformed.self) {
      try DatabaseKeyCodec.decode([UInt8](repeating: 0x50, count: 40_000))
    }
  }

  @Test("bytes that no key is written as are refused: cut, followed, or written otherwise (I1)")
  func notCanonical() throws {
    for key in Self.ordered {
      let bytes = try DatabaseKeyCodec.encode(key)
      for end in 0..<bytes.count {
        #expect(throws: ByteReader.Malformed.self) {
          try DatabaseKeyCodec.decode(Array(bytes[..<end]))
        }
      }
      #expect(throws: ByteReader.Malformed.self) { try DatabaseKeyCodec.decode(bytes + [0]) }
      // Whatever one changed byte makes of it, a key that is read is written as it was read.
      for index in bytes.indices {
        for change: UInt8 in [1, 2, 0x10, 0x40, 0x80, 0xFF] {
          var changed = bytes
          changed[index] ^= change
          guard let key = try? DatabaseKeyCodec.decode(changed) else { continue }  // refused
          #expect(try DatabaseKeyCodec.encode(key) == changed)
        }
      }
    }
    let bytes: [[UInt8]] = [
      [], [0x00], [0x11], [0x10] + [0x7F] + [UInt8](repeating: 0xFF, count: 7),  // -0
      [0x10] + [UInt8](repeating: 0xFF, count: 8), [0x30, 0xC0, 0, 0x61, 0], [0x30, 0xC1, 0, 0, 0],
      [0x40, 1, 3, 0], [0x40, 1, 0, 0], [0x50, 0x60, 0],
    ]
    for bytes in bytes {
      #expect(throws: ByteReader.Malformed.self) { try DatabaseKeyCodec.decode(bytes) }
    }
  }

  @Test("ranges hold what is between their bounds")
  func ranges() throws {
    let range = try DatabaseKeyRange.bound(.number(1), .number(3), lowerOpen: true)
    let inside = Self.ordered.filter(range.contains)
    #expect(inside == [])
    #expect(range.contains(.number(3)) && range.contains(.number(1.1)))
    #expect(!range.contains(.number(1)) && !range.contains(.number(3.1)))
    #expect(DatabaseKeyRange.upperBound(.date(0), open: true).contains(.number(.infinity)))
    #expect(!DatabaseKeyRange.upperBound(.date(0), open: true).contains(.date(0)))
    #expect(DatabaseKeyRange.only(.array([])).contains(.array([])))
    #expect(Self.ordered.allSatisfy(DatabaseKeyRange.all.contains))
    #expect(try fault { _ = try DatabaseKeyRange.bound(.number(2), .number(1)) } == .data)
    #expect(
      try fault { _ = try DatabaseKeyRange.bound(.number(1), .number(1), upperOpen: true) }
        == .data)
  }
}

@Suite("values of databases and their encoding")
struct DatabaseValueTests {
  private static let values: [DatabaseValue] = [
    .null, .boolean(true), .boolean(false), .number(0), .number(-0.0), .number(.nan),
    .number(.infinity), .date(-1), .date(.nan), .text([]), .text([0xD800, 0]), .string("é"),
    .string("e\u{301}"), .binary([]), .binary([0, 1, 255]), .array([]),
    .array([.null, .array([])]),
    .object([:]), .object(["": .null]), .object(["a": .number(1), "b": .object(["a": .null])]),
    .object(["b": .object(["a": .null]), "a": .number(1)]),
  ]

  @Test("every value comes back from its encoding, and two values have two encodings")
  func roundTrip() throws {
    var encodings: Set<[UInt8]> = []
    for value in Self.values {
      let bytes = try DatabaseValueCodec.encode(value)
      #expect(try DatabaseValueCodec.decode(bytes) == value)
      #expect(encodings.insert(bytes).inserted)
      for end in 0..<bytes.count {
        #expect(throws: ByteReader.Malformed.self) {
          try DatabaseValueCodec.decode(Array(bytes[..<end]))
        }
      }
    }
    #expect(Set(Self.values).count == Self.values.count)
  }

  @Test("a value has at most 128 arrays and objects in each other and 15 MiB (I9)")
  func limits() throws {
    var value = DatabaseValue.array([])
    for level in 1..<128 {
      value = level.isMultiple(of: 2) ? .array([value]) : .object(["a": value])
    }
    #expect(try DatabaseValueCodec.decode(DatabaseValueCodec.encode(value)) == value)
    #expect(try fault { _ = try DatabaseValueCodec.encode(.array([value])) } == .dataClone)
    let size = 15 << 20
    let largest = DatabaseValue.binary([UInt8](repeating: 1, count: size - 5))
    #expect(try DatabaseValueCodec.encode(largest).count == size)
    let larger = DatabaseValue.binary([UInt8](repeating: 1, count: size - 4))
    #expect(try fault { _ = try DatabaseValueCodec.encode(larger) } == .dataClone)
    #expect(try fault { _ = try DatabaseValueCodec.encode(.array([largest])) } == .dataClone)
  }

  @Test("counts that lie, other NaNs, unknown kinds and members with one name are refused")
  func malformed() throws {
    let bytes: [[UInt8]] = [
      [9], [7, 0xFF, 0xFF, 0xFF, 0xFF], [5, 0, 0, 0, 1, 0x61], [0, 0],
      [3, 0x7F, 0xF8, 0, 0, 0, 0, 0, 1],
      [8, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ]
    for bytes in bytes {
      #expect(throws: ByteReader.Malformed.self) { try DatabaseValueCodec.decode(bytes) }
    }
  }

  @Test("an object has each name once, in the order in which the names came")
  func objects() {
    var object: DatabaseObject = ["b": .null, "a": .number(1), "b": .number(2)]
    #expect(object.members.map(\.value) == [.number(2), .number(1)])
    object["c"] = .null
    object["b"] = nil
    #expect(object == ["a": .number(1), "c": .null])
    #expect(object["c"] == .null && object["b"] == nil)
    #expect(object[Array("a".utf16)] == .number(1))
  }

  @Test("descriptions say kinds, never content")
  func descriptions() throws {
    for text in [
      "\(DatabaseKey.string("secret"))", "\(DatabaseValue.string("secret"))",
      "\(DatabaseKeyRange.only(.string("secret")))", "\(DatabaseKeyPath.path("secret"))",
      "\(DatabaseObject(dictionaryLiteral: ("secret", .null)))",
      String(reflecting: [DatabaseValue.object(["secret": .null])]),
    ] {
      #expect(!text.contains("secret") && !text.contains("115"))
    }
    #expect(DatabaseFault.conflict.name == "AbortError")
    #expect(DatabaseFault.blocked.name == "InvalidStateError")
    #expect(DatabaseFault.dataClone.name == "DataCloneError")
  }
}
