import Foundation
import ProveKeyVault

/// A stored name or value on its way through standard input or output.
struct StorageText: Codable {
  let units: [UInt16]

  private enum CodingKeys: String, CodingKey {
    case utf16
  }

  init(units: [UInt16]) { self.units = units }

  init(from decoder: any Decoder) throws {
    if let members = try? decoder.container(keyedBy: CodingKeys.self) {  // else it is a string
      units = try members.decode([UInt16].self, forKey: .utf16)
    } else {
      units = Array(try decoder.singleValueContainer().decode(String.self).utf16)
    }
  }

  func encode(to encoder: any Encoder) throws {
    if let text = String(validating: units, as: UTF16.self) {
      var container = encoder.singleValueContainer()
      try container.encode(text)
    } else {
      var members = encoder.container(keyedBy: CodingKeys.self)
      try members.encode(units, forKey: .utf16)
    }
  }

  /// As JSON on one line: a string, or its code units when it is no text.
  var json: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = .withoutEscapingSlashes
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }

  /// As it is.
  var text: String {
    get throws {
      guard let text = String(validating: units, as: UTF16.self) else {
        throw VaultError.loneSurrogate
      }
      return text
    }
  }

  /// On a line of its own: as JSON when it would not be shown as it is.
  var line: String {
    get throws {
      let isPlain = units.allSatisfy { $0 >= 0x20 && $0 != 0x7F } && units.first != 0x22
      guard isPlain, !units.isEmpty, let text = String(validating: units, as: UTF16.self) else {
        return try json
      }
      return text
    }
  }
}

/// What standard input asks for.
struct StorageRequest {
  let key: [UInt16]
  let value: [UInt16]?

  private struct Line: Decodable {
    let key: StorageText
    let value: StorageText?
  }

  /// The most that is read: a value of the largest item, all of it escaped, and some more.
  private static let byteLimit = 64 << 20

  /// Reads one request in plain lines, or one a line as JSON.
  static func read(json: Bool, withValue: Bool) throws -> [StorageRequest] {
    let data = try FileHandle.standardInput.read(upToCount: byteLimit + 1) ?? Data()
    guard data.count <= byteLimit else { throw Refusal(text: "the input is longer than 64 MiB") }
    return json
      ? try jsonLines(data, withValue: withValue) : [try plainLines(data, withValue: withValue)]
  }

  private static func jsonLines(_ data: Data, withValue: Bool) throws -> [StorageRequest] {
    let lines = data.split(separator: UInt8(ascii: "\n")).enumerated()
    return try lines.map { number, line in
      let refusal = Refusal(
        text:
          "line \(number + 1) of the input is not {\"key\":...\(withValue ? ",\"value\":..." : "")}"
      )
      let request: Line
      do { request = try JSONDecoder().decode(Line.self, from: line) } catch { throw refusal }
      guard (request.value != nil) == withValue else { throw refusal }
      return StorageRequest(key: request.key.units, value: request.value?.units)
    }
  }

  private static func plainLines(_ data: Data, withValue: Bool) throws -> StorageRequest {
    guard let text = String(validating: data, as: UTF8.self) else {
      throw Refusal(text: "the input is no UTF-8")
    }
    var units = Array(text.utf16)
    if units.last == 0x0A { units.removeLast() }
    guard let end = units.firstIndex(of: 0x0A) else {
      guard !withValue else {
        throw Refusal(text: "give the name on the first line of the input and the value after it")
      }
      return StorageRequest(key: units, value: nil)
    }
    guard withValue else { throw Refusal(text: "give one name, or more of them with --json") }
    return StorageRequest(key: Array(units[..<end]), value: Array(units[(end + 1)...]))
  }
}
