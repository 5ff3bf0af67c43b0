import Foundation
import Testing

@Suite("provekey registry")
struct RegistryCommandTests {
  let program: Program
  private let target = ["--store", "sqlite:r.sqlite", "--key-file", "r.key"]

  init() throws {
    program = try Program()
    try program.run(["registry", "init", "--create-key-file"] + target).expectSuccess()
  }

  private func generate(_ count: Int, seed: Int = 7) throws {
    try program.run(
      [
        "registry", "generate", "--count", "\(count)", "--seed", "\(seed)", "--until", "2026-01-31",
      ] + target
    ).expectSuccess()
  }

  private func lines(_ name: String) throws -> [String] {
    try String(contentsOfFile: program.path(name), encoding: .utf8)
      .split(separator: "\n").map(String.init)
  }

  @Test("wrong usage is code 2 and a refusal code 1, each with a reason and nothing on the output")
  func exitCodes() throws {
    for arguments in [
      ["registry", "stats"], ["registry", "stats", "--store", "file.sqlite"],
      ["registry", "stats", "--store", "sqlite:"],
      ["registry", "generate", "--count", "0"] + target,
      ["registry", "generate", "--count", "1", "--until", "today"] + target,
      ["registry", "erase", "--device", "d"] + target, ["registry", "unbind"] + target,
      ["registry", "unbind", "--device", "d", "--by", "phone"] + target,
      ["registry", "shell", "--supersede-oldest"] + target,
      ["registry", "shell", "--registration-cap", "0"] + target,
    ] {
      let run = try program.run(arguments)
      #expect(run.status == 2, "\(arguments)")
      #expect(run.output == "" && !run.errors.isEmpty)
    }
    for arguments in [
      ["registry", "show", "--device", "none"] + target,
      ["registry", "explain", "--device", "none"] + target,
      ["registry", "backup", "--to", "r.sqlite"] + target,
      ["registry", "export", "--to", "r.key"] + target,
      ["registry", "export", "--to", "none", "--resume"] + target,
      ["registry", "import", "--from", "none"] + target,
      ["registry", "report", "--output", "none/report.html"] + target,
      ["registry", "stats", "--store", "sqlite:none", "--key-file", "r.key"],
      ["registry", "stats", "--store", "postgresql://localhost/db", "--key-file", "r.key"],
    ] {
      let run = try program.run(arguments)
      #expect(run.status == 1, "\(arguments)")
      #expect(run.output == "" && run.errors.hasPrefix("provekey: "), "\(run.errors)")
    }
    try program.remove()
  }

  @Test("a password in the store's URL is refused and not repeated")
  func passwordInArgument() throws {
    for url in [
      "postgresql://user:s3cret@host/db", "postgres://user:s3cret@host/db",
      "postgresql://host/db?password=s3cret", "postgresql:///db?user=u&PASSWORD=s3cret",
    ] {
      let run = try program.run(["registry", "stats", "--store", url, "--key-file", "r.key"])
      #expect(run.status == 2)
      #expect(run.errors.contains("PGPASSFILE"))
      #expect(!run.errors.contains("s3cret"))
    }
    try program.remove()
  }

