import Foundation
import ProveKeyPlatform
import ProveKeySealing
import ProveKeyShell
import ProveKeyVault
import Testing

/// A vault in a folder of its own, and a shell on it; removed with the fixture.
final class ShellFixture {
  let folder: String
  let vault: KeyVault
  let session: ShellSession

  init() throws {
    let memory = "/dev/shm"  // these tests make many durable commits
    let root =
      FileManager.default.isWritableFile(atPath: memory)
      ? memory : FileManager.default.temporaryDirectory.path
    folder = root + "/shell-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    vault = try KeyVault.create(at: folder + "/device.vault", unlock: .rawKey(RawKey.random()))
    session = ShellSession(vault: vault)
  }

  deinit {
    // What is left behind lies in the system's temporary folder.
    try? FileManager.default.removeItem(atPath: folder)
  }

  func path(_ name: String) -> String { folder + "/" + name }

  /// The answer to a line, which must be one line of JSON with the three members.
  func ask(_ line: String) throws -> Answer { try ask(Array(line.utf8)) }

  func ask(_ line: [UInt8]) throws -> Answer {
    try Answer(session.answer(to: line))
  }

  /// The result of a request that must succeed.
  @discardableResult
  func result(
    _ line: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> JSON {
    let answer = try ask(line)
    #expect(answer.error == nil, "\(answer.text)", sourceLocation: sourceLocation)
    return answer.result
  }

  /// The name of the error of a request that must be refused.
  func refusal(_ line: String) throws -> String? { try ask(line).error }
}

/// An answer, read by Foundation's reader rather than by ours.
struct Answer {
  let text: String
  let id: JSON
  let result: JSON
  let error: String?
  let message: String?
  let operation: Int?

  init(_ bytes: [UInt8]) throws {
    text = try #require(String(validating: bytes, as: UTF8.self), "an answer is UTF-8")
    try #require(!bytes.contains(0x0A) && !bytes.contains(0x0D), "an answer is one line (H2)")
    guard case .object(let members) = try JSON(text) else {
      throw Unreadable()
    }
    id = try #require(members["id"])
    if members["ok"] == .boolean(true) {
      try #require(Set(members.keys) == ["id", "ok", "result"])
      result = try #require(members["result"])
      (error, message, operation) = (nil, nil, nil)
    } else {
      try #require(members["ok"] == .boolean(false))
      try #require(Set(members.keys) == ["id", "ok", "error"])
      guard case .object(let parts)? = members["error"], case .string(let name)? = parts["name"],
        case .string(let message)? = parts["message"]
      else { throw Unreadable() }
      (error, self.message, result) = (name, message, .null)
      if case .number(let operation)? = parts["operation"] {
        self.operation = Int(operation)
      } else {
        operation = nil
      }
    }
  }

  struct Unreadable: Error {}
}

/// JSON as Foundation's decoder reads it.
enum JSON: Equatable, Decodable {
  case null, boolean(Bool), number(Double), string(String), array([JSON]), object([String: JSON])

  init(_ text: String) throws {
    self = try JSONDecoder().decode(JSON.self, from: Data(text.utf8))
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    // Each kind refuses the others.
    if container.decodeNil() {
      self = .null
    } else if let flag = try? container.decode(Bool.self) {
      self = .boolean(flag)
    } else if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else if let text = try? container.decode(String.self) {
      self = .string(text)
    } else if let list = try? container.decode([JSON].self) {
      self = .array(list)
    } else {
      self = .object(try container.decode([String: JSON].self))
    }
  }

  subscript(name: String) -> JSON {
    if case .object(let members) = self { members[name] ?? .null } else { .null }
  }

  var text: String? { if case .string(let text) = self { text } else { nil } }
  var number: Double? { if case .number(let number) = self { number } else { nil } }
  var list: [JSON]? { if case .array(let list) = self { list } else { nil } }
  var bytes: [UInt8]? { self["base64"].text.flatMap { Data(base64Encoded: $0) }.map(Array.init) }
}

/// A small generator with a fixed seed.
///
/// Source: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014.
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

/// Code units as a field's JSON: a string where it is text, else every unit as an escape or a list.
func field(_ units: [UInt16], escaped: Bool = false) -> String {
  let isPlain = units.allSatisfy { $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C }
  if !escaped, isPlain, let text = String(validating: units, as: UTF16.self) {
    return "\"\(text)\""
  }
  if escaped {
    let escapes = units.map { unit in
      let digits = String(unit, radix: 16)
      return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
    return "\"\(escapes.joined())\""
  }
  return "{\"utf16\":[\(units.map { "\($0)" }.joined(separator: ","))]}"
}

/// The code units that an answer gives as a string or a list.
func units(_ json: JSON) -> [UInt16]? {
  if let text = json.text { return Array(text.utf16) }
  return json["utf16"].list?.compactMap { $0.number.map { UInt16($0) } }
}
