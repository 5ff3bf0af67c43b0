import ProveKeyModel
import Testing

@testable import ProveDeviceRegistry

@Suite("A registration as a line of JSON")
struct DocumentTests {
  private let day = UTCInstant.start

  @Test("every registration comes back from its line the same, whatever it has")
  func roundTrip() throws {
    var states: Set<String> = []
    for key in SyntheticRegistrations(count: 2_000, seed: 7, until: day) {
      let line = RegistrationDocument(key).line
      #expect(try RegistrationDocument(line: line).registration == key)
      states.insert(StoredRegistration.State(key).name)
    }
    #expect(states == ["placed", "bound", "unbound", "revoked", "suspended", "disconnected"])
  }

  @Test("a line of the longest fields is within the limits, and one that is longer is not")
  func longest() throws {
    let longest = String(repeating: "\u{22}", count: 255)
    let key = try KeyRegistration(
      deviceID: DeviceID(validating: longest),
      publicKey: PublicKey(algorithm: .ed25519, bytes: [UInt8](repeating: 255, count: 32)),
      state: .bound(
        .init(
          phoneNumber: .lorant, proveID: ProveID(validating: longest), boundAt: day,
          disconnectedAt: day)),
      device: DeviceDescription(
        kind: .mobile, name: longest,
        capabilities: (0..<16).map { _ in String(repeating: "\u{22}", count: 64) }),
      clientCustomerID: ClientCustomerID(validating: longest),
      clientHumanID: ClientHumanID(validating: longest), visitorID: VisitorID(validating: longest),
      placedAt: day, lastAuthenticatedAt: day, deactivatedAt: day, suspendedAt: day,
      replayWindow: ReplayWindow(highest: .max, used: .max),
      vaultState: .init(generation: .max, digest: [UInt8](repeating: 255, count: 32)),
      version: 9_007_199_254_740_991)
    let line = RegistrationDocument(key).line
    #expect(line.count <= RegistrationDocument.lineByteLimit)
    #expect(try RegistrationDocument(line: line).registration == key)
    let spaces = [UInt8](repeating: 0x20, count: RegistrationDocument.lineByteLimit)
    #expect(throws: DocumentProblem.self) { try RegistrationDocument(line: line + spaces) }
  }

  static let sound = """
    {"format":1,"deviceId":"d","algorithm":"EdDSA",\
    "publicKey":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","state":"bound",\
    "binding":{"phoneNumber":"+12001004014","boundAt":"2026-01-01T00:00:00.000Z"},\
    "device":{"type":"web"},"placedAt":"2026-01-01T00:00:00.000Z",\
    "lastAuthenticatedAt":"2026-01-01T00:00:00.000Z",\
    "counters":{"highest":5,"used":[4,1]},"version":3}
    """

  @Test("counters are read as what they say")
  func counters() throws {
    let key = try RegistrationDocument(line: Array(Self.sound.utf8)).registration
    #expect(key.replayWindow?.verdict(on: 4) == .used)
    #expect(key.replayWindow?.verdict(on: 3) == .unused)
    #expect(key.replayWindow?.verdict(on: 1) == .used)
  }

  @Test(
    "a line that breaks a rule is refused, and its reason repeats nothing of it",
    arguments: [
      ("\"format\":1", "\"format\":2"), ("\"deviceId\":\"d\"", "\"deviceId\":\"\""),
      ("EdDSA", "RS256"), ("EdDSA", "ES256"), ("AAA\",\"state\"", "\",\"state\""),
      ("\"state\":\"bound\"", "\"state\":\"lost\""),
      ("\"state\":\"bound\"", "\"state\":\"placed\""),
      ("\"state\":\"bound\"", "\"state\":\"revoked\""),
      ("+12001004014", "2001004014"), ("+12001004014", "+1200100401"),
      ("\"device\":{\"type\":\"web\"}", "\"device\":{\"type\":\"car\"}"),
      ("\"device\":{\"type\":\"web\"}", "\"device\":{\"type\":\"web\",\"secret\":1}"),
      ("\"device\":{\"type\":\"web\"},", ""),
      (",\"lastAuthenticatedAt\":\"2026-01-01T00:00:00.000Z\"", ""),
      ("\"boundAt\":\"2026-01-01", "\"boundAt\":\"2026-02-30"), ("[4,1]", "[5]"),
      ("[4,1]", "[4,-1]"), ("\"version\":3", "\"version\":0"),
      ("\"version\":3", "\"version\":9007199254740992"), ("\"version\":3", "\"version\":3.0"),
      ("\"version\":3", "\"version\":3,\"version\":3"), ("\"version\":3", "\"secret\":3"),
      ("\"version\":3}", "\"version\":3}}"),
    ])
  func refused(part: String, other: String) throws {
    let line = Self.sound.replacing(part, with: other)
    try #require(line != Self.sound)
    let problem = #expect(throws: DocumentProblem.self) {
      try RegistrationDocument(line: Array(line.utf8))
    }
    let reason = try #require(problem?.reason)
    for content in ["12001004014", "2026-02-30", "RS256", "lost", "car"] {
      #expect(!reason.contains(content), "\(reason)")
    }
  }
}
