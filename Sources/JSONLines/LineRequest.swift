/// A request as it was read from a line: an operation's name, and its fields.
package struct LineRequest<Operation: LineOperation> {
  /// What is asked for.
  package let operation: Operation
  /// What it is asked with.
  package let fields: LineFields

  /// Reads a request.
  /// - Parameters:
  ///   - line: the line without its end.
  ///   - operations: what may be asked for, by name.
  ///   - tellID: is told the id as soon as it is known.
  package init(
    _ line: [UInt8], limits: LineLimits, operations: [String: Operation],
    tellID: (JSONText) -> Void
  ) throws(LineRefusal) {
    let parsed = try JSONLine.parse(line, limits: limits)
    guard case .object(let members) = parsed.value else {
      throw LineRefusal(.malformedLine, "a request is one JSON object a line")
    }
    var name: JSONValue?
    var id: JSONText?
    for (member, range) in zip(members, parsed.memberRanges) {
      switch LineRefusal.repeatable(member.name) {
      case "id": id = try Self.id(member.value, line[range])
      case "op": name = member.value
      default: break
      }
    }
    if let id { tellID(id) }
    guard let name else { throw LineRefusal(.missingField, "a request needs 'op'") }
    guard case .string(let units) = name else { throw .invalid("op", "a string") }
    let repeated = LineRefusal.repeatable(units)
    guard let repeated, let operation = operations[repeated] else {
      throw LineRefusal(
        .unknownOperation,
        "there is no operation \(repeated.map { "'\($0)'" } ?? "of that name")")
    }
    self.operation = operation
    fields = try LineFields(members, known: operation.fields, ignoring: ["id", "op"])
  }

  /// The id as it was written, when it may be given back.
  private static func id(
    _ value: JSONValue, _ bytes: ArraySlice<UInt8>
  ) throws(LineRefusal) -> JSONText {
    let isTaken =
      switch value {
      case .null, .string: true
      case .number(let text): Double(text)?.isFinite == true
      default: false
      }
    guard isTaken, bytes.count <= LineLimits.idByteCount else {
      throw .invalid("id", "null, or a number or string of at most 256 bytes")
    }
    return JSONText(verbatim: bytes)
  }
}

/// One line of JSON, with what is wrong with it in words.
package enum JSONLine: Sendable {
  /// Reads a line that holds one value.
  /// - Throws: what is wrong with it, without what it holds.
  package static func parse(
    _ line: [UInt8], limits: LineLimits
  ) throws(LineRefusal) -> JSONParser.Parsed {
    guard line.count <= limits.byteCount else { throw .tooLong(limits) }
    do throws(JSONParser.Fault) {
      return try JSONParser.parse(line, limits: limits)
    } catch {
      let reason =
        switch error {
        case .notUTF8: "the line is not UTF-8"
        case .malformed where line.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }:
          "the line is empty"
        case .malformed where line.starts(with: [0xEF, 0xBB, 0xBF]):
          "the line begins with a byte order mark"
        case .malformed: "the line is not JSON"
        case .doubledName: "an object has two members of one name"
        case .tooDeep: "arrays and objects are nested more than \(limits.nesting) deep"
        case .tooManyValues: "the line has more than \(limits.valueCount) values"
        }
      throw LineRefusal(.malformedLine, reason)
    }
  }

  /// The answer to a request that was refused, without the line's end.
  package static func refusal(_ refusal: LineRefusal, id: JSONText) -> [UInt8] {
    var members: [(String, JSONText)] = [
      ("name", .string(refusal.name)), ("message", .string(refusal.message)),
    ]
    if let operation = refusal.operation { members.append(("operation", .integer(operation))) }
    return JSONText.object([
      ("id", id), ("ok", .boolean(false)), ("error", .object(members)),
    ]).bytes
  }

  /// The answer to a request that was carried out, without the line's end.
  package static func answer(_ result: JSONText, id: JSONText) -> [UInt8] {
    JSONText.object([("id", id), ("ok", .boolean(true)), ("result", result)]).bytes
  }
}
