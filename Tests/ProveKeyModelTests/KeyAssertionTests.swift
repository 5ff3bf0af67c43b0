import ProveKeyModel
import Testing

struct KeyAssertionTests {
  private let challenge = Array(UInt8(0x10)..<0x20)
  private let digest = Array(UInt8(0x40)..<0x60)
  private let signature = Array(UInt8(0x80)..<0xC0)

  private func assertion(
    counter: UInt64? = nil, generation: UInt64? = nil
  ) throws -> KeyAssertion {
    let state = try generation.map { try KeyAssertion.VaultState(generation: $0, digest: digest) }
    return try KeyAssertion(
      deviceID: DeviceID(validating: "d\u{E9}"), counter: counter, vaultState: state,
      signature: signature)
  }

  private func signedBytes(of assertion: KeyAssertion) throws -> [UInt8] {
    try KeyAssertion.signedBytes(
      challenge: challenge, deviceID: assertion.deviceID, counter: assertion.counter,
      vaultState: assertion.vaultState)
  }

  /// One of each: with and without counter and vault.
  private func all() throws -> [KeyAssertion] {
    try [
      assertion(), assertion(counter: 0), assertion(generation: 0),
      assertion(counter: .max, generation: .max),
    ]
  }

  private func field(refusing bytes: [UInt8]) -> String? {
    do throws(ModelError) {
      _ = try KeyAssertion(encoded: bytes)
      return nil
    } catch {
      guard case .malformed(let field) = error else { return "\(error)" }
      return field
    }
  }

