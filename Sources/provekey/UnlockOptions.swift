import ArgumentParser
import Foundation
import ProveKeyPlatform
import ProveKeySealing

/// How a store is unlocked: one of a key file, a passphrase from a file or the environment, or a
/// passphrase asked for at the terminal.
struct UnlockOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A file of 32 raw bytes with mode 0600.", valueName: "file"))
  var keyFile: String?

  @Option(help: ArgumentHelp("A file whose first line is the passphrase.", valueName: "file"))
  var passphraseFile: String?

  @Option(
    help: ArgumentHelp("The environment variable that holds the passphrase.", valueName: "name"))
  var passphraseEnv: String?

  func validate() throws {
    let count = [keyFile, passphraseFile, passphraseEnv].count { $0 != nil }
    guard count <= 1 else {
      throw ValidationError("Give one of --key-file, --passphrase-file and --passphrase-env.")
    }
  }

  /// - Parameter confirming: whether a passphrase from the terminal is to be typed twice.
  func method(confirming: Bool = false) throws -> UnlockMethod {
    try Self.method(
      keyFile: keyFile, passphraseFile: passphraseFile, passphraseEnv: passphraseEnv,
      question: "Passphrase: ", options: "--", confirming: confirming)
  }

  /// The method that was given; else a passphrase asked for at the terminal.
  /// - Parameter options: what the options' names begin with.
  static func method(
    keyFile: String?, passphraseFile: String?, passphraseEnv: String?, question: String,
    options: String, confirming: Bool
  ) throws -> UnlockMethod {
    if let keyFile { return .keyFile(keyFile) }
    if let passphraseFile { return .passphrase(try Self.passphrase(inFile: passphraseFile)) }
    if let passphraseEnv {
      guard let text = ProcessInfo.processInfo.environment[passphraseEnv] else {
        throw Refusal(text: "the environment variable \(passphraseEnv) is not set")
      }
      return .passphrase(try Passphrase(text))
    }
    guard let text = TerminalPrompt.readSecret(question) else {
      throw ValidationError(
        """
        Give \(options)key-file, \(options)passphrase-file or \(options)passphrase-env; nobody \
        is there to be asked.
        """)
    }
    if confirming, TerminalPrompt.readSecret("Again: ") != text {
      throw Refusal(text: "the two passphrases differ")
    }
    return .passphrase(try Passphrase(text))
  }

  private static func passphrase(inFile path: String) throws -> Passphrase {
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw Refusal(text: "the passphrase file cannot be read")
    }
    defer { file.closeFile() }
    // A passphrase has at most 1024 bytes; more of the file than that and a line end is not read.
    let bytes = try file.read(upToCount: 1026) ?? Data()
    let line = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
    return try Passphrase(utf8: Array(line).span)
  }
}

/// For commands that make a store: the key file may be made along with it.
struct NewUnlockOptions: ParsableArguments {
  @OptionGroup var unlock: UnlockOptions

  @Flag(help: "Make the key file first; it must not exist.")
  var createKeyFile = false

  func validate() throws {
    if createKeyFile, unlock.keyFile == nil {
      throw ValidationError("--create-key-file needs --key-file.")
    }
  }

  func method() throws -> UnlockMethod {
    if createKeyFile, let path = unlock.keyFile { try KeyFile.create(at: path) }
    return try unlock.method(confirming: true)
  }
}
