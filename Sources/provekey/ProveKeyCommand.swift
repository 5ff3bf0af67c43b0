import ArgumentParser
import Foundation
import ProveDeviceRegistry
import ProveKeyPlatform

/// The command line of the project.
///
/// Exit codes: 0 done, 1 refused with a reason, 2 usage.
@main
struct ProveKeyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "provekey",
    abstract: "Prove Keys: the vault on a device, the registry on a server, and the flow between.",
    discussion: """
      Secrets come from a file, an environment variable or a prompt, never from an argument.
      Exit codes: 0 done, 1 refused with a reason, 2 wrong usage.
      """,
    version: "0.1.0",
    subcommands: [
      DemoCommand.self, VaultCommand.self, RegistryCommand.self, DeviceCommand.self,
      BenchCommand.self,
    ]
      + optionalCommands)

  /// What a build may leave out.
  private static var optionalCommands: [any ParsableCommand.Type] {
    #if Sandbox
      [SandboxCommand.self]
    #else
      []
    #endif
  }

  static func main() async {
    SQLiteRegistryStore.stopCountingMemory()
    do {
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch {
      let code = exitCode(for: error)
      if code == .success {  // --help and --version
        print(fullMessage(for: error))
        Foundation.exit(0)
      }
      if let refusal = error as? Refusal {
        if !refusal.text.isEmpty {
          TerminalPrompt.writeToStandardError("provekey: \(refusal.text)\n")
        }
        Foundation.exit(1)
      }
      if code == .validationFailure {
        TerminalPrompt.writeToStandardError(fullMessage(for: error) + "\n")
        Foundation.exit(2)
      }
      TerminalPrompt.writeToStandardError("provekey: \(ErrorText.describe(error))\n")
      Foundation.exit(1)
    }
  }
}

/// What was asked for was refused, for this reason; an empty reason was told already.
struct Refusal: Error {
  let text: String
}
