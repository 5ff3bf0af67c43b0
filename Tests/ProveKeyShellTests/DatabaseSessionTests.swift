import JSONLines
import ProveKeyShell
import ProveKeyVault
import Testing

@Suite("A long session on a database, against the API itself")
struct DatabaseSessionTests {
  private let through: ShellFixture
  private let directly: ShellFixture
  private let database: Database
  private let names = #""origin":"o","database":"d","store":"s""#

  init() throws {
    (through, directly) = (try ShellFixture(), try ShellFixture())
    try through.result(
      #"""
      {"op":"database.open","origin":"o","database":"d","stores":[{"name":"s","autoIncrement":true,
      "indexes":[{"name":"u","keyPath":"u","unique":true},
      {"name":"m","keyPath":"m","multiEntry":true}]}]}
      """#.replacing("\n", with: " "))
    database = try directly.vault.database("d", for: "o", version: 1) { upgrade in
      let store = try upgrade.createStore("s", autoIncrement: true)
      try store.createIndex("u", keyPath: .path("u"), unique: true)
      try store.createIndex("m", keyPath: .path("m"), multiEntry: true)
    }
  }

  /// A result, or the name of an error.
  private func outcome(_ body: () throws -> String) throws -> String {
    do {
      return try body()
    } catch VaultError.database(let fault) {
      return fault.rawValue
    }
  }

  private func text(_ json: JSONText) -> String { String(decoding: json.bytes, as: UTF8.self) }

  private func key(_ key: DatabaseKey?) -> String {
    key.map { text(DatabaseJSON.encode($0)) } ?? "null"
  }

  private func ask(_ operation: String, _ fields: String) throws -> String {
    let answer = try through.ask(#"{"op":"store.\#(operation)",\#(names)\#(fields)}"#)
    return answer.error ?? String(answer.text.dropFirst(30).dropLast())
  }

  /// A value that is in the indexes more often than not.
  private func value(using random: inout SplitMix64) -> DatabaseValue {
    guard Int.random(in: 0..<5, using: &random) > 0 else {
      return RandomData.value(depth: 2, using: &random)
    }
    let keys = (0..<Int.random(in: 0...3, using: &random)).map { _ in
      DatabaseValue(RandomData.key(depth: 1, using: &random))
    }
    return .object([
      "u": .number(Double(Int.random(in: 0..<40, using: &random))), "m": .array(keys),
      "x": RandomData.value(depth: 2, using: &random),
    ])
  }

  /// A small key, so that the same ones come again.
  private func smallKey(using random: inout SplitMix64) -> DatabaseKey {
    Bool.random(using: &random)
      ? .number(Double(Int.random(in: 0..<12, using: &random)))
      : RandomData.key(depth: 1, using: &random)
  }

  @Test(
    "the same requests through the shell and the API give the same answers and the same rows",
    arguments: [1, 2, 3])
  func random(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    for step in 0..<250 {
      let aKey = smallKey(using: &random)
      let keyField = ",\"key\":\(key(aKey))"
      let answer: String
      let expected: String
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<4:
        let isAdd = Bool.random(using: &random)
        let given = Int.random(in: 0..<4, using: &random) > 0 ? aKey : nil
        let value = value(using: &random)
        let fields =
          (given == nil ? "" : keyField) + ",\"value\":\(text(DatabaseJSON.encode(value)))"
        answer = try ask(isAdd ? "add" : "put", fields)
        expected = try outcome {
          try database.write("s") { transaction in
            let store = try transaction.store("s")
            return key(isAdd ? try store.add(value, key: given) : try store.put(value, key: given))
          }
        }
      case 4:
        answer = try ask("delete", keyField)
        expected = try outcome {
          try database.write("s") { try $0.store("s").delete(aKey) }
          return "null"
        }
      case 5:
        answer = try ask("get", keyField)
        expected = try outcome {
          let value = try database.read("s") { try $0.store("s").get(aKey) }
          return value.map { "{\"value\":\(text(DatabaseJSON.encode($0)))}" } ?? "null"
        }
      case 6:
        let other = smallKey(using: &random)
        let (lower, upper) = (min(aKey, other), max(aKey, other))
        let isOpen = Bool.random(using: &random)
        answer = try ask(
          "getAllKeys",
          ",\"index\":\"m\",\"range\":{\"lower\":\(key(lower)),\"upper\":\(key(upper)),"
            + "\"upperOpen\":\(isOpen)}")
        expected = try outcome {
          let range = try DatabaseKeyRange.bound(lower, upper, upperOpen: isOpen)
          let keys = try database.read("s") { try $0.store("s").index("m").getAllKeys(range) }
          return "[\(keys.map { key($0) }.joined(separator: ","))]"
        }
      case 7:
        answer = try ask("count", ",\"index\":\"u\",\"range\":{\"lower\":\(key(aKey))}")
        expected = try outcome {
          "\(try database.read("s") { try $0.store("s").index("u").count(.lowerBound(aKey)) })"
        }
      case 8:
        answer = try ask("getAll", ",\"limit\":3")
        expected = try outcome {
          let values = try database.read("s") { try $0.store("s").getAll(limit: 3) }
          return "[\(values.map { text(DatabaseJSON.encode($0)) }.joined(separator: ","))]"
        }
      default:
        answer = try ask("cursor", ",\"index\":\"m\",\"direction\":\"prevunique\",\"limit\":4")
        expected = try outcome { try walk() }
      }
      #expect(answer == expected, "step \(step)")
    }
    let rows = try database.read("s") { transaction in
      try transaction.store("s").getAll().map { text(DatabaseJSON.encode($0)) }
    }
    #expect(try ask("getAll", "") == "[\(rows.joined(separator: ","))]")
    #expect(try through.vault.verify().isSound)
  }

  /// The first four rows of a walk down the index `m`, as the shell would give them.
  private func walk() throws -> String {
    let rows = try database.read("s") { transaction in
      var rows: [String] = []
      let index = try transaction.store("s").index("m")
      guard let cursor = try index.openCursor(direction: .prevUnique) else { return rows }
      repeat {
        rows.append(
          """
          {"key":\(key(try cursor.key)),"primaryKey":\(key(try cursor.primaryKey)),\
          "value":\(text(DatabaseJSON.encode(try cursor.value)))}
          """)
      } while try rows.count < 4 && cursor.advance()
      return rows
    }
    return "[\(rows.joined(separator: ","))]"
  }
}
