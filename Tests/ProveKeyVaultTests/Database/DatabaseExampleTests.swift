import Foundation
import ProveKeyVault
import Testing

/// The example of docs/database.md, to the letter.
private func example(_ vault: KeyVault) throws -> (DatabaseKey, [DatabaseValue]) {
  let database = try vault.database("prove", for: "https://shop.example", version: 1) { upgrade in
    let devices = try upgrade.createStore("devices", keyPath: .path("id"), autoIncrement: true)
    try devices.createIndex("owner", keyPath: .path("owner"))
  }

  // A read-write transaction: durable as a whole when `write` returns, nothing when the closure throws.
  let key = try database.write("devices") { transaction in
    try transaction.put(.object(["owner": .string("ann"), "model": .string("phone")]))
  }

  // A read-only one: any number of them run together.
  let models = try database.read("devices") { transaction in
    let owners = try transaction.store("devices").index("owner")
    var models: [DatabaseValue] = []
    guard let cursor = try owners.openCursor(.only(.string("ann"))) else { return models }
    repeat { models.append(try cursor.value) } while try cursor.continue()
    return models
  }
  return (key, models)
}

@Suite("the example of docs/database.md")
struct DatabaseExampleTests {
  @Test("it runs")
  func runs() throws {
    let vault = try VaultFixture().open()
    let (key, models) = try example(vault)
    #expect(key == .number(1))
    #expect(
      models
        == [.object(["owner": .string("ann"), "model": .string("phone"), "id": .number(1)])])
  }

  @Test("it stands in the document line by line as it is compiled here")
  func same() throws {
    let here = URL(fileURLWithPath: #filePath)
    let lines = { (text: String) in
      text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    }
    let compiled = lines(try String(contentsOf: here, encoding: .utf8))
    let document = try String(
      contentsOf: here.appendingPathComponent("../../../../docs/database.md").standardizedFileURL,
      encoding: .utf8)
    let block = try #require(document.components(separatedBy: "```").dropFirst().first)
    let example = lines(block).dropFirst()
    #expect(example.count > 15)
    let first = try #require(example.first)
    let start = try #require(compiled.firstIndex(of: first))
    #expect(Array(compiled[start...].prefix(example.count)) == Array(example))
  }
}
