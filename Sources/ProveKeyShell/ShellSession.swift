package import JSONLines
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
      let request = try LineRequest(
        line, limits: ShellLimits.line, operations: ShellOperation.byName
      ) { id = $0 }
      let result = try request.operation.run(self, request.fields)
      return JSONLine.answer(result, id: id)
    } catch {
      return JSONLine.refusal(LineRefusal(error), id: id)
    }
  }

  /// The answer to a line that was longer than ``ShellLimits/lineByteCount`` and was skipped.
  package func answerToTooLongLine() -> [UInt8] {
    JSONLine.refusal(.tooLong(ShellLimits.line), id: .null)
  }
}
