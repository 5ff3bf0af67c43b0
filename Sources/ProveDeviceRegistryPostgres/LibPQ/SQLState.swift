/// The five characters by which PostgreSQL, and what speaks like it, names a condition.
///
/// Source: PostgreSQL manual, appendix A, "PostgreSQL Error Codes".
struct SQLState: Hashable, Sendable {
  /// The characters, such as `40001`.
  let code: String

  /// Reads a state; nil unless there are five digits and capital letters.
  init?(_ text: some StringProtocol) {
    guard text.utf8.count == 5, text.utf8.allSatisfy(Self.isPart) else { return nil }
    code = String(text)
  }

  /// The first two characters, which name the class of the condition.
  var classCode: Substring { code.prefix(2) }

  /// Reads the state that a refused connection's text ends with, if it ends with one.
  ///
  /// The text is asked for in the form `FATAL:  28P01`, without any words.
  init?(endOf text: String) {
    guard let line = text.split(whereSeparator: \.isNewline).last,
      let word = line.split(whereSeparator: \.isWhitespace).last,
      let state = SQLState(word), state.code.utf8.contains(where: { $0 < UInt8(ascii: "A") })
    else { return nil }
    self = state
  }

  private static func isPart(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
  }
}
