/// Reads one line of JSON strictly after RFC 8259, with bounds on depth and on values.
///
/// Foundation's reader was not taken: it cannot give lone surrogates, large integers and doubled
/// names as they stand. Nothing but the grammar is accepted: no byte order mark, no comment, no
/// comma too many, no control character in a string, no name twice in an object.
package struct JSONParser {
  /// Why a line cannot be read.
  package enum Fault: Error, Equatable {
    /// It is not UTF-8.
    case notUTF8
    /// It breaks the grammar.
    case malformed
    /// Two members of an object have one name.
    case doubledName
    /// Arrays and objects are nested too deep.
    case tooDeep
    /// It has too many values.
    case tooManyValues
  }

  /// A value and where it stood.
  package struct Parsed {
    /// The value.
    package let value: JSONValue
    /// For an object: where the value of each member stands in the line.
    package let memberRanges: [Range<Int>]
  }

  private let bytes: [UInt8]
  private var position = 0
  private let limits: LineLimits
  private var valuesLeft: Int

  private init(_ bytes: [UInt8], _ limits: LineLimits) {
    self.bytes = bytes
    self.limits = limits
    valuesLeft = limits.valueCount
  }

  /// Reads a line that holds one value and white space around it.
  package static func parse(_ line: [UInt8], limits: LineLimits) throws(Fault) -> Parsed {
    guard isUTF8(line) else { throw .notUTF8 }
    var parser = JSONParser(line, limits)
    parser.skipSpace()
    var ranges: [Range<Int>] = []
    let value = try parser.value(depth: 0, memberRanges: &ranges)
    parser.skipSpace()
    guard parser.position == line.count else { throw .malformed }
    return Parsed(value: value, memberRanges: ranges)
  }

  private static func isUTF8(_ bytes: [UInt8]) -> Bool {
    do {
      _ = try UTF8Span(validating: bytes.span)
      return true
    } catch {
      return false
    }
  }

  // MARK: Values

  /// - Parameter memberRanges: for an object, where the value of each member stands.
  private mutating func value(
    depth: Int, memberRanges: inout [Range<Int>]
  ) throws(Fault) -> JSONValue {
    valuesLeft -= 1
    guard valuesLeft >= 0 else { throw .tooManyValues }
    guard depth <= limits.nesting else { throw .tooDeep }
    switch peek {
    case UInt8(ascii: "{"): return try object(depth: depth, memberRanges: &memberRanges)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return .number(try number())
    }
  }

  private mutating func object(
    depth: Int, memberRanges: inout [Range<Int>]
  ) throws(Fault) -> JSONValue {
    position += 1
    var members: [JSONValue.Member] = []
    var names: Set<[UInt16]> = []
    skipSpace()
    if take(UInt8(ascii: "}")) { return .object([]) }
    repeat {
      skipSpace()
      guard peek == UInt8(ascii: "\"") else { throw .malformed }
      let name = try string()
      guard names.insert(name).inserted else { throw .doubledName }
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw .malformed }
      skipSpace()
      let start = position
      var inner: [Range<Int>] = []
      let value = try value(depth: depth + 1, memberRanges: &inner)
      members.append(JSONValue.Member(name: name, value: value))
      if depth == 0 { memberRanges.append(start..<position) }
      skipSpace()
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "}")) else { throw .malformed }
    return .object(members)
  }

  private mutating func array(depth: Int) throws(Fault) -> JSONValue {
    position += 1
    var values: [JSONValue] = []
    skipSpace()
    if take(UInt8(ascii: "]")) { return .array([]) }
    repeat {
      skipSpace()
      var inner: [Range<Int>] = []
      values.append(try value(depth: depth + 1, memberRanges: &inner))
      skipSpace()
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "]")) else { throw .malformed }
    return .array(values)
  }

  private mutating func word(_ word: String, _ value: JSONValue) throws(Fault) -> JSONValue {
    for byte in word.utf8 {
      guard take(byte) else { throw .malformed }
    }
    return value
  }

  private mutating func number() throws(Fault) -> String {
    let start = position
    _ = take(UInt8(ascii: "-"))
    if !take(UInt8(ascii: "0")) { try digits() }
    if take(UInt8(ascii: ".")) { try digits() }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      try digits()
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func digits() throws(Fault) {
    let start = position
    while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
    guard position > start else { throw .malformed }
  }

  // MARK: Strings

  private mutating func string() throws(Fault) -> [UInt16] {
    position += 1
    var units: [UInt16] = []
    while let byte = peek {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return units
      case UInt8(ascii: "\\"): units.append(try escape())
      case ..<0x20: throw .malformed
      case ..<0x80: units.append(UInt16(byte))
      default: scalar(led: byte, into: &units)
      }
    }
    throw .malformed
  }

  /// Appends the scalar whose first byte was read; the line is known to be UTF-8.
  private mutating func scalar(led first: UInt8, into units: inout [UInt16]) {
    let count = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1
    var value = UInt32(first) & (0x3F >> UInt32(count))
    for _ in 0..<count {
      value = value << 6 | UInt32(bytes[position] & 0x3F)
      position += 1
    }
    if value < 0x10000 {
      units.append(UInt16(value))
    } else {
      units.append(UInt16(0xD800 + ((value - 0x10000) >> 10)))
      units.append(UInt16(0xDC00 + ((value - 0x10000) & 0x3FF)))
    }
  }

  private mutating func escape() throws(Fault) -> UInt16 {
    guard let byte = peek else { throw .malformed }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return UInt16(byte)
    case UInt8(ascii: "b"): return 0x08
    case UInt8(ascii: "f"): return 0x0C
    case UInt8(ascii: "n"): return 0x0A
    case UInt8(ascii: "r"): return 0x0D
    case UInt8(ascii: "t"): return 0x09
    case UInt8(ascii: "u"):
      var unit: UInt16 = 0
      for _ in 0..<4 {
        guard let digit = peek.flatMap(Self.hexDigit) else { throw .malformed }
        unit = unit << 4 | digit
        position += 1
      }
      return unit
    default: throw .malformed
    }
  }

  private static func hexDigit(_ byte: UInt8) -> UInt16? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }

  // MARK: Bytes

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard peek == byte else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A {
      position += 1
    }
  }
}
