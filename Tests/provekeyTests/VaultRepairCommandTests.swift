import Foundation
import Testing

@Suite("provekey vault salvage, reset")
struct VaultRepairCommandTests {
  let program: Program
  private let key = ["--key-file", "device.key"]

  init() throws {
    program = try Program()
    try program.run(
      ["vault", "create", "v", "--create-key-file"] + ["--key-file", "device.key"]
    ).expectSuccess()
    for name in ["a", "b"] {
      try program.run(
        ["vault", "storage", "v", "set", "--origin", "https://a.example"] + key,
        input: "\(name)\nvalue\n"
      ).expectSuccess()
    }
  }

  @Test("a sound vault is salvaged whole into a new one, and the old one is left as it was")
  func whole() throws {
    let run = try program.run(["vault", "salvage", "v", "--into", "new", "--json"] + key)
    run.expectSuccess()
    let facts = try #require(try run.objects().first)
    #expect(facts["whole"] == .flag(true))
    #expect(facts["storageItems"] == .number(2))
    try program.run(["vault", "verify", "new"] + key).expectSuccess()
    try program.run(["vault", "verify", "v"] + key).expectSuccess()
    let again = try program.run(["vault", "salvage", "v", "--into", "new"] + key)
    #expect(again.status == 1)
    #expect(again.errors.contains("already"))
    try program.remove()
  }

  @Test("a damaged vault is read as far as it goes, with exit code 1 and the losses by place")
  func damaged() throws {
    // The last page is the index over the records, the one before it the records themselves.
    let path = program.path("v")
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    let records = (bytes.count - 8192)..<(bytes.count - 4096)
    bytes.replaceSubrange(records, with: Data(count: 4096))
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try file.write(contentsOf: bytes)
    try file.close()
    let opened = try program.run(["vault", "info", "v"] + key)
    #expect(opened.status == 1)
    #expect(opened.errors.contains("vault salvage"))
    let run = try program.run(["vault", "salvage", "v", "--into", "new", "--json"] + key)
    #expect(run.status == 1)
    let facts = try #require(try run.objects().first)
    #expect(facts["whole"] == .flag(false))
    #expect(facts["storageItems"] == .number(0))
    try program.run(["vault", "verify", "new"] + key).expectSuccess()
    try program.remove()
  }

  @Test("a vault whose key file is gone is reset when that is confirmed, and no other is")
  func reset() throws {
    let new = ["--new-key-file", "new.key", "--create-new-key-file"]
    let refused = try program.run(["vault", "reset", "v", "--yes"] + key + new)
    #expect(refused.status == 1)
    #expect(refused.errors.contains("vault destroy"))
    try FileManager.default.removeItem(atPath: program.path("device.key"))
    #expect(try program.run(["vault", "info", "v"] + key).errors.contains("vault reset"))
    #expect(
      try program.run(["vault", "reset", "v"] + key + ["--new-key-file", "new.key"]).status == 2)
    try program.run(
      ["vault", "reset", "v", "--yes"] + key + ["--new-key-file", "new.key"]
    ).expectSuccess()
    try program.run(["vault", "verify", "v", "--key-file", "new.key"]).expectSuccess()
    try program.remove()
  }
}
