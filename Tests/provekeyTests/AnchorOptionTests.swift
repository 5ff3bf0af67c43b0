import Foundation
import Testing

@Suite("provekey vault ... --anchor")
struct AnchorOptionTests {
  @Test("with an anchor, an older copy of a vault is refused; without one it opens")
  func anchor() throws {
    let program = try Program()
    let key = ["--key-file", "k"]
    try program.run(
      ["vault", "create", "v", "--create-key-file", "--anchor", "a"] + key
    ).expectSuccess()
    try program.run(["vault", "backup", "v", "--to", "old", "--anchor", "a"] + key)
      .expectSuccess()
    let set = ["vault", "storage", "v", "set", "--origin", "o", "--anchor", "a"]
    try program.run(set + key, input: "name\nvalue\n").expectSuccess()
    try program.run(["vault", "info", "v", "--anchor", "a"] + key).expectSuccess()
    let refused = try program.run(["vault", "info", "old", "--anchor", "a"] + key)
    #expect(refused.status == 1)
    #expect(refused.errors.contains("older state"))
    try program.run(["vault", "info", "old"] + key).expectSuccess()

    try program.run(["vault", "destroy", "v", "--yes", "--anchor", "a"] + key).expectSuccess()
    #expect(!FileManager.default.fileExists(atPath: program.path("a")), "the anchor forgets it")
    try Data("no anchor".utf8).write(to: URL(fileURLWithPath: program.path("a")))
    try program.runScript("chmod 600 a").expectSuccess()
    let damaged = try program.run(["vault", "info", "old", "--anchor", "a"] + key)
    #expect(damaged.status == 1)
    #expect(damaged.errors.contains("anchor's file is damaged"))
    try program.remove()
  }

  @Test(
    "every command that opens a vault takes an anchor, all take --json, and the help of the shell its operations"
  )
  func everywhere() throws {
    let program = try Program()
    let commands = try program.run(["vault", "--help"]).output
      .split(separator: "\n").drop { !$0.hasPrefix("SUBCOMMANDS") }.dropFirst()
      .filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }
      .compactMap { $0.split(separator: " ").first.map(String.init) }.filter { $0 != "See" }
    #expect(commands.count >= 12)
    for command in commands {
      let help = try program.run(["vault", command, "--help"]).output
      // A salvage holds nothing against an anchor: what it reads is not trusted anyway.
      #expect(help.contains("--anchor") != (command == "salvage"), "\(command)")
      #expect(help.contains("--json"), "\(command)")
      if command == "shell" {
        #expect(help.contains("store.getAllKeys origin database store [index]"))
      }
    }
    try program.remove()
  }
}
