import JSONLines
/// What is left of the bytes and rows that one answer may have.
final class ResultRoom {
  private let byteLimit: Int
  private var bytes: Int
  private var rows = ShellLimits.resultRows

  /// - Parameter byteLimit: how many bytes the rows of the answer may have together.
  init(byteLimit: Int) {
    self.byteLimit = byteLimit
    bytes = byteLimit
  }

  /// Counts a row of a result: a value, a key, or both.
  func taking(_ text: JSONText) throws(LineRefusal) -> JSONText {
    bytes -= text.bytes.count
    rows -= 1
    guard bytes >= 0, rows >= 0 else {
      throw LineRefusal(
        .resultTooLarge,
        """
        a result has at most \(ShellLimits.resultRows) rows and \(byteLimit) bytes: give a 'limit' or a narrower 'range'
        """)
    }
    return text
  }
}
