import ArgumentParser
import JSONLines
import ProveKeyPlatform
import ProveKeyShell
import ProveKeyVault

/// `provekey vault shell`: the vault for programs in any language, over standard input and output.
struct ShellCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shell", abstract: "Answer requests on the vault, one line of JSON each.",
    discussion: """
      Each line of standard input is a request and gets one line on standard output, in order:

        {"id":1,"op":"localStorage.setItem","origin":"https://a.example","key":"k","value":"v"}
        {"id":1,"ok":true,"result":null}

      A refused request is answered with "ok":false and an error that has a name and a message. The
      end of the input ends the shell with code 0; it ends with 1 when nobody reads the answers. The
      vault is closed in either case. Operations, with fields in brackets optional:

      \(ShellOperation.all.map { "  " + $0.usage }.joined(separator: "\n"))
      """)

  @OptionGroup var target: VaultCommand.Target

  /// Bytes that are asked of standard input at a time.
  private static let chunkByteCount = 65_536

  func run() async throws {
    StandardStreams.ignoreBrokenPipes()
    let vault = try target.open()
    var lines = LineReader(limit: ShellLimits.lineByteCount) { () throws(StandardStreams.Problem) in
      try StandardStreams.readInput(limit: Self.chunkByteCount)
    }
    let session = ShellSession(vault: vault)
    do throws(StandardStreams.Problem) {
      try session.serve(&lines) { answer throws(StandardStreams.Problem) in
        try StandardStreams.writeOutput(answer)
      }
    } catch {
      try vault.close()
      throw Refusal(text: Self.text(error))
    }
    try vault.close()
  }

  private static func text(_ problem: StandardStreams.Problem) -> String {
    switch problem {
    case .closed: "nobody reads the answers any longer; the vault is closed"
    case .system(let code): "standard input or output failed (\(code)); the vault is closed"
    }
  }
}
