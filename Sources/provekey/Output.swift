import Foundation

/// Prints facts: as a JSON object a line with `--json`, else as aligned lines.
enum Output {
  /// A fact's value.
  enum Value: Encodable {
    case text(String)
    case number(Int)
    case flag(Bool)
    case list([String])

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .text(let text): try container.encode(text)
      case .number(let number): try container.encode(number)
      case .flag(let flag): try container.encode(flag)
      case .list(let list): try container.encode(list)
      }
    }

    var text: String {
      switch self {
      case .text(let text): text
      case .number(let number): String(number)
      case .flag(let flag): flag ? "yes" : "no"
      case .list(let list): list.isEmpty ? "none" : list.joined(separator: "; ")
      }
    }
  }

  /// Named facts in order; those without a value are left out.
  typealias Facts = [(name: String, value: Value?)]

  static func show(_ facts: Facts, json: Bool) throws {
    print(try text(facts, json: json))
  }

  /// Facts as ``show(_:json:)`` prints them.
  static func text(_ facts: Facts, json: Bool) throws -> String {
    let present = facts.compactMap { fact in fact.value.map { (fact.name, $0) } }
    guard !json else { return try object(present) }
    let width = present.map(\.0.count).max() ?? 0
    return present.map { name, value in
      name.padding(toLength: width + 2, withPad: " ", startingAt: 0) + value.text
    }.joined(separator: "\n")
  }

  /// One JSON object on one line, its members in the order given.
  static func object(_ members: [(String, Value)]) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    let texts = try members.map { name, value in
      let key = String(decoding: try encoder.encode(name), as: UTF8.self)
      return "\(key):\(String(decoding: try encoder.encode(value), as: UTF8.self))"
    }
    return "{\(texts.joined(separator: ","))}"
  }

  /// Rows under a header, aligned.
  static func table(_ header: [String], _ rows: [[String]]) {
    let widths = header.indices.map { column in
      ([header] + rows).map { $0[column].count }.max() ?? 0
    }
    for row in [header] + rows {
      let cells = zip(row, widths).map { cell, width in
        cell.padding(toLength: width, withPad: " ", startingAt: 0)
      }
      print(cells.joined(separator: "  ").trimmingSuffix(of: " "))
    }
  }
}

extension String {
  fileprivate func trimmingSuffix(of character: Character) -> String {
    var text = self
    while text.last == character { text.removeLast() }
    return text
  }
}
