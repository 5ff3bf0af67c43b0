import ArgumentParser
import ProveKeySealing

/// How a store is unlocked: one of a key file, a passphrase, a key in the kernel's keyring and a
/// program that keeps a key; and, with any of them, a folder that the store is tied to.
struct UnlockOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A file of 32 raw bytes with mode 0600.", valueName: "file"))
  var keyFile: String?

  @Option(help: ArgumentHelp("A file whose first line is the passphrase.", valueName: "file"))
  var passphraseFile: String?

  @Option(
    help: ArgumentHelp("The environment variable that holds the passphrase.", valueName: "name"))
  var passphraseEnv: String?

  @Option(
    help: ArgumentHelp(
      "The description of a key in the Linux kernel's keyring.", valueName: "description"))
  var keyring: String?

  @Option(help: "Which keyring: how long the key lives, and who may use it (default: user).")
  var keyringKind: KeyringKind?

  @Option(
    help: ArgumentHelp(
      "The absolute path of a program that wraps and unwraps the key.", valueName: "path"))
  var keyProgram: String?

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("An argument for it; may be given again.", valueName: "argument"))
  var keyProgramArgument: [String] = []

  @Option(
    help: ArgumentHelp(
      "The name that the store knows it by (default: program).", valueName: "name"))
  var keyProgramName: String?

  @Option(
    help: ArgumentHelp("How long it may take, 1 to 600 (default: 30).", valueName: "seconds"))
  var keyProgramSeconds: Int?

  @Option(
    help: ArgumentHelp(
      "A folder that backups leave out: the store opens only with the value kept there.",
      valueName: "folder"))
  var entangle: String?

  var choice: UnlockChoice {
    UnlockChoice(
      options: "--", keyFile: keyFile, passphraseFile: passphraseFile,
      passphraseEnv: passphraseEnv, keyring: keyring, keyringKind: keyringKind,
      program: keyProgram, programArguments: keyProgramArgument, programName: keyProgramName,
      programSeconds: keyProgramSeconds, folder: entangle)
  }

  func validate() throws { try choice.validate() }

  func method() throws -> UnlockMethod { try choice.method() }
}

/// For commands that make a store: the key may be made along with it.
struct NewUnlockOptions: ParsableArguments {
  @OptionGroup var unlock: UnlockOptions

  @Flag(help: "Make the key file first; it must not exist.")
  var createKeyFile = false

  @Flag(help: "Make the key in the keyring first; there must be none.")
  var createKeyringKey = false

  func validate() throws {
    try unlock.choice.validateMaking(keyFile: createKeyFile, keyringKey: createKeyringKey)
  }

  func method() throws -> UnlockMethod {
    try unlock.choice.make(keyFile: createKeyFile, keyringKey: createKeyringKey)
    return try unlock.choice.method(confirming: true)
  }
}

/// How a store is to be unlocked from now on: as `UnlockOptions`, each led by `new`.
struct ReplacingUnlockOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A file of 32 raw bytes with mode 0600.", valueName: "file"))
  var newKeyFile: String?

  @Flag(help: "Make the new key file first; it must not exist.")
  var createNewKeyFile = false

  @Option(help: ArgumentHelp("A file whose first line is the passphrase.", valueName: "file"))
  var newPassphraseFile: String?

  @Option(
    help: ArgumentHelp("The environment variable that holds the passphrase.", valueName: "name"))
  var newPassphraseEnv: String?

  @Option(
    help: ArgumentHelp(
      "The description of a key in the Linux kernel's keyring.", valueName: "description"))
  var newKeyring: String?

  @Option(help: "Which keyring (default: user).")
  var newKeyringKind: KeyringKind?

  @Flag(help: "Make the new key in the keyring first; there must be none.")
  var createNewKeyringKey = false

  @Option(
    help: ArgumentHelp(
      "The absolute path of a program that wraps and unwraps the key.", valueName: "path"))
  var newKeyProgram: String?

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("An argument for it; may be given again.", valueName: "argument"))
  var newKeyProgramArgument: [String] = []

  @Option(
    help: ArgumentHelp(
      "The name that the store knows it by (default: program).", valueName: "name"))
  var newKeyProgramName: String?

  @Option(
    help: ArgumentHelp("How long it may take, 1 to 600 (default: 30).", valueName: "seconds"))
  var newKeyProgramSeconds: Int?

  @Option(
    help: ArgumentHelp(
      "A folder that the store is tied to; see --entangle.", valueName: "folder"))
  var newEntangle: String?

  private var choice: UnlockChoice {
    UnlockChoice(
      options: "--new-", keyFile: newKeyFile, passphraseFile: newPassphraseFile,
      passphraseEnv: newPassphraseEnv, keyring: newKeyring, keyringKind: newKeyringKind,
      program: newKeyProgram, programArguments: newKeyProgramArgument,
      programName: newKeyProgramName, programSeconds: newKeyProgramSeconds, folder: newEntangle)
  }

  func validate() throws {
    try choice.validate()
    try choice.validateMaking(keyFile: createNewKeyFile, keyringKey: createNewKeyringKey)
  }

  func method() throws -> UnlockMethod {
    try choice.make(keyFile: createNewKeyFile, keyringKey: createNewKeyringKey)
    return try choice.method(confirming: true)
  }
}