  @Test("an export that was cut off in the middle of a line goes on, and is then the whole")
  func resumedExport() throws {
    try generate(700)
    try program.run(["registry", "export", "--to", "whole.jsonl"] + target).expectSuccess()
    let whole = try Data(contentsOf: URL(fileURLWithPath: program.path("whole.jsonl")))
    let mode = try FileManager.default.attributesOfItem(
      atPath: program.path("whole.jsonl"))[.posixPermissions]
    #expect(mode as? Int == 0o600)
    for cut in [0, 10, whole.count / 2, whole.count - 1, whole.count] {
      try whole.prefix(cut).write(to: URL(fileURLWithPath: program.path("part.jsonl")))
      try program.run(["registry", "export", "--to", "part.jsonl", "--resume"] + target)
        .expectSuccess()
      #expect(
        try Data(contentsOf: URL(fileURLWithPath: program.path("part.jsonl"))) == whole,
        "cut at \(cut)")
    }
    try program.remove()
  }

  @Test("an import is told line by line, is begun again without harm, and ends with 1 when refused")
  func importing() throws {
    try generate(300)
    try program.run(["registry", "export", "--to", "all.jsonl"] + target).expectSuccess()
    let other = ["--store", "sqlite:o.sqlite", "--key-file", "o.key", "--json"]
    try program.run(["registry", "init", "--create-key-file"] + other).expectSuccess()
    let text = try String(contentsOfFile: program.path("all.jsonl"), encoding: .utf8)
    let long = String(repeating: "x", count: 32_769)
    let first = try program.run(
      ["registry", "import"] + other, input: "\n\(long)\n" + text.dropLast())
    #expect(first.status == 1)
    let facts = try #require(try first.objects().first)
    #expect(facts["imported"] == .number(300) && facts["refused"] == .number(2))
    #expect(
      facts["refusedLines"]
        == .list(["line 1: the line is empty", "line 2: a line has at most 32768 bytes"]))
    let again = try program.run(["registry", "import", "--from", "all.jsonl"] + other)
    #expect(again.status == 0)
    #expect(try again.objects().first?["identical"] == .number(300))
    #expect(
      try program.run(["registry", "verify"] + other).objects().first?["sound"] == .flag(true))
    try program.remove()
  }

  @Test("what is altered behind the registry's back is found by verify, and by the backup")
  func altered() throws {
    try generate(100)
    let sql =
      "UPDATE registration SET state = 4 WHERE rowid = (SELECT min(rowid) FROM registration)"
    let changed = try program.run(
      [
        "python3", "-c",
        "import sqlite3; c = sqlite3.connect('r.sqlite'); c.execute(\"\(sql)\"); c.commit()",
      ],
      executable: URL(fileURLWithPath: "/usr/bin/env"))
    // Without Python there is nobody to alter it: the library's own tests do.
    guard changed.status == 0 else { return try program.remove() }
    let run = try program.run(["registry", "verify", "--json"] + target)
    #expect(run.status == 1)
    #expect(try program.run(["registry", "backup", "--to", "b.sqlite"] + target).status == 1)
    #expect(!FileManager.default.fileExists(atPath: program.path("b.sqlite")))
    try program.remove()
  }

  @Test("a store without digests says so, and has them again once they are rebuilt")
  func digests() throws {
    try generate(50)
    try program.run(["registry", "stats", "--set-digests", "off"] + target).expectSuccess()
    let refused = try program.run(["registry", "stats"] + target)
    #expect(refused.status == 1)
    #expect(refused.errors.contains("--rebuild-digests"))
    let rebuilt = try program.run(["registry", "verify", "--rebuild-digests", "--json"] + target)
    #expect(try rebuilt.objects().first?["setDigests"] == .flag(true))
    #expect(try rebuilt.objects().first?["sound"] == .flag(true))
    try program.run(["registry", "stats"] + target).expectSuccess()
    try program.remove()
  }

  @Test("a person is unbound, marked and erased by the value on standard input alone")
  func people() throws {
    try generate(400)
    try program.run(["registry", "export", "--to", "all.jsonl"] + target).expectSuccess()
    let bound = try lines("all.jsonl").filter {
      $0.contains(#""state":"bound""#) && !$0.contains("disconnectedAt")
    }
    let part = try #require(bound.first?.components(separatedBy: #""phoneNumber":""#).last)
    let number = String(part.prefix { $0 != "\"" })
    let count = bound.count { $0.contains(number) }
    func facts(_ arguments: [String]) throws -> [String: JSONValue] {
      let run = try program.run(arguments + target + ["--json"], input: number + "\n")
      run.expectSuccess()
      return try #require(try run.objects().first)
    }
    let person = try facts(["registry", "export", "--by", "phone", "--to", "person.json"])
    let data = try Data(contentsOf: URL(fileURLWithPath: program.path("person.json")))
    let object = try JSONSerialization.jsonObject(with: data) as? [String: Any]
    let theirs = try #require(object?["registrations"] as? [[String: Any]])
    #expect(theirs.count >= count && person["registrations"] == .number(theirs.count))
    #expect(theirs.allSatisfy { ($0["events"] as? [Any])?.count == 1 })
    #expect(try facts(["registry", "disconnect"])["disconnected"] == .number(count))
    #expect(try facts(["registry", "disconnect"])["disconnected"] == .number(0))
    guard case .number(let unbound) = try facts(["registry", "unbind", "--by", "phone"])["unbound"]
    else {
      Issue.record("no count")
      return
    }
    #expect(unbound >= count)
    let receipt = try facts(["registry", "erase", "--by", "phone", "--yes"])
    #expect(receipt["subject"] == .text("phoneNumber"))
    let left = try program.run(
      ["registry", "list", "--by", "phone", "--json"] + target, input: number + "\n")
    #expect(left.output == "")
    #expect(try program.run(["registry", "disconnect"] + target).status == 1, "no input")
    try program.remove()
  }
}
