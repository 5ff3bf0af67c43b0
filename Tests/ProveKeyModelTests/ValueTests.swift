import ProveKeyModel
import Testing

/// Values that cannot be made wrong.
struct ValueTests {
  // MARK: - Policy

  @Test("Prove's policy has the documented defaults, and they are those of the initializer")
  func defaults() throws {
    let policy = RegistryPolicy.prove
    #expect(try policy == RegistryPolicy())
    #expect(policy.inactivityMonths == 12)
    #expect(policy.maximumBindingAge == .ignored)
    #expect(policy.keyPersistence == false)
    #expect(policy.minimumVisitorConfidence == 0.9)
    #expect(policy.selection == .mostRecentlyAuthenticated)
    #expect(policy.recoversByVisitorAlone == false)
    #expect(policy.cloneResponse == .requirePossession)
    #expect(policy.registrationCap == .none)
    #expect(policy.lastAuthenticatedGranularitySeconds == 0)
    #expect(policy.eventDetail == .changes)
    #expect(policy.version == 1)
  }

  @Test("months of inactivity are 1 to 120", arguments: [.min, -1, 0, 121, .max])
  func inactivityMonths(months: Int) {
    #expect(throws: ModelError.malformed(field: "inactivityMonths")) {
      try RegistryPolicy(inactivityMonths: months)
    }
    #expect(throws: Never.self) {
      for allowed in [1, 120] { _ = try RegistryPolicy(inactivityMonths: allowed) }
    }
  }

  @Test(
    "a confidence is 0 to 1, in a policy and in a visitor",
    arguments: [-0.1, 1.0.nextUp, .nan, .infinity, -.infinity, -Double.leastNonzeroMagnitude])
  func confidence(value: Double) throws {
    #expect(throws: ModelError.malformed(field: "minimumVisitorConfidence")) {
      try RegistryPolicy(minimumVisitorConfidence: value)
    }
    #expect(throws: ModelError.malformed(field: "confidence")) {
      try Sample.visitor(confidence: value)
    }
    for allowed in [0, 1, 0.5] {
      #expect(try Sample.visitor(confidence: allowed).confidence == allowed)
      #expect(
        try RegistryPolicy(minimumVisitorConfidence: allowed).minimumVisitorConfidence == allowed)
    }
  }

  @Test("a binding age in seconds is 1 or more", arguments: [Int64.min, -1, 0])
  func bindingAge(seconds: Int64) {
    #expect(throws: ModelError.malformed(field: "maximumBindingAge")) {
      try RegistryPolicy(maximumBindingAge: .seconds(seconds))
    }
    #expect(throws: Never.self) { try RegistryPolicy(maximumBindingAge: .seconds(1)) }
  }

  @Test("a cap is 1 to 10,000, however it is met", arguments: [-1, 0, 10_001])
  func cap(count: Int) {
    for cap in [
      RegistryPolicy.RegistrationCap.refuse(above: count), .supersedeOldest(above: count),
    ] {
      #expect(throws: ModelError.malformed(field: "registrationCap")) {
        try RegistryPolicy(registrationCap: cap)
      }
    }
    #expect(throws: Never.self) {
      _ = try RegistryPolicy(registrationCap: .refuse(above: 10_000))
      _ = try RegistryPolicy(registrationCap: .supersedeOldest(above: 1))
    }
  }

  @Test("the granularity is at most a day", arguments: [-1, 86_401] as [Int64])
  func granularity(seconds: Int64) {
    #expect(throws: ModelError.malformed(field: "lastAuthenticatedGranularitySeconds")) {
      try RegistryPolicy(lastAuthenticatedGranularitySeconds: seconds)
    }
    #expect(throws: Never.self) {
      try RegistryPolicy(lastAuthenticatedGranularitySeconds: 86_400)
    }
  }

  // MARK: - Keys

  @Test("an Ed25519 key has 32 bytes; a P-256 key has 65, the first 4")
  func publicKeys() throws {
    let refused: [(KeyAlgorithm, [UInt8])] = [
      (.ed25519, []), (.ed25519, Array(repeating: 1, count: 31)),
      (.ed25519, Array(repeating: 1, count: 33)), (.es256, []),
      (.es256, Array(repeating: 4, count: 64)), (.es256, Array(repeating: 4, count: 66)),
      (.es256, Array(repeating: 3, count: 65)),
    ]
    for (algorithm, bytes) in refused {
      #expect(throws: ModelError.malformed(field: "publicKey")) {
        try PublicKey(algorithm: algorithm, bytes: bytes)
      }
    }
    let key = try PublicKey(algorithm: .es256, bytes: Array(repeating: 4, count: 65))
    #expect("\(key)" == "PublicKey(ES256)")
    #expect(try "\(Sample.publicKey())" == "PublicKey(EdDSA)")
    #expect(KeyAlgorithm.allCases.map(\.signatureByteCount) == [64, 64])
    #expect(KeyAlgorithm.allCases.map(\.rawValue) == [1, 2])
  }

  @Test("a new key is offered with a proof of its own")
  func newKey() throws {
    let proof = try Sample.assertion(counter: 1)
    let offer = try NewKey(
      deviceID: Sample.device(), publicKey: Sample.publicKey(), proof: proof)
    #expect(offer.deviceID == proof.deviceID)
    #expect(throws: ModelError.malformed(field: "newKey")) {
      try NewKey(deviceID: Sample.device("b"), publicKey: Sample.publicKey(), proof: proof)
    }
  }

  // MARK: - Devices and scopes

  @Test("a device's name and capabilities are texts within bounds")
  func devices() throws {
    let long = String(repeating: "a", count: 256)
    for name in ["", long, "a\n"] {
      #expect(throws: ModelError.malformed(field: "deviceName")) {
        try DeviceDescription(kind: .web, name: name)
      }
    }
    let refused = [
      [""], ["a\u{0}"], [String(repeating: "a", count: 65)], Array(repeating: "a", count: 17),
    ]
    for capabilities in refused {
      #expect(throws: ModelError.malformed(field: "deviceCapabilities")) {
        try DeviceDescription(kind: .mobile, capabilities: capabilities)
      }
    }
    let full = try DeviceDescription(
      kind: .mobile, name: String(long.dropLast()),
      capabilities: Array(repeating: String(repeating: "a", count: 64), count: 16))
    #expect(full.capabilities.count == 16)
    #expect(try DeviceDescription(kind: .web) == .web)
    #expect(DeviceDescription.Kind.mobile.name == "mobile")
    #expect(DeviceDescription.Kind.web.name == "web")
  }

  @Test("scopes are equal when their bytes are, and are kept apart in sets")
  func scopes() throws {
    let texts = ["caf\u{E9}", "cafe\u{301}", "caf\u{E9}"]
    let tenants = try texts.map { try RegistryScope(tenant: $0, buildConfig: .usUAT) }
    #expect(Set(tenants).count == 2)
    #expect(tenants[0] != tenants[1])
    let origins = try texts.map { try KeyScope(buildConfig: .usUAT, origin: $0) }
    #expect(Set(origins).count == 2)
    #expect(origins[0] != origins[1])
    #expect(
      try RegistryScope(tenant: "a", buildConfig: .usUAT)
        != RegistryScope(tenant: "a", buildConfig: .usProd))
    #expect(
      try KeyScope(buildConfig: .euUAT, origin: "a") != KeyScope(buildConfig: .euProd, origin: "a"))
    for text in ["", "a\u{7F}", String(repeating: "a", count: 256)] {
      #expect(throws: ModelError.malformed(field: "tenant")) {
        try RegistryScope(tenant: text, buildConfig: .usUAT)
      }
      #expect(throws: ModelError.malformed(field: "origin")) {
        try KeyScope(buildConfig: .usUAT, origin: text)
      }
    }
  }

  @Test("a scope's description has the build config and never the origin")
  func scopeDescription() throws {
    let scope = try KeyScope(buildConfig: .euProd, origin: "https://shop.example")
    #expect("\(scope)" == "KeyScope(EU_PROD, redacted)")
    #expect(String(reflecting: scope) == "KeyScope(EU_PROD, redacted)")
  }

  @Test("build configs have Prove's names")
  func buildConfigs() {
    #expect(BuildConfig.allCases.map(\.rawValue) == ["US_UAT", "US_PROD", "EU_UAT", "EU_PROD"])
  }

  // MARK: - Plans and names

  @Test("a plan is fulfilled only by the number that was requested and the one that is bound")
  func fulfilment() throws {
    let (one, two) = (try Sample.phone(4014), try Sample.phone(4015))
    let cases: [(requested: PhoneNumber?, bound: PhoneNumber?, fulfilled: [Bool])] = [
      (nil, nil, [true, true]), (one, nil, [true, false]), (nil, one, [true, false]),
      (one, one, [true, false]), (one, two, [false, false]),
    ]
    for (requested, bound, fulfilled) in cases {
      let request = KeyRequest(channel: .mobile, phoneNumber: requested)
      let plan = KeyPlan(.place, for: request, boundPhoneNumber: bound)
      #expect([one, two].map(plan.isFulfilled) == fulfilled)
    }
  }

  @Test("reasons and actions have the names that answers carry")
  func names() throws {
    let reasons: [PossessionReason] = [
      .desktopChannel, .counterRegression, .staleVault, .forkedVault, .rebindRequested,
      .unknownKey, .keyNotBound, .keyInactive, .bindingTooOld, .noKey, .storedDeviceRevoked,
      .storedDeviceNotCandidate, .visitorAlone, .noRegistration,
    ]
    #expect(reasons.map(\.name) == reasons.map { "\($0)" })
    #expect(PossessionReason.ambiguous(3).name == "ambiguous")
    let id = try Sample.device()
    let actions: [KeyPlan.Action] = [.none, .place, .bind(id), .rebind(id), .rekey(id)]
    #expect(actions.map(\.name) == ["none", "place", "bind", "rebind", "rekey"])
    #expect(actions.map(\.deviceID) == [nil, nil, id, id, id])
    #expect(DecisionRow.allCases.map(\.description) == (1...19).map { "D\($0)" })
  }
}
