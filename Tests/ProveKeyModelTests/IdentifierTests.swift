import ProveKeyModel
import Testing

struct IdentifierTests {
  // "e" with an acute accent as one scalar and as two: equal as Swift text, different as names.
  private static let composed = "caf\u{E9}"
  private static let decomposed = "cafe\u{301}"

  private static let kinds: [any Identifier.Type] = [
    DeviceID.self, VisitorID.self, ProveID.self, ClientCustomerID.self, ClientHumanID.self,
    ClientRequestID.self, CorrelationID.self,
  ]

  private func areEqual<ID: Identifier>(_ type: ID.Type, _ left: String, _ right: String) throws
    -> Bool
  {
    try ID(validating: left) == ID(validating: right)
  }

  private func distinctCount<ID: Identifier>(_ type: ID.Type, _ texts: [String]) throws -> Int {
    Set(try texts.map { try ID(validating: $0) }).count
  }

  // MARK: - Equality

  @Test("identifiers are equal when their bytes are, not when their texts look alike")
  func bytes() throws {
    #expect(Self.composed == Self.decomposed, "Swift's own equality merges them")
    for kind in Self.kinds {
      #expect(try areEqual(kind, Self.composed, Self.composed))
      #expect(try !areEqual(kind, Self.composed, Self.decomposed))
      #expect(try !areEqual(kind, "a", "A"))
      #expect(try !areEqual(kind, "a", "a "))
      // Hangul, Angstrom sign and a ligature that only compatibility would merge.
      #expect(try !areEqual(kind, "\u{AC00}", "\u{1100}\u{1161}"))
      #expect(try !areEqual(kind, "\u{212B}", "\u{C5}"))
      #expect(try !areEqual(kind, "\u{FB01}", "fi"))
    }
  }

