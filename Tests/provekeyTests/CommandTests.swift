import Foundation
import Testing

/// The other commands as programs: facts, refusals and usage.
@Suite("provekey vault and registry")
struct CommandTests {
  @Test("a vault is made with a key file, and opens with that one alone")
  func vaultWithKeyFile() throws {
    let program = try Program()
    let create = ["vault", "create", "device.vault", "--key-file", "device.key"]
    let missing = try program.run(create)
    #expect(missing.status == 1)
    #expect(missing.errors.contains("--create-key-file"))

    let made = try program.run(create + ["--create-key-file", "--json"])
    #expect(made.status == 0)
    #expect(try made.objects().first?["keys"] == .number(0))
    #expect(try program.run(create).errors.contains("already"))

    let origin = ["--origin", "https://shop.example"]
    let keys = try program.run(
      ["vault", "keys", "device.vault", "--key-file", "device.key"] + origin)
    #expect(keys.status == 0)
    #expect(keys.output == "no keys\n")

    try program.run(
      ["vault", "create", "other.vault", "--key-file", "other.key", "--create-key-file"]
    ).expectSuccess()
    let wrong = try program.run(["vault", "info", "device.vault", "--key-file", "other.key"])
    #expect(wrong.status == 1)
    #expect(wrong.errors == "provekey: the key is wrong\n")
    try program.remove()
  }

  @Test("a passphrase comes from a file or the environment, and never shows")
  func vaultWithPassphrase() throws {
    let program = try Program()
    let secret = "tr0ub4dor and three"
    try Data((secret + "\n").utf8).write(to: URL(fileURLWithPath: program.path("phrase")))
    try program.run(["vault", "create", "v", "--passphrase-file", "phrase"]).expectSuccess()
    let info = try program.run(
      ["vault", "info", "v", "--passphrase-env", "PHRASE"], environment: ["PHRASE": secret])
    info.expectSuccess()
    #expect(!info.output.contains("tr0ub4dor"))
    let wrong = try program.run(
      ["vault", "info", "v", "--passphrase-env", "PHRASE"], environment: ["PHRASE": "another"])
    #expect(wrong.status == 1)
    #expect(wrong.errors == "provekey: the passphrase is wrong\n")
    let unset = try program.run(["vault", "info", "v", "--passphrase-env", "NOT_SET_HERE"])
    #expect(unset.status == 1)
    try program.remove()
  }

  @Test("wrong usage ends with exit code 2 and says what is right")
  func usage() throws {
    let program = try Program()
    for arguments in [
      ["vault", "info"], ["vault", "info", "v"], ["registry", "stats", "--store", "mysql:x"],
      ["nonsense"], ["registry", "list", "--store", "sqlite:x", "--key-file", "k"],
      ["vault", "info", "v", "--key-file", "a", "--passphrase-file", "b"],
    ] {
      let run = try program.run(arguments)
      #expect(run.status == 2, "\(arguments)")
      #expect(!run.errors.isEmpty)
      #expect(run.output == "")
    }
    let help = try program.run(["--help"])
    help.expectSuccess()
    for command in ["demo", "vault", "registry"] { #expect(help.output.contains(command)) }
    try program.remove()
  }

  @Test("what is not there, or is something else, is told apart")
  func refusals() throws {
    let program = try Program()
    try program.run(
      ["vault", "create", "v", "--key-file", "k", "--create-key-file"]
    ).expectSuccess()
    func errors(_ arguments: [String]) throws -> String {
      let run = try program.run(arguments + ["--key-file", "k"])
      #expect(run.status == 1)
      return run.errors
    }
    #expect(try errors(["vault", "info", "nowhere"]).contains("vault create"))
    #expect(try errors(["vault", "info", "no/folder/v"]).contains("folder"))
    #expect(
      try errors(["registry", "stats", "--store", "sqlite:nowhere"]).contains("registry init"))
    #expect(try errors(["registry", "stats", "--store", "sqlite:v"]).contains("not a registry"))
    try Data("no database at all, just some text".utf8).write(
      to: URL(fileURLWithPath: program.path("text")))
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o600], ofItemAtPath: program.path("text"))
    #expect(try errors(["vault", "info", "text"]).contains("not a vault"))
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o644], ofItemAtPath: program.path("v"))
    #expect(try errors(["vault", "info", "v"]).contains("0600"))
    try program.remove()
  }

  @Test("an operator finds, revokes, sweeps and reads the events of a registration")
  func registry() throws {
    let program = try Program()
    try program.run(["demo", "--json", "--keep", program.path("kept")]).expectSuccess()
    let stage = program.path("kept") + "/lorant-nerger-many"
    let target = [
      "--store", "sqlite:" + stage + "/registry.sqlite", "--key-file", stage + "/registry.key",
      "--tenant", "demo", "--json",
    ]
    let stats = try program.run(["registry", "stats"] + target).objects()
    #expect(stats.first?["bound"] == .number(3))

    let page = try program.run(
      ["registry", "list", "--by", "phone", "--limit", "2"] + target, input: "2001004014\n"
    ).objects()
    #expect(page.count == 3, "two registrations and where to go on")
    let device = try #require(page.first?["deviceId"]?.text)
    #expect(page.first?["phoneNumber"] == .text("+1200***4014"))
    let cursor = try #require(page.last?["next"]?.text)
    let rest = try program.run(
      ["registry", "list", "--by", "phone", "--after", cursor] + target, input: "2001004014\n"
    ).objects()
    #expect(rest.count == 1)
    #expect(
      try program.run(["registry", "list", "--by", "phone"] + target, input: "+2001004014\n")
        .output == "", "another country, another person")

    let revoke = ["registry", "revoke", "--device", device, "--reason", "customer call"] + target
    #expect(try program.run(revoke).objects().first?["result"] == .text("revoked"))
    #expect(try program.run(revoke).objects().first?["result"] == .text("alreadyRevoked"))
    let shown = try program.run(["registry", "show", "--device", device] + target).objects()
    #expect(shown.first?["state"] == .text("revoked"))
    let events = try program.run(["registry", "events", "--device", device] + target).objects()
    #expect(events.last?["event"] == .text("revoked"))
    #expect(events.last?["note"] == .text("customer call"))
    #expect(events.first?["event"] == .text("placed"))
    // The demonstration's clock began years ago by any real clock: all that is bound is inactive.
    let sweep = try program.run(
      ["registry", "sweep", "--inactivity-months", "1"] + target
    ).objects()
    #expect(sweep.first?["deactivated"] == .number(2))
    #expect(
      try program.run(["registry", "verify"] + target).objects().first?["sound"] == .flag(true))
    let foreign = try program.run(
      ["registry", "stats", "--store", target[1], "--key-file", target[3]])
    #expect(foreign.status == 1)
    #expect(foreign.errors.contains("another tenant"))
    try program.remove()
  }
}

extension Program.Run {
  /// Notes an issue unless the run succeeded.
  func expectSuccess() {
    #expect(status == 0, "\(errors)")
  }
}
