import Foundation
import ProveKeySealing
import Testing

@Suite("how commands unlock: keyring, program, entanglement")
struct UnlockOptionTests {
  let program: Program

  init() throws {
    program = try Program()
    try program.run(["vault", "create", "v", "--key-file", "k", "--create-key-file"])
      .expectSuccess()
  }

  /// A program that "wraps" by giving back what it was given, as long as there is the file `there`.
  private func makeKeeper() throws -> [String] {
    let path = program.path("keeper")
    try Data(
      """
      #!/bin/sh
      [ "$1" = -x ] || exit 1
      [ -e "$2" ] || exit 10
      read -r operation context bytes
      echo "$bytes"

      """.utf8
    ).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
    try Data().write(to: URL(fileURLWithPath: program.path("there")))
    return [
      "key-program", path, "key-program-argument", "-x", "key-program-argument",
      program.path("there"),
    ]
  }

  /// Names options with what leads them.
  private func options(_ lead: String, _ pairs: [String]) -> [String] {
    pairs.enumerated().map { $0.offset.isMultiple(of: 2) ? lead + $0.element : $0.element }
  }

  private func unlockedBy(_ arguments: [String]) throws -> String? {
    let run = try program.run(["vault", "info", "v", "--json"] + arguments)
    run.expectSuccess()
    return try #require(try run.objects().first)["unlockedBy"]?.text
  }

  @Test("a program unlocks a vault, with its arguments, under its name, until its key is gone")
  func keyProgram() throws {
    let keeper = try makeKeeper()
    let named = options("--", keeper + ["key-program-name", "tpm", "key-program-seconds", "20"])
    try program.run(
      ["vault", "rewrap", "v", "--key-file", "k"]
        + options("--new-", keeper + ["key-program-name", "tpm"])
    ).expectSuccess()
    #expect(try unlockedBy(named) == "provider")
    try program.run(["vault", "verify", "v"] + named).expectSuccess()
    let nameless = try program.run(["vault", "info", "v"] + options("--", keeper))
    #expect(nameless.status == 1 && nameless.errors.contains("'tpm'"))
    let other = try program.run(["vault", "info", "v", "--key-file", "k"])
    #expect(other.status == 1 && other.errors.contains("provider"))

    try FileManager.default.removeItem(atPath: program.path("there"))
    let gone = try program.run(["vault", "info", "v"] + named)
    #expect(gone.status == 1 && gone.errors.contains("vault reset"))
    try program.run(["vault", "reset", "v", "--yes", "--new-key-file", "k"] + named)
      .expectSuccess()
    #expect(try unlockedBy(["--key-file", "k"]) == "keyFile")
    try program.remove()
  }

  @Test("a vault is made with a program, and shell and salvage unlock it as well")
  func made() throws {
    let keeper = options("--", try makeKeeper())
    try program.run(["vault", "create", "w"] + keeper).expectSuccess()
    let answer = try program.run(
      ["vault", "shell", "w"] + keeper, input: #"{"op":"vault.info"}"# + "\n")
    answer.expectSuccess()
    #expect(answer.output.contains("provider"))
    try program.run(["vault", "salvage", "w", "--into", "x"] + keeper).expectSuccess()
    try program.run(["vault", "info", "x"] + keeper).expectSuccess()
    try program.remove()
  }

  @Test("an entangled vault opens with the value of its folder alone, and says when that is lost")
  func entangled() throws {
    let folder = program.path("tied")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    let key = ["--key-file", "k"]
    try program.run(
      ["vault", "rewrap", "v", "--new-key-file", "k", "--new-entangle", "tied"] + key
    )
    .expectSuccess()
    #expect(try unlockedBy(key + ["--entangle", "tied"]) == "entangled keyFile")
    let loose = try program.run(["vault", "info", "v"] + key)
    #expect(loose.status == 1 && loose.errors.contains("entangled"))
    let files = try FileManager.default.contentsOfDirectory(atPath: folder)
    #expect(files.count == 1)
    for file in files { try FileManager.default.removeItem(atPath: folder + "/" + file) }
    let lost = try program.run(["vault", "info", "v", "--entangle", "tied"] + key)
    #expect(lost.status == 1 && lost.errors.contains("vault reset"))
    let nowhere = try program.run(["vault", "create", "w", "--entangle", "nowhere"] + key)
    #expect(nowhere.status == 1 && nowhere.errors.contains("tied"))
    try program.remove()
  }

  /// Where the kernel has no keyring for us, that is what must be told.
  @Test("a key in the kernel's keyring is made, unlocks, and is not made twice")
  func keyring() throws {
    let description = "prove-key test " + UUID().uuidString
    let provider = try #require(LinuxKeyringProvider(description: description))
    defer { _ = try? provider.remove() }  // what is left of it goes with the user's session
    let keyring = ["--keyring", description, "--keyring-kind", "user"]
    let run = try program.run(["vault", "create", "w", "--create-keyring-key"] + keyring)
    do throws(KeyEncryptionProviderError) {
      _ = try provider.isThere
    } catch .unavailable {
      #expect(run.status == 1 && run.errors.contains("keyring cannot be reached"))
      #expect(!FileManager.default.fileExists(atPath: program.path("w")))
      try program.remove()
      return
    }
    run.expectSuccess()
    try program.run(["vault", "verify", "w"] + keyring).expectSuccess()
    let again = try program.run(["vault", "create", "x", "--create-keyring-key"] + keyring)
    #expect(again.status == 1 && again.errors.contains("already"))
    #expect(try provider.remove())
    let gone = try program.run(["vault", "info", "w"] + keyring)
    #expect(gone.status == 1 && gone.errors.contains("vault reset"))
    try program.remove()
  }

  @Test(
    "options that contradict each other, or cannot be meant, end with exit code 2",
    arguments: [
      ["--key-file", "k", "--keyring", "a"], ["--keyring", "a", "--key-program", "/bin/cat"],
      ["--keyring-kind", "user"],
      ["--keyring", "caf\u{e9}"], ["--key-program", "cat"], ["--key-program-argument", "x"],
      ["--key-program-name", "x"], ["--key-program-seconds", "3"],
      ["--key-program", "/bin/cat", "--key-program-seconds", "0"],
      ["--key-program", "/bin/cat", "--key-program-name", ""], ["--entangle", "."],
    ])
  func usage(arguments: [String]) throws {
    #expect(try program.run(["vault", "info", "v"] + arguments).status == 2)
    let new = arguments.map { $0.hasPrefix("--") ? "--new-" + $0.dropFirst(2) : $0 }
    #expect(try program.run(["vault", "rewrap", "v", "--key-file", "k"] + new).status == 2)
    try program.run(["vault", "info", "v", "--key-file", "k"]).expectSuccess()
    for flag in ["--create-keyring-key", "--create-key-file"] {
      #expect(try program.run(["vault", "create", "w", flag]).status == 2)
    }
    try program.remove()
  }
}