  @Test("sets and dictionaries keep look-alikes apart, and find what is the same")
  func hashing() throws {
    for kind in Self.kinds {
      #expect(
        try distinctCount(kind, [Self.composed, Self.decomposed, Self.composed, "cafe"]) == 3)
    }
    let composed = try DeviceID(validating: Self.composed)
    let decomposed = try DeviceID(validating: Self.decomposed)
    #expect(composed.hashValue == (try DeviceID(validating: Self.composed)).hashValue)
    #expect(composed != decomposed)
    var names = [composed: 1]
    names[decomposed] = 2
    #expect(names[composed] == 1)
    #expect(names[decomposed] == 2)
  }

  @Test("the text comes back byte for byte")
  func text() throws {
    for text in [Self.composed, Self.decomposed, "\u{1F468}\u{200D}\u{1F469}", " a "] {
      let identifier = try DeviceID(validating: text)
      #expect(Array(identifier.rawValue.utf8) == Array(text.utf8))
    }
  }

  // MARK: - Bounds

  @Test("1 to 255 bytes of UTF-8 are an identifier; none, or 256, are not")
  func lengths() {
    for kind in Self.kinds {
      #expect(kind.init("") == nil)
      #expect(kind.init("a") != nil)
      #expect(kind.init(String(repeating: "a", count: 255)) != nil)
      #expect(kind.init(String(repeating: "a", count: 256)) == nil)
      // Bytes, not characters: two bytes each.
      #expect(kind.init(String(repeating: "\u{E9}", count: 127) + "a") != nil)
      #expect(kind.init(String(repeating: "\u{E9}", count: 128)) == nil)
      // One character of many bytes.
      #expect(kind.init("e" + String(repeating: "\u{301}", count: 127)) != nil)
      #expect(kind.init("e" + String(repeating: "\u{301}", count: 128)) == nil)
    }
  }

  @Test("no control character may stand in an identifier, wherever")
  func controlCharacters() throws {
    let forbidden = Array(0...0x1F) + Array(0x7F...0x9F)
    for value in forbidden {
      let scalar = String(Character(try #require(Unicode.Scalar(UInt32(value)))))
      for text in [scalar, "a" + scalar, scalar + "a", "a" + scalar + "a", "a\u{301}" + scalar] {
        for kind in Self.kinds { #expect(kind.init(text) == nil, "U+\(String(value, radix: 16))") }
      }
    }
    #expect(DeviceID("\r\n") == nil, "one Character of two scalars")
    for allowed in [0x20, 0x7E, 0xA0, 0x301, 0x200D, 0xFFFD, 0x1F511, 0x10FFFF] {
      let scalar = try #require(Unicode.Scalar(UInt32(allowed)))
      for kind in Self.kinds { #expect(kind.init(String(Character(scalar))) != nil) }
    }
  }

  @Test("in long text every byte is looked at, whatever stands beside it")
  func everyPlace() {
    let forbidden = Set<UInt32>(0...0x1F).union(0x7F...0x9F)
    for count in [8, 9, 15, 16, 17, 36] {
      for place in 0..<count {
        for value in UInt32(0)...0xFF {
          // Neighbours at both ends of what is allowed, where a carry or borrow would show.
          var scalars = (0..<count).map {
            Unicode.Scalar(UInt8($0.isMultiple(of: 2) ? 0x20 : 0x7E))
          }
          scalars[place] = Unicode.Scalar(UInt8(value))
          let text = String(String.UnicodeScalarView(scalars))
          #expect(
            (DeviceID(text) == nil) == forbidden.contains(value),
            "U+\(String(value, radix: 16)) at \(place) of \(count)")
        }
      }
    }
  }

  @Test("a malformed identifier is named by its field on the wire")
  func fieldNames() throws {
    var names: [String] = []
    for kind in Self.kinds {
      names.append(kind.fieldName)
      #expect(throws: ModelError.malformed(field: kind.fieldName)) {
        _ = try kind.init(validating: "")
      }
    }
    #expect(
      names == [
        "deviceId", "visitorId", "proveId", "clientCustomerId", "clientHumanId",
        "clientRequestId", "correlationId",
      ])
  }

  // MARK: - Redaction

  @Test("no way of printing an identifier, alone or inside other values, shows its text")
  func redaction() throws {
    let secret = "0f5a-secret"
    var forms: [String] = []
    for kind in Self.kinds { forms += try self.forms(of: kind, secret) }
    let device = try DeviceID(validating: secret)
    let request = KeyRequest(
      channel: .mobile, proveID: try ProveID(validating: secret), storedDeviceID: device,
      visitor: try Visitor(id: VisitorID(validating: secret), confidence: 1),
      clientCustomerID: ClientCustomerID(secret), clientHumanID: ClientHumanID(secret))
    let key = KeyRegistration(
      placing: try Sample.publicKey(), as: device, on: .web,
      clientCustomerID: ClientCustomerID(secret), visitorID: VisitorID(secret),
      at: try Sample.now())
    forms += printedForms(of: request) + printedForms(of: key)
    forms += printedForms(of: KeyDecision(.d10, .authenticate(device)))
    forms += printedForms(of: KeyPlan(.rekey(device), for: request, retires: device))
    #expect(forms.filter { $0.contains("secret") } == [])
    #expect(device.description == "deviceId(redacted)")
    #expect(device.debugDescription == "deviceId(redacted)")
  }

  private func forms<ID: Identifier>(of type: ID.Type, _ text: String) throws -> [String] {
    printedForms(of: try ID(validating: text))
  }

  // MARK: - Random identifiers

  @Test("a random id is a version 4 UUID in lower case")
  func uuidShape() throws {
    var generator = SplitMix64(seed: 1)
    for _ in 0..<200 {
      let texts = [
        DeviceID.random(using: &generator).rawValue, ProveID.random(using: &generator).rawValue,
        CorrelationID.random(using: &generator).rawValue,
      ]
      for text in texts {
        let groups = text.split(separator: "-", omittingEmptySubsequences: false)
        #expect(groups.map(\.count) == [8, 4, 4, 4, 12])
        #expect(groups[2].first == "4")
        #expect(groups[3].first.map { "89ab".contains($0) } == true)
        #expect(text.allSatisfy { "0123456789abcdef-".contains($0) })
        #expect(DeviceID(text) != nil)
      }
    }
  }

  @Test("a random id carries every other bit of the generator, in order")
  func uuidBits() {
    var zeros = Fixed(words: [0, 0])
    var ones = Fixed(words: [.max, .max])
    var counting = Fixed(words: [0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210])
    #expect(
      DeviceID.random(using: &zeros).rawValue == "00000000-0000-4000-8000-000000000000")
    #expect(
      DeviceID.random(using: &ones).rawValue == "ffffffff-ffff-4fff-bfff-ffffffffffff")
    #expect(
      DeviceID.random(using: &counting).rawValue == "01234567-89ab-4def-bedc-ba9876543210")
  }

  @Test("random ids do not repeat")
  func uuidsDiffer() {
    var generator = SystemRandomNumberGenerator()
    let ids = Set((0..<1000).map { _ in DeviceID.random(using: &generator) })
    #expect(ids.count == 1000)
  }

  private struct Fixed: RandomNumberGenerator {
    var words: [UInt64]

    mutating func next() -> UInt64 { words.isEmpty ? 0 : words.removeFirst() }
  }
}
