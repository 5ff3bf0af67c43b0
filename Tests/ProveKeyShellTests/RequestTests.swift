import Foundation
import ProveKeyShell
import ProveKeyVault
import Testing

@Suite("Requests and answers")
struct RequestTests {
  private let shell: ShellFixture

  init() throws { shell = try ShellFixture() }

  @Test(
    "an id comes back as it was written, to the digit and the escape (H2)",
    arguments: [
      "0", "-0", "1e3", "1.50", "18446744073709551616", "123456789012345678901234567890",
      "null", "\"a\"", "\"\"", #""\u00e9\ud800""#, #""\"\\""#, "\"é\"",
    ])
  func ids(_ id: String) throws {
    for line in [#"{"id":\#(id),"op":"vault.info"}"#, #"{ "op" :"nothing", "id" : \#(id) }"#] {
      let bytes = shell.session.answer(to: Array(line.utf8))
      let text = try #require(String(validating: bytes, as: UTF8.self))
      #expect(text.hasPrefix(#"{"id":\#(id),"ok":"#), "\(text)")
    }
  }

  @Test("a request without id is answered with null, and no other kind of id is taken")
  func noID() throws {
    #expect(try shell.ask(#"{"op":"vault.info"}"#).id == .null)
    #expect(try shell.ask(#"{"op":"vault.info"}"#).error == nil)
    let long = String(repeating: "1", count: 257)
    for id in ["{}", "[]", "true", "[1]", "1e999", long] {
      let answer = try shell.ask(#"{"op":"vault.info","id":\#(id)}"#)
      #expect(answer.error == "InvalidField", "\(id)")
      #expect(answer.id == .null)
      #expect(answer.message?.contains("'id'") == true)
    }
  }

  @Test(
    "a line that is no JSON object is answered with an error, and the shell goes on (H1)",
    arguments: [
      "", " ", "\r", "\u{FEFF}{}", "\0", "{", "}", "[]", "1", "null", "\"op\"", "{\"op\":}",
      "{\"op\":\"vault.info\"} x", "{\"op\":\"vault.info\",}", "{'op':'vault.info'}",
      "{\"op\":\"vault.info\"}{\"op\":\"vault.info\"}", "{\"op\":\"vault.info\" // remark\n}",
      "{\"op\":\"vault.info\",\"op\":\"vault.info\"}", "{\"op\":\"a\tb\"}", "{\"op\":\"a\\x\"}",
      "{\"op\":\"\\u12g4\"}", "{\"id\":01}", "{\"id\":1.}", "{\"id\":.5}", "{\"id\":+1}",
      "{\"id\":NaN}", "{\"id\":-}", "{\"id\":1e}", "{\"id\":tru}", "{\"id\":\"\0\"}",
      "{\"id\":1,,\"op\":1}", "[[[[", "{\"\\ud800\":1,\"\\ud800\":2}",
    ])
  func malformed(_ line: String) throws {
    let answer = try shell.ask(line)
    #expect(answer.error == "MalformedLine", "\(answer.text)")
    #expect(answer.id == .null)
    try shell.result(#"{"op":"vault.info"}"#)
  }

  @Test("the empty line, a byte order mark and what is no UTF-8 are told by name")
  func told() throws {
    #expect(try shell.ask("").message == "the line is empty")
    #expect(try shell.ask("\u{FEFF}{\"op\":\"vault.info\"}").message?.contains("mark") == true)
    let broken = Array(#"{"id":1,"op":"vault.info"}"#.utf8) + [0xC3]
    #expect(try shell.ask(broken).message == "the line is not UTF-8")
    for bytes: [UInt8] in [[0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0x80]] {
      let line = Array("{\"id\":\"".utf8) + bytes + Array("\"}".utf8)
      #expect(try shell.ask(line).message == "the line is not UTF-8")
    }
  }

  @Test("white space around a request is none of its business, a carriage return included")
  func space() throws {
    try shell.result(" \t{ \"op\" : \"vault.info\" } \r")
  }

  @Test("nesting and the number of values are bounded, and the bound itself is allowed")
  func bounds() throws {
    func nested(_ depth: Int) -> String {
      #"{"op":"nothing","x":"#
        + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}"
    }
    #expect(try shell.refusal(nested(ShellLimits.nesting)) == "UnknownOperation")
    let deep = try shell.ask(nested(ShellLimits.nesting + 1))
    #expect(deep.error == "MalformedLine")
    #expect(deep.message?.contains("nested") == true)
    #expect(try shell.refusal(nested(1_000_000)) == "MalformedLine")
    let many = "[" + String(repeating: "0,", count: 5_300_000) + "0]"
    #expect(try shell.ask(many).message?.contains("values") == true)
    let long = [UInt8](repeating: 0x20, count: ShellLimits.lineByteCount + 1)
    #expect(try shell.ask(long).error == "LineTooLong")
    #expect(try Answer(shell.session.answerToTooLongLine()).error == "LineTooLong")
  }

  @Test("an operation that is unknown, missing or no string is refused by name")
  func operations() throws {
    #expect(try shell.ask(#"{"op":"vault.open"}"#).message?.contains("'vault.open'") == true)
    #expect(try shell.refusal(#"{"op":"vault.open"}"#) == "UnknownOperation")
    #expect(try shell.refusal(#"{"op":"Vault.info"}"#) == "UnknownOperation")
    #expect(try shell.refusal(#"{"op":""}"#) == "UnknownOperation")
    #expect(try shell.refusal("{}") == "MissingField")
    #expect(try shell.refusal(#"{"op":1}"#) == "InvalidField")
    #expect(try shell.refusal(#"{"op":null}"#) == "InvalidField")
    #expect(try shell.refusal(#"{"op":{"utf16":[1]}}"#) == "InvalidField")
  }

  @Test("a field that is unknown, missing or mistyped is refused by name (H3)")
  func fields() throws {
    let set = #""op":"localStorage.setItem","origin":"https://a.example""#
    let cases: [(String, String, String)] = [
      (#"{\#(set),"key":"k","value":"v","Value":"w"}"#, "UnknownField", "'Value'"),
      (#"{\#(set),"key":"k","value":"v","qouta":1}"#, "UnknownField", "'qouta'"),
      (#"{\#(set),"key":"k"}"#, "MissingField", "'value'"),
      (#"{\#(set),"value":"v"}"#, "MissingField", "'key'"),
      (#"{"op":"localStorage.setItem","key":"k","value":"v"}"#, "MissingField", "'origin'"),
      (#"{\#(set),"key":"k","value":1}"#, "InvalidField", "'value'"),
      (#"{\#(set),"key":"k","value":null}"#, "InvalidField", "'value'"),
      (#"{\#(set),"key":["k"],"value":"v"}"#, "InvalidField", "'key'"),
      (#"{\#(set),"key":{"utf16":[65536]},"value":"v"}"#, "InvalidField", "'key'"),
      (#"{\#(set),"key":{"utf16":[1.0]},"value":"v"}"#, "InvalidField", "'key'"),
      (#"{\#(set),"key":{"utf16":[-0]},"value":"v"}"#, "InvalidField", "'key'"),
      (#"{\#(set),"key":{"utf16":[],"x":1},"value":"v"}"#, "InvalidField", "'key'"),
      (#"{\#(set),"key":{"base64":"AA=="},"value":"v"}"#, "InvalidField", "'key'"),
      (#"{\#(set),"key":"k","value":"v","quota":-1}"#, "InvalidField", "'quota'"),
      (#"{\#(set),"key":"k","value":"v","quota":1.5}"#, "InvalidField", "'quota'"),
      (#"{\#(set),"key":"k","value":"v","quota":"1"}"#, "InvalidField", "'quota'"),
      (#"{"op":"keys.sign","deviceId":"d","challenge":"AA"}"#, "InvalidField", "'challenge'"),
      (
        #"{"op":"keys.sign","deviceId":"d","challenge":{"base64":"AA"}}"#, "InvalidField",
        "'challenge'"
      ),
      (
        #"{"op":"keys.sign","deviceId":"d","challenge":{"base64":"AB=="}}"#, "InvalidField",
        "'challenge'"
      ),
      (#"{"op":"keys.get","deviceId":""}"#, "InvalidField", "'deviceId'"),
      (
        #"{"op":"keys.list","origin":"o","buildConfig":"UAT"}"#, "InvalidField", "'buildConfig'"
      ),
      (#"{"op":"localStorage.length","origin":"\ud800"}"#, "InvalidField", "'origin'"),
      (#"{"op":"localStorage.key","origin":"o","index":-0}"#, "InvalidField", "'index'"),
      (#"{"op":"vault.retire","epoch":4294967296}"#, "InvalidField", "'epoch'"),
    ]
    for (line, name, field) in cases {
      let answer = try shell.ask(line)
      #expect(answer.error == name, "\(line)")
      #expect(answer.message?.contains(field) == true, "\(answer.message ?? "")")
    }
    #expect(try shell.vault.info().records == 0)
  }

  @Test("no refusal repeats what a field carried (H4)")
  func secrecy() throws {
    let secret = "s3cret value"
    for field in ["id", "op", "origin", "key", "value", "quota", secret, "other"] {
      for value in ["\"\(secret)\"", "[\"\(secret)\"]", "{\"\(secret)\":\"\(secret)\"}"] {
        let others = ["origin", "key"].filter { $0 != field }
          .map { "\"\($0)\":\"x\"," }.joined()
        let operation = field == "op" ? "" : #""op":"localStorage.setItem","#
        let answer = try shell.ask("{\(operation)\(others)\"\(field)\":\(value)}")
        #expect(answer.message?.contains("s3cret") != true, "\(field)")
        #expect((answer.error == nil) == (field == "value" && value.hasPrefix("\"")))
      }
    }
  }
}
