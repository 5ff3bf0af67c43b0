import ArgumentParser
import Foundation
import ProveKeyPlatform
import ProveKeySealing

/// The keyrings by the names that the command line knows.
enum KeyringKind: String, ExpressibleByArgument, CaseIterable {
  case user
  case session
  case persistent

  fileprivate var keyring: LinuxKeyringProvider.Keyring {
    switch self {
    case .user: .user
    case .session: .session
    case .persistent: .persistent
    }
  }
}

/// What the options of one way to unlock a store say together.
struct UnlockChoice {
  /// What the options' names begin with.
  let options: String
  let keyFile: String?
  let passphraseFile: String?
  let passphraseEnv: String?
  let keyring: String?
  let keyringKind: KeyringKind?
  let program: String?
  let programArguments: [String]
  let programName: String?
  let programSeconds: Int?
  /// The folder that the store is tied to.
  let folder: String?

  private static let programName = "program"

  /// Refuses options that contradict each other or cannot be meant.
  func validate() throws {
    let given = [keyFile, passphraseFile, passphraseEnv, keyring, program].count { $0 != nil }
    guard given <= 1 else {
      throw ValidationError("Give only one of \(Self.list(options)).")
    }
    if keyring == nil, keyringKind != nil {
      throw ValidationError("\(options)keyring-kind needs \(options)keyring.")
    }
    if program == nil,
      !programArguments.isEmpty || programName != nil || programSeconds != nil
    {
      throw ValidationError("Options of a key program need \(options)key-program.")
    }
    _ = try keyringProvider()
    _ = try programProvider()
  }

  /// Refuses to make a key where no place for it is named.
  func validateMaking(keyFile makesFile: Bool, keyringKey makesKey: Bool) throws {
    let flag = options == "--" ? "--create-" : "--create-new-"
    if makesFile, keyFile == nil {
      throw ValidationError("\(flag)key-file needs \(options)key-file.")
    }
    if makesKey, keyring == nil {
      throw ValidationError("\(flag)keyring-key needs \(options)keyring.")
    }
  }

  /// Makes the key that the store shall be locked with, where that was asked for.
  func make(keyFile makesFile: Bool, keyringKey makesKey: Bool) throws {
    if makesFile, let keyFile { try KeyFile.create(at: keyFile) }
    if makesKey { try keyringProvider()?.create() }
  }

  /// The method that was given; else a passphrase asked for at the terminal.
  /// - Parameter confirming: whether a passphrase from the terminal is to be typed twice.
  func method(confirming: Bool = false) throws -> UnlockMethod {
    let method = try plainMethod(confirming)
    return folder.map { method.entangledWith(folder: $0) } ?? method
  }

  private func plainMethod(_ confirming: Bool) throws -> UnlockMethod {
    if let keyFile { return .keyFile(keyFile) }
    if let passphraseFile { return .passphrase(try Self.passphrase(inFile: passphraseFile)) }
    if let passphraseEnv {
      guard let text = ProcessInfo.processInfo.environment[passphraseEnv] else {
        throw Refusal(text: "the environment variable \(passphraseEnv) is not set")
      }
      return .passphrase(try Passphrase(text))
    }
    if let provider = try keyringProvider() { return .provider(provider) }
    if let provider = try programProvider() { return .provider(provider) }
    let question = options == "--" ? "Passphrase: " : "New passphrase: "
    guard let text = TerminalPrompt.readSecret(question) else {
      throw ValidationError("Give one of \(Self.list(options)); nobody is there to be asked.")
    }
    if confirming, TerminalPrompt.readSecret("Again: ") != text {
      throw Refusal(text: "the two passphrases differ")
    }
    return .passphrase(try Passphrase(text))
  }

  private func keyringProvider() throws -> LinuxKeyringProvider? {
    guard let keyring else { return nil }
    let kind = keyringKind ?? .user
    guard let provider = LinuxKeyringProvider(description: keyring, keyring: kind.keyring) else {
      throw ValidationError(
        "\(options)keyring takes a description of 1 to 255 printable ASCII characters.")
    }
    return provider
  }

  private func programProvider() throws -> CommandKeyProvider? {
    guard let program else { return nil }
    let seconds = programSeconds ?? 30
    guard (1...600).contains(seconds),
      let provider = CommandKeyProvider(
        name: programName ?? Self.programName, arguments: [program] + programArguments,
        timeLimitMilliseconds: seconds * 1_000)
    else {
      throw ValidationError(
        """
        \(options)key-program takes an absolute path, \(options)key-program-name 1 to 64 printable \
        ASCII characters, \(options)key-program-seconds 1 to 600.
        """)
    }
    return provider
  }

  private static func list(_ options: String) -> String {
    let names = ["key-file", "passphrase-file", "passphrase-env", "keyring"]
    return names.map { options + $0 }.joined(separator: ", ") + " and \(options)key-program"
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
