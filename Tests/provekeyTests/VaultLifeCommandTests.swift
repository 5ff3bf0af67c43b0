import Foundation
import Testing

@Suite("provekey vault rewrap, rotate, retire, backup, compact, destroy")
struct VaultLifeCommandTests {
  let program: Program
  private let key = ["--key-file", "device.key"]

  init() throws {
    program = try Program()
    try program.run(
      ["vault", "create", "v", "--create-key-file"] + ["--key-file", "device.key"]
    ).expectSuccess()
  }

  private func facts(_ arguments: [String]) throws -> [String: JSONValue] {
    let run = try program.run(["vault"] + arguments + ["--json"])
    run.expectSuccess()
    #expect(run.errors == "", "no terminal watches")
    return try #require(try run.objects().first)
  }

  @Test("a rewrapped vault opens with the new secret alone")
  func rewrap() throws {
    let made = try facts(
      ["rewrap", "v"] + key + ["--new-key-file", "new.key", "--create-new-key-file"])
    #expect(made["unlockedBy"] == .text("keyFile"))
    #expect(made["logEmptied"] == .flag(true))
    #expect(try program.run(["vault", "info", "v"] + key).status == 1)
    try program.run(["vault", "info", "v", "--key-file", "new.key"]).expectSuccess()

    try Data("a new phrase\n".utf8).write(to: URL(fileURLWithPath: program.path("phrase")))
    let phrase = try facts(
      ["rewrap", "v", "--key-file", "new.key", "--new-passphrase-file", "phrase"])
    #expect(phrase["unlockedBy"] == .text("passphrase"))
    let back = try program.run(
      [
        "vault", "rewrap", "v", "--passphrase-file", "phrase", "--new-passphrase-env", "PHRASE",
        "--json",
      ], environment: ["PHRASE": "another phrase"])
    back.expectSuccess()
    #expect(try program.run(["vault", "info", "v", "--passphrase-file", "phrase"]).status == 1)
    try program.run(
      ["vault", "info", "v", "--passphrase-env", "P"], environment: ["P": "another phrase"]
    ).expectSuccess()
    try program.remove()
  }

  @Test("a rotation names its epochs, and one that is in use or unknown is not retired")
  func rotate() throws {
    let report = try facts(["rotate", "v"] + key)
    #expect(report["epoch"] == .number(2))
    #expect(report["retired"] == .list(["1"]))
    #expect(try facts(["retire", "v", "--epoch", "1"] + key)["epochs"] == .list(["2"]))
    let current = try program.run(["vault", "retire", "v", "--epoch", "2"] + key)
    #expect(current.status == 1)
    #expect(current.errors.contains("in use"))
    #expect(try program.run(["vault", "retire", "v", "--epoch", "9"] + key).status == 1)
    try program.remove()
  }

  @Test("a backup opens with the same key and overwrites nothing; compacting keeps what there is")
  func backup() throws {
    let report = try facts(["backup", "v", "--to", "copy"] + key)
    #expect(report["keys"] == .number(0))
    #expect(try facts(["verify", "copy"] + key)["sound"] == .flag(true))
    let again = try program.run(["vault", "backup", "v", "--to", "copy"] + key)
    #expect(again.status == 1)
    #expect(again.errors.contains("already"))
    #expect(try facts(["compact", "v"] + key)["logEmptied"] == .flag(true))
    #expect(try facts(["verify", "v"] + key)["sound"] == .flag(true))
    try program.remove()
  }

  @Test("a vault is destroyed only when that is said twice, and nothing is left of it")
  func destroy() throws {
    #expect(try program.run(["vault", "destroy", "v"] + key).status == 2)
    try program.run(["vault", "info", "v"] + key).expectSuccess()
    let receipt = try facts(["destroy", "v", "--yes"] + key)
    #expect(receipt["dataKeys"] == .number(1))
    let left = try FileManager.default.contentsOfDirectory(atPath: program.folder.path)
    #expect(left == ["device.key"])
    #expect(try program.run(["vault", "info", "v"] + key).errors.contains("vault create"))
    try program.remove()
  }

  @Test("wrong usage of the new unlock options ends with exit code 2")
  func usage() throws {
    for more in [
      [], ["--new-key-file", "a", "--new-passphrase-file", "b"], ["--create-new-key-file"],
    ] {
      #expect(try program.run(["vault", "rewrap", "v"] + key + more).status == 2, "\(more)")
    }
    try program.run(["vault", "info", "v"] + key).expectSuccess()
    try program.remove()
  }
}
