import Glibc

/// Asks for a secret at the terminal, without showing what is typed.
package enum TerminalPrompt: Sendable {
  /// Whether somebody sits at standard input.
  package static var isInteractive: Bool { isatty(STDIN_FILENO) == 1 }

  /// Whether standard error is a terminal that somebody may be watching.
  package static var isErrorWatched: Bool { isatty(STDERR_FILENO) == 1 }

  /// Asks on standard error and reads one line from standard input.
  ///
  /// The terminal shows what is typed again afterwards, also when reading fails.
  /// - Returns: the line; nothing when nobody sits at the terminal or the input has ended.
  package static func readSecret(_ question: String) -> String? {
    guard isInteractive else { return nil }
    var before = termios()
    guard unsafe tcgetattr(STDIN_FILENO, &before) == 0 else { return nil }
    var silent = before
    silent.c_lflag &= ~tcflag_t(ECHO)
    guard unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0 else { return nil }
    defer {
      // A terminal that took the one setting takes the other.
      _ = unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
      writeToStandardError("\n")
    }
    writeToStandardError(question)
    return readLine(strippingNewline: true)
  }

  /// Writes text to standard error, as far as anybody reads it.
  package static func writeToStandardError(_ text: String) {
    let bytes = Array(text.utf8)
    // Nobody can be told that standard error is closed.
    _ = unsafe bytes.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
