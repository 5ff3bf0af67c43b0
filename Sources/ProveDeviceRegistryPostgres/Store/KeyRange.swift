/// One of the ranges that a table's keys are cut into, so that no count walks all of it at once.
struct KeyRange: Sendable {
  /// What comes after every key: longer than a locator and not less than any.
  static let end = [UInt8](repeating: 0xFF, count: 17)

  /// The first key of the range.
  let lower: [UInt8]
  /// What comes after its last key.
  let upper: [UInt8]

  /// The ranges in their order: one for each value of a key's first byte.
  static let all: [KeyRange] = (0...255).map { first in
    KeyRange(
      lower: [UInt8(first)], upper: first == 255 ? end : [UInt8(first + 1)])
  }

  /// The ranges in groups, each small enough to be counted in one round trip.
  static let groups: [[KeyRange]] = stride(from: 0, to: 256, by: 16).map { start in
    Array(all[start..<start + 16])
  }

  /// A statement on the range, which is its first two parameters.
  func command(_ statement: SQLStatement) -> Command {
    var command = Command(statement)
    command.add(lower)
    command.add(upper)
    return command
  }
}
