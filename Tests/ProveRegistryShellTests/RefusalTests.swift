import CampaignSupport
import Foundation
import JSONLines
import ProveRegistryShell
import Testing

@Suite("What the registry's shell refuses", .inTurn)
struct RefusalTests {
  @Test(
    "a line that is wrong is answered with the name of what is wrong",
    arguments: [
      ("", "MalformedLine"), ("[]", "MalformedLine"), (#"{"id":1}"#, "MissingField"),
      (#"{"op":"sign"}"#, "UnknownOperation"), (#"{"op":"verify","deep":1}"#, "UnknownField"),
      (#"{"op":"revoke"}"#, "MissingField"), (#"{"op":"verify","now":"today"}"#, "InvalidField"),
      (#"{"op":"verify","now":"2026-02-30T00:00:00Z"}"#, "InvalidField"),
      (#"{"op":"decide","request":{}}"#, "MissingField"),
      (#"{"op":"decide","request":{"channel":"fax"}}"#, "InvalidField"),
      (#"{"op":"decide","request":{"channel":"mobile","phone":"1"}}"#, "UnknownField"),
      (
        #"{"op":"decide","request":{"channel":"mobile","phoneNumber":"2001004014"}}"#,
        "InvalidField"
      ),
      (
        #"{"op":"decide","request":{"channel":"mobile","visitor":{"id":"v","confidence":2}}}"#,
        "InvalidField"
      ),
      (#"{"op":"decide","request":{"channel":"mobile"},"device":"none"}"#, "NoSuchDevice"),
      (
        #"{"op":"decide","request":{"channel":"mobile"},"presented":{"base64":"AA=="}}"#,
        "InvalidField"
      ),
      (#"{"op":"complete"}"#, "NothingToComplete"),
      (#"{"op":"complete","ticket":"x"}"#, "TicketUnknown"),
      (#"{"op":"complete","ticket":"x","possession":"passed"}"#, "InvalidField"),
      (#"{"op":"place"}"#, "NewKeyMissing"),
      (#"{"op":"bind","deviceId":"d","phoneNumber":"+12001004014"}"#, "UnknownDevice"),
      (#"{"op":"registrations"}"#, "MissingField"),
      (#"{"op":"registrations","state":"bound","visitorId":"v"}"#, "MissingField"),
      (#"{"op":"registrations","state":"bound","limit":0}"#, "InvalidField"),
      (#"{"op":"registrations","state":"bound","limit":1001}"#, "InvalidField"),
      (#"{"op":"registrations","state":"bound","after":"x"}"#, "InvalidField"),
      (#"{"op":"resolve","deviceIds":[1]}"#, "InvalidField"),
      (#"{"op":"sweep","limit":0}"#, "InvalidField"),
    ])
  func refused(line: String, name: String) async throws {
    let shell = try await RegistryShellFixture()
    #expect(try await shell.refusal(line) == name)
  }

  @Test("no refusal repeats what a field carried (H4)")
  func nothingRepeated() async throws {
    let shell = try await RegistryShellFixture()
    let secret = "S3cret-of-a-person"
    for line in [
      #"{"op":"revoke","deviceId":"\#(secret)"}"#, #"{"op":"complete","ticket":"\#(secret)"}"#,
      #"{"op":"decide","request":{"channel":"\#(secret)"}}"#,
      #"{"op":"decide","request":{"channel":"mobile","phoneNumber":"\#(secret)"}}"#,
      #"{"op":"verify","now":"\#(secret)"}"#, #"{"op":"registrations","state":"\#(secret)"}"#,
      #"{"op":"decide","request":{"channel":"mobile"},"device":"\#(secret)"}"#,
      #"{"op":"place","newKey":{"deviceId":"\#(secret)"}}"#,
    ] {
      let answer = String(decoding: await shell.session.answer(to: Array(line.utf8)), as: UTF8.self)
      #expect(answer.contains(#""ok":false"#))
      #expect(!answer.contains(secret), "\(answer)")
    }
  }

  @Test("the id comes back as it was written, also with a refusal (H2)")
  func ids() async throws {
    let shell = try await RegistryShellFixture()
    for id in ["1e3", #""\u00e9""#, "null", "123456789012345678901234567890"] {
      let answer = await shell.session.answer(to: Array(#"{"op":"x","id":\#(id)}"#.utf8))
      #expect(String(decoding: answer, as: UTF8.self).hasPrefix(#"{"id":\#(id),"ok":false"#))
    }
  }

  @Test("the shell holds no more devices than it says")
  func devices() async throws {
    let shell = try await RegistryShellFixture()
    for number in 0..<RegistryShellLimits.devices {
      try await shell.result(#"{"op":"device.new","deviceId":"\#(number)"}"#)
    }
    #expect(try await shell.refusal(#"{"op":"device.new"}"#) == "TooMany")
    try await shell.result(#"{"op":"device.new","deviceId":"0"}"#)
  }
}

@Suite("The manual of the registry's shell", .inTurn)
struct RegistryManualTests {
  private func manual() throws -> [String] {
    let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let text = try String(
      contentsOf: here.appendingPathComponent("../../docs/registry-shell.md"), encoding: .utf8)
    return text.components(separatedBy: "\n")
  }

  @Test("the table of operations has each operation with its fields, and no other")
  func operations() throws {
    let lines = try manual()
    let head = "| operation | fields beside `now`, those in brackets optional | result |"
    let start = try #require(lines.firstIndex(of: head))
    let rows = Array(lines[(start + 2)...].prefix { $0.hasPrefix("|") })
    let expected = RegistryShellOperation.all.map { operation in
      let fields = operation.fields.filter { $0.name != "now" }
        .map { $0.isRequired ? "`\($0.name)`" : "[`\($0.name)`]" }
      return "| `\(operation.name)` | \(fields.joined(separator: " ")) | \(operation.result) |"
        .replacing("|  |", with: "| |")
    }
    #expect(rows == expected, "the table should be:\n\(expected.joined(separator: "\n"))")
  }

  @Test("the limits are those of the shell")
  func limits() throws {
    let text = try manual().joined(separator: " ")
    let line = RegistryShellLimits.line
    #expect(line.byteCount == 2_097_152 && text.contains("2,097,152 bytes"))
    #expect(line.nesting == 8 && text.contains("8 levels"))
    #expect(line.valueCount == 10_000 && text.contains("10,000 values"))
    #expect(RegistryShellLimits.devices == 1_000 && text.contains("1,000 devices"))
  }
}
