/// The fields of one request, read by type; a refusal names the field and never its content.
package struct LineFields {
  private let values: [String: JSONValue]
  /// What the object is, as refusals call it.
  private let subject: String

  /// Takes the members of a request.
  /// - Parameters:
  ///   - known: what the operation may carry.
  ///   - ignoring: members that are read elsewhere.
  ///   - subject: what the object is, as refusals call it.
  /// - Throws: when a member is unknown or one that is needed is missing.
  package init(
    _ members: [JSONValue.Member], known: [LineField], ignoring: Set<String> = [],
    of subject: String = "the operation"
  ) throws(LineRefusal) {
    var values: [String: JSONValue] = [:]
    let names = Set(known.map(\.name))
    for member in members {
      let name = LineRefusal.repeatable(member.name)
      if let name, ignoring.contains(name) { continue }
      guard let name, names.contains(name) else {
        throw LineRefusal(
          .unknownField, "\(subject) has no field \(name.map { "'\($0)'" } ?? "of that name")")
      }
      values[name] = member.value
    }
    for field in known where field.isRequired && values[field.name] == nil {
      throw LineRefusal(.missingField, "\(subject) needs '\(field.name)'")
    }
    self.values = values
    self.subject = subject
  }

  /// The value of a field; nothing when it was not given or is null.
  package subscript(name: String) -> JSONValue? {
    values[name].flatMap { $0 == .null ? nil : $0 }
  }

  /// The value of a field that the operation needs, null included.
  package func value(_ name: String) throws(LineRefusal) -> JSONValue {
    guard let value = values[name] else {
      throw LineRefusal(.missingField, "\(subject) needs '\(name)'")
    }
    return value
  }

  // MARK: By type

  /// UTF-16 code units, from a string or `{"utf16":[...]}`.
  package func units(_ name: String) throws(LineRefusal) -> [UInt16] {
    try Self.units(value(name), name)
  }

  /// Text without a lone surrogate.
  package func text(_ name: String) throws(LineRefusal) -> String {
    try Self.text(value(name), name)
  }

  /// Text without a lone surrogate; nothing when the field was not given.
  package func optionalText(_ name: String) throws(LineRefusal) -> String? {
    guard let value = self[name] else { return nil }
    return try Self.text(value, name)
  }

  /// Bytes, from `{"base64":"..."}`.
  package func bytes(_ name: String) throws(LineRefusal) -> [UInt8] {
    guard let member = try value(name).onlyMember, member.name == "base64",
      let bytes = Self.base64(member.value)
    else { throw .invalid(name, "{\"base64\":\"...\"}") }
    return bytes
  }

  /// A whole number from 0 up, written without point or exponent.
  package func integer<Number: FixedWidthInteger & UnsignedInteger>(
    _ name: String, as type: Number.Type = Number.self
  ) throws(LineRefusal) -> Number {
    try Self.integer(value(name), name)
  }

  /// A whole number from 0 up; nothing when the field was not given.
  package func optionalInteger<Number: FixedWidthInteger & UnsignedInteger>(
    _ name: String, as type: Number.Type = Number.self
  ) throws(LineRefusal) -> Number? {
    guard let value = self[name] else { return nil }
    return try Self.integer(value, name)
  }

  /// True or false; false when the field was not given.
  package func flag(_ name: String) throws(LineRefusal) -> Bool {
    guard let value = self[name] else { return false }
    guard case .boolean(let flag) = value else { throw .invalid(name, "true or false") }
    return flag
  }

  /// The values of an array; nothing when the field was not given.
  package func optionalArray(_ name: String) throws(LineRefusal) -> [JSONValue]? {
    guard let value = self[name] else { return nil }
    guard case .array(let values) = value else { throw .invalid(name, "an array") }
    return values
  }

  /// One of a few words; nothing when the field was not given.
  package func optionalWord<Word: RawRepresentable<String> & CaseIterable>(
    _ name: String, as type: Word.Type = Word.self
  ) throws(LineRefusal) -> Word? {
    guard let value = self[name] else { return nil }
    guard case .string(let units) = value,
      let word = Word(rawValue: String(decoding: units, as: UTF16.self))
    else {
      throw .invalid(name, "one of " + Word.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return word
  }

  // MARK: Of single values

  /// UTF-16 code units, from a string or `{"utf16":[...]}`.
  package static func units(_ value: JSONValue, _ name: String) throws(LineRefusal) -> [UInt16] {
    if case .string(let units) = value { return units }
    if let member = value.onlyMember, member.name == "utf16", let units = utf16(member.value) {
      return units
    }
    throw .invalid(name, "a string or {\"utf16\":[...]}")
  }

  /// Text without a lone surrogate.
  package static func text(_ value: JSONValue, _ name: String) throws(LineRefusal) -> String {
    guard let text = String(validating: try units(value, name), as: UTF16.self) else {
      throw .invalid(name, "text without a lone surrogate")
    }
    return text
  }

  /// A whole number from 0 up.
  package static func integer<Number: FixedWidthInteger & UnsignedInteger>(
    _ value: JSONValue, _ name: String
  ) throws(LineRefusal) -> Number {
    guard case .number(let text) = value, let number = Number(text), text.utf8.first != 0x2D else {
      throw .invalid(name, "a whole number from 0 to \(Number.max)")
    }
    return number
  }

  /// A list of code units.
  package static func utf16(_ value: JSONValue) -> [UInt16]? {
    guard case .array(let values) = value else { return nil }
    var units: [UInt16] = []
    units.reserveCapacity(values.count)
    for case .number(let text) in values {
      guard let unit = UInt16(text), text.utf8.first != 0x2D else { return nil }
      units.append(unit)
    }
    return units.count == values.count ? units : nil
  }

  /// A string of base64.
  package static func base64(_ value: JSONValue) -> [UInt8]? {
    guard case .string(let units) = value, let text = String(validating: units, as: UTF16.self)
    else { return nil }
    return decodeBase64(text)
  }
}
