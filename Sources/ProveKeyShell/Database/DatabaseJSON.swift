package import JSONLines
package import ProveKeyVault

/// Values and keys of the database role as JSON; either way nothing is lost (H5) but digits of a
/// number that no double has.
///
/// Of values, null, booleans, numbers, strings, arrays and objects stand for themselves. An object
/// whose only member has one of these names stands for something else:
///
/// | form | what it is |
/// |---|---|
/// | `{"utf16":[55296]}` | text by its code units |
/// | `{"base64":"AAE="}` | bytes |
/// | `{"date":0}` | a date, in milliseconds since 1970 |
/// | `{"number":"NaN"}` | a number that JSON has not: also `Infinity` and `-Infinity` |
/// | `{"object":[["date",0]]}` | an object by its names and values, whatever they are |
package enum DatabaseJSON: Sendable {
  private static let formNames: Set<String> = ["utf16", "base64", "date", "number", "object"]

  // MARK: Values

  /// A value as JSON.
  package static func encode(_ value: DatabaseValue) -> JSONText {
    switch value {
    case .null: .null
    case .boolean(let flag): .boolean(flag)
    case .number(let number):
      number.isFinite ? .double(number) : .object([("number", encode(number))])
    case .date(let milliseconds): .object([("date", encode(milliseconds))])
    case .text(let units): .units(units)
    case .binary(let bytes): .binary(bytes)
    case .array(let values): .array(values.map { encode($0) })
    case .object(let object): encode(object)
    }
  }

  private static func encode(_ object: DatabaseObject) -> JSONText {
    let named = object.members.compactMap { member in
      String(validating: member.name, as: UTF16.self).map { ($0, encode(member.value)) }
    }
    let looksLikeForm = named.count == 1 && formNames.contains(named[0].0)
    if named.count == object.members.count, !looksLikeForm { return .object(named) }
    let pairs = object.members.map { member in
      JSONText.array([.units(member.name), encode(member.value)])
    }
    return .object([("object", .array(pairs))])
  }

  /// A number of any kind: those that JSON has not as a string.
  private static func encode(_ number: Double) -> JSONText {
    if number.isFinite { return .double(number) }
    return .string(number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity")
  }

  /// Reads a line that holds one value.
  package static func value(line: [UInt8]) throws -> DatabaseValue {
    try value(JSONParser.parse(line, limits: ShellLimits.line).value, "value")
  }

  /// Reads a value.
  /// - Parameter field: what a refusal names.
  static func value(
    _ json: JSONValue, _ field: String
  ) throws(LineRefusal) -> DatabaseValue {
    switch json {
    case .null: return .null
    case .boolean(let flag): return .boolean(flag)
    case .number(let text): return .number(try finite(text, field))
    case .string(let units): return .text(units)
    case .array(let values):
      return .array(try values.map { value throws(LineRefusal) in try self.value(value, field) })
    case .object(let members):
      if let form = json.onlyMember, formNames.contains(form.name) {
        return try self.form(form.name, form.value, field)
      }
      var object = DatabaseObject()
      for member in members { object[member.name] = try value(member.value, field) }
      return .object(object)
    }
  }

  private static func form(
    _ name: String, _ json: JSONValue, _ field: String
  ) throws(LineRefusal) -> DatabaseValue {
    switch name {
    case "utf16":
      guard let units = LineFields.utf16(json) else {
        throw .invalid(field, "a value whose {\"utf16\":...} lists code units")
      }
      return .text(units)
    case "base64":
      guard let bytes = LineFields.base64(json) else {
        throw .invalid(field, "a value whose {\"base64\":...} is base64 with padding")
      }
      return .binary(bytes)
    case "date": return .date(try number(json, field))
    case "number": return .number(try number(json, field))
    default: return .object(try object(json, field))
    }
  }

  private static func object(
    _ json: JSONValue, _ field: String
  ) throws(LineRefusal) -> DatabaseObject {
    let refusal = LineRefusal.invalid(
      field, "a value whose {\"object\":...} lists pairs of a name and a value, no name twice")
    guard case .array(let pairs) = json else { throw refusal }
    var object = DatabaseObject()
    for pair in pairs {
      guard case .array(let parts) = pair, parts.count == 2 else { throw refusal }
      let name = try LineFields.units(parts[0], field)
      guard object[name] == nil else { throw refusal }
      object[name] = try value(parts[1], field)
    }
    return object
  }

  /// A number of any kind.
  private static func number(_ json: JSONValue, _ field: String) throws(LineRefusal) -> Double {
    switch json {
    case .number(let text): return try finite(text, field)
    case .string(let units):
      switch String(decoding: units, as: UTF16.self) {
      case "NaN": return .nan
      case "Infinity": return .infinity
      case "-Infinity": return -.infinity
      default: break
      }
    default: break
    }
    throw .invalid(field, "one whose numbers are numbers, \"NaN\", \"Infinity\" or \"-Infinity\"")
  }

  /// The double that is nearest, as on the web; none is near a number that it would make infinite
  /// or 0.
  private static func finite(_ text: String, _ field: String) throws(LineRefusal) -> Double {
    guard let number = Double(text), number.isFinite, number != 0 || isZero(text) else {
      throw .invalid(field, "one whose numbers have a double near them")
    }
    return number
  }

  /// Whether a number is written with no other digit than 0 before its exponent.
  private static func isZero(_ text: String) -> Bool {
    let digits = text.utf8.prefix { $0 | 0x20 != UInt8(ascii: "e") }
    return !digits.contains { (UInt8(ascii: "1")...UInt8(ascii: "9")).contains($0) }
  }

  // MARK: Keys

  /// A key as JSON.
  package static func encode(_ key: DatabaseKey) -> JSONText {
    switch key {
    case .number(let number): .object([("number", encode(number))])
    case .date(let milliseconds): .object([("date", encode(milliseconds))])
    case .text(let units): .object([("string", .units(units))])
    case .binary(let bytes): .object([("binary", .base64(bytes))])
    case .array(let keys): .object([("array", .array(keys.map { encode($0) }))])
    }
  }

  /// Reads a line that holds one key.
  package static func key(line: [UInt8]) throws -> DatabaseKey {
    try key(JSONParser.parse(line, limits: ShellLimits.line).value, "key")
  }

  /// Reads a key.
  /// - Parameter field: what a refusal names.
  static func key(_ json: JSONValue, _ field: String) throws(LineRefusal) -> DatabaseKey {
    switch json.onlyMember {
    case ("number", let value)?: return .number(try number(value, field))
    case ("date", let value)?: return .date(try number(value, field))
    case ("string", let value)?: return .text(try LineFields.units(value, field))
    case ("binary", let value)?:
      if let bytes = LineFields.base64(value) { return .binary(bytes) }
    case ("array", .array(let values))?:
      return .array(try values.map { value throws(LineRefusal) in try key(value, field) })
    default: break
    }
    throw .invalid(
      field, "{\"number\":1}, {\"date\":0}, {\"string\":\"\"}, {\"binary\":\"\"} or {\"array\":[]}")
  }
}
