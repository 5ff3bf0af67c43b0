/// What is left of the bytes and rows that one answer may have.
final class ResultRoom {
  private var bytes = ShellLimits.resultByteCount
  private var rows = ShellLimits.resultRows

  /// Counts a row of a result.
  func taking(_ text: JSONText) throws(ShellRefusal) -> JSONText {
    bytes -= text.bytes.count
    rows -= 1
    guard bytes >= 0, rows >= 0 else {
      throw ShellRefusal(
        .resultTooLarge,
        """
        a result has at most \(ShellLimits.resultRows) rows and \(ShellLimits.resultByteCount) \
        bytes: give a 'limit' or a narrower 'range'
        """)
    }
    return text
  }
}
