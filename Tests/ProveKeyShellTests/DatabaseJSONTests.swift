import Foundation
import JSONLines
import ProveKeyShell
import ProveKeyVault
import Testing

@Suite("Values and keys of the database role as JSON")
struct DatabaseJSONTests {
  @Test(
    "any value written as JSON and read again is the same value, to the bit (H5)",
    arguments: 1...20 as ClosedRange<UInt64>)
  func values(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    for _ in 0..<200 {
      let value = RandomData.value(depth: 4, using: &random)
      let text = DatabaseJSON.encode(value)
      #expect(try DatabaseJSON.value(line: text.bytes) == value)
      let read = try? JSONDecoder().decode(JSON.self, from: Data(text.bytes))
      #expect(read != nil, "another reader can read it")
    }
  }

  @Test(
    "any key written as JSON and read again is the same key (H5)",
    arguments: 1...10 as ClosedRange<UInt64>)
  func keys(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    for _ in 0..<200 {
      let key = RandomData.key(depth: 3, using: &random)
      #expect(try DatabaseJSON.key(line: DatabaseJSON.encode(key).bytes) == key)
    }
  }

  @Test("numbers keep every bit: the sign of zero, the smallest, the largest, and those JSON lacks")
  func numbers() throws {
    let numbers: [(Double, String)] = [
      (0, "0"), (-0.0, "-0"), (1, "1"), (-1, "-1"), (0.1, "0.1"), (1e21, "1e+21"),
      (9_007_199_254_740_991, "9007199254740991"), (.leastNonzeroMagnitude, "5e-324"),
      (1.7976931348623157e308, "1.7976931348623157e+308"), (.nan, #"{"number":"NaN"}"#),
      (.infinity, #"{"number":"Infinity"}"#), (-.infinity, #"{"number":"-Infinity"}"#),
    ]
    for (number, text) in numbers {
      let written = DatabaseJSON.encode(DatabaseValue.number(number)).bytes
      #expect(String(decoding: written, as: UTF8.self) == text)
      #expect(try DatabaseJSON.value(line: written) == .number(number))
    }
    #expect(try DatabaseJSON.value(line: Array("-0.0e1".utf8)) == .number(-0.0))
    #expect(throws: LineRefusal.self) { try DatabaseJSON.value(line: Array("1e-400".utf8)) }
    #expect(throws: LineRefusal.self) { try DatabaseJSON.value(line: Array("1e400".utf8)) }
  }

  @Test("an object that looks like a form, or whose names are no text, is written by its pairs")
  func objects() throws {
    let cases: [(DatabaseObject, String)] = [
      ([:], "{}"), (["date": .number(0)], #"{"object":[["date",0]]}"#),
      (["object": .array([])], #"{"object":[["object",[]]]}"#),
      (["utf16": .null, "x": .null], #"{"utf16":null,"x":null}"#),
      (["": .null], #"{"":null}"#),
      (["é": .null, "e\u{301}": .null], "{\"é\":null,\"e\u{301}\":null}"),
    ]
    for (object, text) in cases {
      let written = DatabaseJSON.encode(.object(object)).bytes
      #expect(String(decoding: written, as: UTF8.self) == text)
      #expect(try DatabaseJSON.value(line: written) == .object(object))
    }
    var odd = DatabaseObject()
    odd[[0xD800] as [UInt16]] = .boolean(true)
    let written = DatabaseJSON.encode(.object(odd)).bytes
    #expect(String(decoding: written, as: UTF8.self) == #"{"object":[[{"utf16":[55296]},true]]}"#)
    #expect(try DatabaseJSON.value(line: written) == .object(odd))
    let escaped = Array(#"{"\ud800":true}"#.utf8)
    #expect(try DatabaseJSON.value(line: escaped) == .object(odd))
  }

  @Test(
    "a value or key that is none is refused",
    arguments: [
      "1e400", "-1e400", #"{"utf16":1}"#, #"{"utf16":["a"]}"#, #"{"utf16":[-1]}"#,
      #"{"utf16":[65536]}"#, #"{"base64":"A"}"#, #"{"base64":1}"#, #"{"base64":"-_-_"}"#,
      #"{"date":"0"}"#, #"{"date":null}"#, #"{"number":"nan"}"#, #"{"number":{}}"#,
      #"{"object":{}}"#, #"{"object":[1]}"#, #"{"object":[["a"]]}"#, #"{"object":[["a",1,2]]}"#,
      #"{"object":[["a",1],["a",1]]}"#, #"{"object":[[1,1]]}"#,
    ])
  func refusals(_ text: String) {
    #expect(throws: (any Error).self) { try DatabaseJSON.value(line: Array("[\(text)]".utf8)) }
    #expect(throws: (any Error).self) { try DatabaseJSON.key(line: Array(text.utf8)) }
  }

  @Test(
    "a key says of which kind it is",
    arguments: [
      "1", "\"a\"", "null", "[]", "{}", #"{"text":"a"}"#, #"{"number":1,"date":1}"#,
      #"{"string":1}"#, #"{"binary":[0]}"#, #"{"binary":{"base64":""}}"#, #"{"array":1}"#,
      #"{"array":[1]}"#, #"{"utf16":[0]}"#,
    ])
  func plainKeys(_ text: String) {
    #expect(throws: LineRefusal.self) { try DatabaseJSON.key(line: Array(text.utf8)) }
  }
}

/// Random values and keys that meet the corners of their types.
enum RandomData {
  static func number(using random: inout SplitMix64) -> Double {
    switch Int.random(in: 0..<8, using: &random) {
    case 0: Double(bitPattern: random.next())
    case 1: -0.0
    case 2: .infinity
    case 3: Double(Int.random(in: -5...5, using: &random))
    case 4: Double.random(in: -1...1, using: &random)
    default: Double(Int64.random(in: -(1 << 54)...(1 << 54), using: &random))
    }
  }

  static func units(using random: inout SplitMix64) -> [UInt16] {
    let alphabet: [UInt16] = [
      0, 0x22, 0x41, 0x5C, 0x7F, 0xE9, 0x301, 0x2028, 0xD800, 0xDC00, 0xFEFF, 0xFFFF,
    ]
    if Int.random(in: 0..<6, using: &random) == 0 {
      let names = ["utf16", "base64", "date", "number", "object", "length"]
      return Array((names.randomElement(using: &random) ?? "").utf16)
    }
    return (0..<Int.random(in: 0...4, using: &random)).map { _ in
      alphabet.randomElement(using: &random) ?? 0
    }
  }

  static func bytes(using random: inout SplitMix64) -> [UInt8] {
    (0..<Int.random(in: 0...5, using: &random)).map { _ in
      UInt8.random(in: 0...255, using: &random)
    }
  }

  static func value(depth: Int, using random: inout SplitMix64) -> DatabaseValue {
    switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &random) {
    case 0: return .null
    case 1: return .boolean(Bool.random(using: &random))
    case 2: return .number(number(using: &random))
    case 3: return .date(number(using: &random))
    case 4: return .text(units(using: &random))
    case 5: return .binary(bytes(using: &random))
    case 6:
      return .array(
        (0..<Int.random(in: 0...3, using: &random)).map { _ in
          value(depth: depth - 1, using: &random)
        })
    default:
      var object = DatabaseObject()
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        object[units(using: &random)] = value(depth: depth - 1, using: &random)
      }
      return .object(object)
    }
  }

  /// A valid key.
  static func key(depth: Int, using random: inout SplitMix64) -> DatabaseKey {
    let number = number(using: &random)
    switch Int.random(in: 0..<(depth > 0 ? 5 : 4), using: &random) {
    case 0: return .number(number.isNaN ? 0 : number)
    case 1: return .date(number.isNaN ? 0 : min(max(number, -8.64e15), 8.64e15))
    case 2: return .text(units(using: &random))
    case 3: return .binary(bytes(using: &random))
    default:
      return .array(
        (0..<Int.random(in: 0...2, using: &random)).map { _ in
          key(depth: depth - 1, using: &random)
        })
    }
  }
}
