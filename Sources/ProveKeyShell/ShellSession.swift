package import ProveKeyVault

/// A vault that answers requests, one line of JSON each: the vault for programs in any language.
///
/// ```
/// {"id":1,"op":"localStorage.setItem","origin":"https://a.example","key":"k","value":"v"}
/// {"id":1,"ok":true,"result":null}
/// ```
///
/// Invariants, cited by number in the tests:
/// - H1. Every line gets one answer, in order, whatever the line holds; none ends the shell.
/// - H2. An answer is one line of JSON and gives the request's id back as it was written.
/// - H3. A refused request has changed nothing.
/// - H4. No operation gives out a private key; no refusal repeats what a field carried.
/// - H5. What comes in goes back out the same, to the code unit, the byte and the bit.
///
/// It does no input or output of its own, and is for one thread. The databases that requests have
/// opened are closed with it.
package final class ShellSession {
  let vault: KeyVault
  var databases = OpenDatabases()
  private let resultByteCount: Int

  /// Answers for an open vault, which it does not close.
  /// - Parameters:
  ///   - vault: what requests are about.
  ///   - resultByteCount: how many bytes the rows of one answer may have together.
  package init(vault: KeyVault, resultByteCount: Int = ShellLimits.resultByteCount) {
    self.vault = vault
    self.resultByteCount = resultByteCount
  }

  /// What one answer may hold.
  var room: ResultRoom { ResultRoom(byteLimit: resultByteCount) }

  /// Answers line after line until they end; each answer is written before the next line is read.
  package func serve<Failure>(
    _ lines: inout LineReader<Failure>, write: ([UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    while let line = try lines.next() {
      switch line {
      case .line(let bytes): try write(answer(to: bytes) + [0x0A])
      case .tooLong: try write(answerToTooLongLine() + [0x0A])
      }
    }
  }

  /// The answer to a line, both without their ends.
  package func answer(to line: [UInt8]) -> [UInt8] {
    var id = JSONText.null
    do {
      let request = try Request(line) { id = $0 }
      let result = try request.operation.run(self, request.fields)
      return JSONText.object([("id", id), ("ok", .boolean(true)), ("result", result)]).bytes
    } catch {
      return Self.refusal(ShellRefusal(error), id: id)
    }
  }

  /// The answer to a line that was longer than ``ShellLimits/lineByteCount`` and was skipped.
  package func answerToTooLongLine() -> [UInt8] {
    Self.refusal(
      ShellRefusal(.lineTooLong, "a line has at most \(ShellLimits.lineByteCount) bytes"),
      id: .null)
  }

  private static func refusal(_ refusal: ShellRefusal, id: JSONText) -> [UInt8] {
    var members: [(String, JSONText)] = [
      ("name", .string(refusal.name)), ("message", .string(refusal.message)),
    ]
    if let operation = refusal.operation { members.append(("operation", .integer(operation))) }
    return JSONText.object([
      ("id", id), ("ok", .boolean(false)), ("error", .object(members)),
    ]).bytes
  }
}

/// A request as it was read from a line.
private struct Request {
  let operation: ShellOperation
  let fields: ShellFields

  /// - Parameter tellID: is told the id as soon as it is known.
  init(_ line: [UInt8], tellID: (JSONText) -> Void) throws(ShellRefusal) {
    let parsed = try Self.parse(line)
    guard case .object(let members) = parsed.value else {
      throw ShellRefusal(.malformedLine, "a request is one JSON object a line")
    }
    var name: JSONValue?
    var id: JSONText?
    for (member, range) in zip(members, parsed.memberRanges) {
      switch ShellRefusal.repeatable(member.name) {
      case "id": id = try Self.id(member.value, line[range])
      case "op": name = member.value
      default: break
      }
    }
    if let id { tellID(id) }
    guard let name else { throw ShellRefusal(.missingField, "a request needs 'op'") }
    guard case .string(let units) = name else { throw .invalid("op", "a string") }
    let repeated = ShellRefusal.repeatable(units)
    guard let repeated, let operation = ShellOperation.byName[repeated] else {
      throw ShellRefusal(
        .unknownOperation,
        "there is no operation \(repeated.map { "'\($0)'" } ?? "of that name")")
    }
    self.operation = operation
    fields = try ShellFields(members, known: operation.fields, ignoring: ["id", "op"])
  }

  /// The id as it was written, when it may be given back.
  private static func id(
    _ value: JSONValue, _ bytes: ArraySlice<UInt8>
  ) throws(ShellRefusal) -> JSONText {
    let isTaken =
      switch value {
      case .null, .string: true
      case .number(let text): Double(text)?.isFinite == true
      default: false
      }
    guard isTaken, bytes.count <= ShellLimits.idByteCount else {
      throw .invalid("id", "null, or a number or string of at most 256 bytes")
    }
    return JSONText(verbatim: bytes)
  }

  private static func parse(_ line: [UInt8]) throws(ShellRefusal) -> JSONParser.Parsed {
    guard line.count <= ShellLimits.lineByteCount else {
      throw ShellRefusal(.lineTooLong, "a line has at most \(ShellLimits.lineByteCount) bytes")
    }
    do throws(JSONParser.Fault) {
      return try JSONParser.parse(line)
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
        case .tooDeep: "arrays and objects are nested more than \(ShellLimits.nesting) deep"
        case .tooManyValues: "the line has more than \(ShellLimits.valuesPerLine) values"
        }
      throw ShellRefusal(.malformedLine, reason)
    }
  }
}
