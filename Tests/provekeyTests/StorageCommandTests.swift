import Foundation
import Testing

@Suite("provekey vault storage")
struct StorageCommandTests {
  private let program: Program

  init() throws {
    program = try Program()
    try program.run(
      ["vault", "create", "v", "--key-file", "k", "--create-key-file"]
    ).expectSuccess()
  }

  private func storage(
    _ action: String, _ input: String = "", _ more: [String] = [],
    origin: String = "https://shop.example"
  ) throws -> Program.Run {
    let arguments = ["vault", "storage", "v", action, "--origin", origin, "--key-file", "k"]
    return try program.run(arguments + more, input: input)
  }

  @Test("items are set, read, listed, removed and cleared, origin by origin")
  func lines() throws {
    #expect(try storage("list").output == "no items\n")
    try storage("set", "theme\ndark\n").expectSuccess()
    #expect(try storage("get", "theme\n").output == "dark\n")
    #expect(try storage("get", "theme").output == "dark\n")
    try storage("set", "note\nfirst line\nsecond line\n\n").expectSuccess()
    #expect(try storage("get", "note\n").output == "first line\nsecond line\n\n")
    try storage("set", "empty\n\n").expectSuccess()
    #expect(try storage("get", "empty\n").output == "\n")
    let list = try storage("list").output.split(separator: "\n")
    #expect(
      Set(list) == ["codeUnits  key", "4          theme", "23         note", "0          empty"])
    let other = try storage("get", "theme\n", origin: "https://other.example")
    #expect(other.status == 1)
    #expect(other.errors == "provekey: the storage has no such item\n")
    try storage("remove", "theme\n").expectSuccess()
    #expect(try storage("get", "theme\n").status == 1)
    try storage("clear").expectSuccess()
    #expect(try storage("list").output == "no items\n")
    try program.remove()
  }

  @Test("with --json any code units go in and come out")
  func json() throws {
    let items = [
      #"{"key":"a\nb","value":"\u0000 caf\u00e9"}"#, #"{"key":"cafe\u0301","value":""}"#,
      #"{"key":{"utf16":[55296]},"value":{"utf16":[97,56320]}}"#, #"{"key":"","value":"/"}"#,
    ]
    try storage("set", items.joined(separator: "\n"), ["--json"]).expectSuccess()
    let get = try storage(
      "get",
      """
      {"key":{"utf16":[55296]}}
      {"key":""}
      {"key":"a\\nb"}
      {"key":"caf\\u00e9"}
      """, ["--json"])
    get.expectSuccess()
    #expect(
      get.output.split(separator: "\n") == [
        #"{"key":{"utf16":[55296]},"value":{"utf16":[97,56320]}}"#, #"{"key":"","value":"/"}"#,
        #"{"key":"a\nb","value":"\u0000 café"}"#, #"{"key":"café","value":null}"#,
      ])
    let list = try storage("list", "", ["--json"]).output.split(separator: "\n")
    #expect(list.count == 4)
    #expect(list.contains(#"{"key":{"utf16":[55296]},"codeUnits":2}"#))
    #expect(list.contains(#"{"key":"","codeUnits":1}"#))
    try storage("remove", #"{"key":{"utf16":[55296]}}"#, ["--json"]).expectSuccess()
    #expect(try storage("list", "", ["--json"]).output.split(separator: "\n").count == 3)
    // Without --json: names that a line cannot show are shown as JSON.
    #expect(try storage("list").output.contains(#""a\nb""#))
    try storage("set", #"{"key":"half","value":{"utf16":[55296]}}"#, ["--json"]).expectSuccess()
    let half = try storage("get", "half\n")
    #expect(half.status == 1)
    #expect(half.errors.contains("--json"))
    try program.remove()
  }

  @Test("a breach of the quota or a malformed line is refused without repeating the input")
  func refusals() throws {
    try storage("set", "a\n12345\n", ["--quota", "6"]).expectSuccess()
    let full = try storage("set", "secret\nx\n", ["--quota", "6"])
    #expect(full.status == 1)
    #expect(full.errors.contains("no room"))
    for input in [#"{"key":"secret"}"#, #"{"value":"secret"}"#, "secret", #"{"key":7,"value":""}"#]
    {
      let run = try storage("set", input, ["--json"])
      #expect(run.status == 1)
      #expect(run.errors.hasPrefix("provekey: line 1 of the input"))
      #expect(!run.errors.contains("secret"))
    }
    #expect(try storage("set", "only a name\n").status == 1)
    #expect(try storage("get", "two\nnames\n").status == 1)
    #expect(try storage("list", "", origin: "").errors.contains("1 to 255 bytes"))
    #expect(try storage("list", "", ["--quota", "-1"]).status != 0)
    #expect(try storage("steal").status == 2)
    #expect(try storage("list").output == "codeUnits  key\n5          a\n")
    try program.remove()
  }
}