  // Spelled out byte by byte: these bytes are promised to servers in other languages.
  private let label: [UInt8] =
    [0, 0, 0, 22] + [
      0x70, 0x72, 0x6F, 0x76, 0x65, 0x2D, 0x6B, 0x65, 0x79, 0x2D, 0x61, 0x73, 0x73, 0x65, 0x72,
      0x74, 0x69, 0x6F, 0x6E, 0x2D, 0x76, 0x31,
    ]
  private let deviceField: [UInt8] = [0, 0, 0, 3, 0x64, 0xC3, 0xA9]
  private let counterField: [UInt8] = [1, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08]
  private let generationField: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0x12, 0x34]

  @Test("the signed bytes are label, challenge, deviceId, counter and vault, each with its length")
  func signedLayout() throws {
    let full = try assertion(counter: 0x0102_0304_0506_0708, generation: 0x1234)
    let head = label + [0, 0, 0, 16] + challenge + deviceField
    #expect(try signedBytes(of: full) == head + counterField + generationField + digest)
    #expect(try signedBytes(of: assertion()) == head + [0, 0])
    #expect(try signedBytes(of: assertion(counter: 0)) == head + [1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
  }

  @Test("the wire form is version 1, the same fields, and the signature")
  func wireLayout() throws {
    let full = try assertion(counter: 0x0102_0304_0506_0708, generation: 0x1234)
    #expect(full.encoded == [1] + deviceField + counterField + generationField + digest + signature)
    #expect(try assertion().encoded == [1] + deviceField + [0, 0] + signature)
  }

  @Test("different facts never give the same signed bytes")
  func injective() throws {
    var signed = Set(try all().map { try signedBytes(of: $0) })
    // A challenge may not run over into the deviceId, nor the deviceId into what follows.
    let texts = ["a", "aa", "a\u{20}"]
    for text in texts {
      for length in 16...18 {
        signed.insert(
          try KeyAssertion.signedBytes(
            challenge: Array(repeating: 0x61, count: length), deviceID: DeviceID(validating: text),
            counter: nil, vaultState: nil))
      }
    }
    #expect(signed.count == 4 + 9)
  }

  @Test("a challenge has 16 to 255 bytes", arguments: [0, 15, 16, 255, 256])
  func challengeLength(count: Int) throws {
    let make = {
      try KeyAssertion.signedBytes(
        challenge: Array(repeating: 0, count: count), deviceID: Sample.device(), counter: nil,
        vaultState: nil)
    }
    if (16...255).contains(count) {
      #expect(try make().isEmpty == false)
    } else {
      #expect(throws: ModelError.malformed(field: "challenge")) { try make() }
    }
  }

  @Test("signature and digest have their lengths", arguments: [0, 31, 33, 63, 65])
  func lengths(count: Int) throws {
    let bytes = [UInt8](repeating: 0, count: count)
    #expect(throws: ModelError.malformed(field: "signature")) {
      try KeyAssertion(
        deviceID: Sample.device(), counter: nil, vaultState: nil, signature: bytes)
    }
    #expect(throws: ModelError.malformed(field: "digest")) {
      try KeyAssertion.VaultState(generation: 1, digest: bytes)
    }
  }

  @Test("what is encoded is decoded to the same assertion, and to the same bytes")
  func roundTrip() throws {
    for assertion in try all() {
      let decoded = try KeyAssertion(encoded: assertion.encoded)
      #expect(decoded == assertion)
      #expect(decoded.encoded == assertion.encoded)
    }
  }

  @Test("every truncation is refused")
  func truncation() throws {
    for assertion in try all() {
      let bytes = assertion.encoded
      for count in bytes.indices {
        #expect(field(refusing: Array(bytes[..<count])) != nil, "\(count) of \(bytes.count)")
      }
    }
  }

  @Test("a trailing byte is refused")
  func trailing() throws {
    for assertion in try all() {
      #expect(field(refusing: assertion.encoded + [0]) == "end")
    }
  }

  @Test("the first malformed field is named, never its content")
  func malformedFields() throws {
    let rest = [0, 0] + signature
    let cases: [([UInt8], String)] = [
      ([], "version"),
      ([0] + deviceField + rest, "version"),
      ([2] + deviceField + rest, "version"),
      ([1, 0, 0, 0], "deviceId"),
      ([1, 0, 0, 0, 0] + rest, "deviceId"),  // empty
      ([1, 0, 0, 0, 1, 0x0A] + rest, "deviceId"),  // a control character
      ([1, 0, 0, 0, 1, 0xFF] + rest, "deviceId"),  // not UTF-8
      ([1, 0, 0, 0, 2, 0xC0, 0x80] + rest, "deviceId"),  // an overlong NUL
      ([1, 0, 0, 0, 3, 0xED, 0xA0, 0x80] + rest, "deviceId"),  // a surrogate
      ([1, 0, 0, 1, 0] + [UInt8](repeating: 0x61, count: 256) + rest, "deviceId"),  // too long
      ([1, 0xFF, 0xFF, 0xFF, 0xFF] + deviceField + rest, "deviceId"),
      ([1] + deviceField + [2, 0] + signature, "counter"),
      ([1] + deviceField + [1, 0, 0], "counter"),
      ([1] + deviceField + [0, 2] + signature, "vault"),
      ([1] + deviceField + [0, 1, 0, 0], "generation"),
      ([1] + deviceField + [0] + generationField + digest.dropLast(), "digest"),
      ([1] + deviceField + [0, 0] + signature.dropLast(), "signature"),
      ([1] + deviceField + [0, 0], "signature"),
    ]
    for (bytes, expected) in cases { #expect(field(refusing: bytes) == expected) }
  }

  @Test("random and damaged bytes are refused or decode to what encodes to the same bytes")
  func damaged() throws {
    var generator = SplitMix64(seed: 64)
    let valid = try all().map(\.encoded)
    for _ in 0..<5000 {
      var bytes = valid[Int.random(in: 0..<4, using: &generator)]
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        bytes[Int.random(in: 0..<20, using: &generator)] = UInt8.random(
          in: 0...255, using: &generator)
      }
      guard field(refusing: bytes) == nil else { continue }
      #expect(try KeyAssertion(encoded: bytes).encoded == bytes)
    }
  }

  @Test("a description says which facts there are, never the id, the bytes or the counter")
  func description() throws {
    let assertion = try KeyAssertion(
      deviceID: DeviceID(validating: "secret"), counter: 987_654, vaultState: nil,
      signature: signature)
    #expect("\(assertion)" == "KeyAssertion(counted, no vault)")
    #expect(try "\(self.assertion(generation: 1))" == "KeyAssertion(uncounted, vault)")
    #expect(printedForms(of: assertion).filter { $0.contains("secret") } == [])
  }
}
