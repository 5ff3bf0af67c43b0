import Foundation
import Testing

@Suite("provekey bench")
struct BenchCommandTests {
  let program: Program
  private let registry = ["--store", "sqlite:r.sqlite", "--key-file", "r.key", "--json"]
  private let vault = ["v.vault", "--key-file", "v.key", "--json"]

  init() throws {
    program = try Program()
    try program.run(["registry", "init", "--create-key-file"] + registry).expectSuccess()
    try program.run(["vault", "create", "--create-key-file"] + vault).expectSuccess()
  }

  private func operations(of run: Program.Run) throws -> [String: [String: JSONValue]] {
    run.expectSuccess()
    var operations: [String: [String: JSONValue]] = [:]
    for object in try run.objects() {
      let name = try #require(object["operation"]?.text)
      operations[name] = object
    }
    return operations
  }

  private func stats() throws -> [String: JSONValue] {
    let run = try program.run(["registry", "stats"] + registry)
    run.expectSuccess()
    return try #require(try run.objects().first)
  }

  @Test("a registry is only read unless writing is asked for, and each operation has its times")
  func registryReads() throws {
    let generate = ["registry", "generate", "--count", "300", "--until", "2026-01-31"]
    try program.run(generate + registry).expectSuccess()
    let before = try stats()
    let found = try operations(
      of: try program.run(["bench", "registry", "--count", "200"] + registry))
    #expect(Set(found.keys) == ["lookUp", "lookUp100"])
    #expect(found["lookUp"]?["count"] == .number(200))
    #expect(found["lookUp100"]?["count"] == .number(2))
    for name in ["perSecond", "p50Nanoseconds", "p99Nanoseconds", "p999Nanoseconds"] {
      guard case .number(let number)? = found["lookUp"]?[name] else {
        Issue.record("no \(name)")
        continue
      }
      #expect(number > 0)
    }
    #expect(try stats() == before)
    try program.remove()
  }

  @Test("with --write a registry's own key is authenticated and erased, and nobody else's touched")
  func registryWrites() throws {
    let generate = ["registry", "generate", "--count", "50", "--until", "2026-01-31"]
    try program.run(generate + registry).expectSuccess()
    let before = try stats()
    let found = try operations(
      of: try program.run(["bench", "registry", "--count", "100", "--write"] + registry))
    #expect(Set(found.keys) == ["lookUp", "lookUp100", "place", "decide", "complete"])
    #expect(found["complete"]?["count"] == .number(100))
    let after = try stats()
    for name in ["bound", "placed", "revoked", "candidates"] {
      #expect(after[name] == before[name], "\(name)")
    }
    try program.run(["registry", "verify"] + registry).expectSuccess()
    try program.remove()
  }

  @Test("a vault's key that was made to be timed is gone afterwards")
  func vaultWrites() throws {
    let found = try operations(
      of: try program.run(["bench", "vault", "--count", "100", "--write"] + vault))
    #expect(Set(found.keys) == ["place", "sign"])
    #expect(found["sign"]?["count"] == .number(100))
    let keys = try program.run(["vault", "keys", "--origin", "https://bench.invalid"] + vault)
    keys.expectSuccess()
    #expect(keys.output == "")
    let info = try program.run(["vault", "info"] + vault).objects().first
    #expect(info?["keys"] == .number(0))
    try program.remove()
  }

  @Test("a vault's keys are looked up by their origin; none of them is a refusal")
  func vaultReads() throws {
    let run = try program.run(["bench", "vault", "--origin", "https://shop.example"] + vault)
    #expect(run.status == 1)
    #expect(run.output == "" && run.errors.contains("no keys"))
    try program.remove()
  }

  @Test("nothing to time, and counts out of bounds, are wrong usage")
  func usage() throws {
    for arguments in [
      ["bench", "vault"] + vault, ["bench", "vault", "--write", "--count", "99"] + vault,
      ["bench", "registry", "--count", "1000001"] + registry, ["bench", "registry"],
    ] {
      let run = try program.run(arguments)
      #expect(run.status == 2, "\(arguments)")
      #expect(run.output == "" && !run.errors.isEmpty)
    }
    let run = try program.run(["bench", "registry"] + registry)
    #expect(run.status == 1, "an empty registry has nothing to look up")
    try program.remove()
  }
}
