import ProveKeyShell
import ProveKeyVault
import Testing

@Suite("localStorage through the shell")
struct LocalStorageOperationTests {
  private let shell: ShellFixture

  init() throws { shell = try ShellFixture() }

  private func ask(_ operation: String, _ fields: String = "") throws -> Answer {
    try shell.ask(#"{"op":"localStorage.\#(operation)","origin":"https://a.example"\#(fields)}"#)
  }

  @Test("an item is written, read, listed, removed")
  func life() throws {
    #expect(
      try ask("setItem", #","key":"k","value":"v""#).text == #"{"id":null,"ok":true,"result":null}"#
    )
    #expect(try ask("getItem", #","key":"k""#).result == .string("v"))
    #expect(try ask("getItem", #","key":"other""#).result == .null)
    #expect(try ask("length").result == .number(1))
    #expect(try ask("key", #","index":0"#).result == .string("k"))
    #expect(try ask("key", #","index":1"#).result == .null)
    #expect(try ask("key", #","index":18446744073709551615"#).result == .null)
    try ask("setItem", #","key":"","value":"""#).expectSuccess()
    #expect(try ask("getItem", #","key":"""#).result == .string(""))
    try ask("removeItem", #","key":"k""#).expectSuccess()
    #expect(try ask("length").result == .number(1))
    try ask("clear").expectSuccess()
    #expect(try ask("length").result == .number(0))
  }

  @Test(
    "lone surrogates, NUL and two spellings of a letter pass to the code unit, in all forms (H5)")
  func codeUnits() throws {
    let keys: [[UInt16]] = [
      [], [0], [0xD800], [0xDC00], [0xDC00, 0xD800], [0xD83D, 0xDE00], [0xE9], [0x65, 0x301],
      [0xFEFF], [0xFFFF], [0x22, 0x5C, 0x2F, 0x0A, 0x0D, 0x1F, 0x7F, 0x2028],
    ]
    let storage = try shell.vault.localStorage(for: "https://a.example")
    for escaped in [true, false] {
      for (index, key) in keys.enumerated() {
        let value = key + [UInt16(index)] + key
        try ask("setItem", ",\"key\":\(field(key, escaped: escaped)),\"value\":\(field(value))")
          .expectSuccess()
        #expect(try storage.getItem(key) == value, "\(key)")
        let answer = try ask("getItem", ",\"key\":\(field(key, escaped: !escaped))")
        #expect(units(answer.result) == value, "\(key)")
      }
      #expect(try storage.count == keys.count)
      let listed = try keys.indices.map { index in
        units(try ask("key", ",\"index\":\(index)").result)
      }
      #expect(listed == (try storage.allKeysCodeUnits()))
    }
  }

  @Test("what the vault refuses has the name of its error, and changes nothing (H3)")
  func refusals() throws {
    let small = try ask("setItem", #","key":"k","value":"four","quota":4"#)
    #expect(small.error == "QuotaExceeded")
    #expect(try ask("setItem", #","key":"k","value":"four","quota":5"#).error == nil)
    #expect(
      try ask("setItem", #","key":"k","value":"","quota":67108865"#).error == "QuotaOutOfBounds")
    #expect(try shell.refusal(#"{"op":"localStorage.length","origin":""}"#) == "InvalidOrigin")
    #expect(try ask("getItem", #","key":"k""#).result == .string("four"))
    try shell.vault.close()
    #expect(try ask("length").error == "Closed")
  }

  @Test("the largest item passes, every code unit an escape of six bytes")
  func largest() throws {
    let half = String(repeating: "\\ud800", count: 2_621_440)
    let line = #","key":"\#(half)","value":"\#(half)""#
    #expect(try ask("setItem", line).error == nil)
    let storage = try shell.vault.localStorage(for: "https://a.example")
    #expect(try storage.usedCodeUnits == 5_242_880)
    #expect(try ask("setItem", #","key":"k","value":"\#(half)","quota":67108864"#).error == nil)
  }

  @Test("a long random session has the same effect as a plain dictionary", arguments: [1, 2, 3])
  func random(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var model: [[UInt16]: [UInt16]] = [:]
    let alphabet: [UInt16] = [0, 0x22, 0x41, 0x5C, 0xE9, 0x301, 0xD800, 0xDC00, 0xFFFF]
    for step in 0..<400 {
      let key = (0..<Int.random(in: 0...1, using: &random)).map { _ in
        alphabet.randomElement(using: &random) ?? 0
      }
      let name = field(key, escaped: Bool.random(using: &random))
      switch Int.random(in: 0..<12, using: &random) {
      case 0..<5:
        let value = (0..<Int.random(in: 0...9, using: &random)).map { _ in
          alphabet.randomElement(using: &random) ?? 0
        }
        let text = field(value, escaped: Bool.random(using: &random))
        try ask("setItem", ",\"key\":\(name),\"value\":\(text)").expectSuccess()
        model[key] = value
      case 5..<8:
        let answer = try ask("getItem", ",\"key\":\(name)")
        #expect(units(answer.result) == model[key], "step \(step)")
      case 8..<10:
        try ask("removeItem", ",\"key\":\(name)").expectSuccess()
        model[key] = nil
      case 10:
        #expect(try ask("length").result == .number(Double(model.count)))
      default:
        if Int.random(in: 0..<8, using: &random) == 0 {
          try ask("clear").expectSuccess()
          model = [:]
        }
      }
    }
    let storage = try shell.vault.localStorage(for: "https://a.example")
    #expect(Set(try storage.allKeysCodeUnits()) == Set(model.keys))
    for (key, value) in model { #expect(try storage.getItem(key) == value) }
  }
}

extension Answer {
  func expectSuccess(sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(error == nil, "\(text)", sourceLocation: sourceLocation)
  }
}
