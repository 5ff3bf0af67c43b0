import FoundationEssentials

/// A value written as JSON, on one line.
package struct JSONText: Equatable, Sendable {
  /// The UTF-8 of it; no line end is among the bytes.
  package private(set) var bytes: [UInt8]

  private init(_ text: String) { bytes = Array(text.utf8) }

  /// Takes bytes that are JSON already.
  package init(verbatim bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

  /// `null`.
  package static let null = JSONText("null")

  /// `true` or `false`.
  package static func boolean(_ value: Bool) -> JSONText { JSONText(value ? "true" : "false") }

  /// A whole number.
  package static func integer(_ value: some BinaryInteger) -> JSONText { JSONText(String(value)) }

  /// A finite number, such that reading it gives the same double, the sign of zero included.
  package static func double(_ value: Double) -> JSONText {
    if value == 0 { return JSONText(value.sign == .minus ? "-0" : "0") }
    if value.magnitude < 9_007_199_254_740_992, value == value.rounded() {
      return JSONText(String(Int64(value)))
    }
    return JSONText("\(value)")
  }

  /// A string of text.
  package static func string(_ text: String) -> JSONText {
    var made = JSONText("")
    made.bytes.reserveCapacity(text.utf8.count + 2)
    made.appendQuoted(text)
    return made
  }

  /// A string, or `{"utf16":[...]}` when half of a surrogate pair makes it no text.
  package static func units(_ units: [UInt16]) -> JSONText {
    guard let text = String(validating: units, as: UTF16.self) else {
      return object([("utf16", array(units.lazy.map { integer($0) }))])
    }
    return string(text)
  }

  /// `{"base64":"..."}`.
  package static func binary(_ bytes: [UInt8]) -> JSONText { object([("base64", base64(bytes))]) }

  /// Bytes as a string of base64 with padding.
  package static func base64(_ bytes: [UInt8]) -> JSONText {
    string(Data(bytes).base64EncodedString())
  }

  /// An array of values.
  package static func array(_ values: some Sequence<JSONText>) -> JSONText {
    var made = JSONText("[")
    var isFirst = true
    for value in values {
      if !isFirst { made.bytes.append(UInt8(ascii: ",")) }
      isFirst = false
      made.bytes += value.bytes
    }
    made.bytes.append(UInt8(ascii: "]"))
    return made
  }

  /// An object with its members in the order given.
  package static func object(_ members: [(String, JSONText)]) -> JSONText {
    var made = JSONText("{")
    for (index, (name, value)) in members.enumerated() {
      if index > 0 { made.bytes.append(UInt8(ascii: ",")) }
      made.appendQuoted(name)
      made.bytes.append(UInt8(ascii: ":"))
      made.bytes += value.bytes
    }
    made.bytes.append(UInt8(ascii: "}"))
    return made
  }

  private mutating func appendQuoted(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes += [UInt8(ascii: "\\"), byte]
      case 0x0A: bytes += Array("\\n".utf8)
      case 0x0D: bytes += Array("\\r".utf8)
      case 0x09: bytes += Array("\\t".utf8)
      case ..<0x20:
        let digits = Array("0123456789abcdef".utf8)
        bytes += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}

/// Base64 with padding, exactly as it would be written.
///
/// Source: RFC 4648, section 4.
package func decodeBase64(_ text: String) -> [UInt8]? {
  guard let data = Data(base64Encoded: text), data.base64EncodedString() == text else { return nil }
  return Array(data)
}
