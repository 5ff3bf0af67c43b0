import Crypto
import JSONLines
import ProveKeyModel
import ProveKeySealing

extension RegistrationDocument {
  /// Reads a line strictly: every member must be known, well-formed, and fit the others.
  public init(line: [UInt8]) throws(DocumentProblem) {
    do throws(LineRefusal) {
      let parsed = try JSONLine.parse(line, limits: Self.limits)
      guard case .object(let members) = parsed.value else {
        throw LineRefusal(.malformedLine, "a registration is one JSON object a line")
      }
      registration = try KeyRegistration(
        document: LineFields(members, known: Self.fields, of: "a registration"))
    } catch { throw DocumentProblem(reason: error.message) }
  }

  /// What a line may hold: fields of the longest ids with every byte escaped fit.
  static let limits = LineLimits(byteCount: lineByteLimit, nesting: 4, valueCount: 256)

  /// The highest version that is taken: every reader of JSON has it exactly.
  private static let versionLimit: UInt64 = 9_007_199_254_740_991

  private static let fields: [LineField] = [
    .required("format"), .required("deviceId"), .required("algorithm"), .required("publicKey"),
    .required("state"), .optional("binding"), .optional("revocation"), .required("device"),
    .optional("clientCustomerId"), .optional("clientHumanId"), .optional("visitorId"),
    .required("placedAt"), .optional("lastAuthenticatedAt"), .optional("deactivatedAt"),
    .optional("suspendedAt"), .optional("counters"), .optional("vault"), .required("version"),
  ]

  fileprivate static func version(_ fields: LineFields) throws(LineRefusal) -> UInt64 {
    let version: UInt64 = try fields.integer("version")
    guard (1...versionLimit).contains(version) else {
      throw .invalid("version", "1 to \(versionLimit)")
    }
    return version
  }
}

extension KeyRegistration {
  fileprivate init(document fields: LineFields) throws(LineRefusal) {
    guard try fields.integer("format", as: UInt8.self) == 1 else { throw .invalid("format", "1") }
    let state = try fields.registrationState()
    let last = try fields.optionalInstant("lastAuthenticatedAt")
    let deactivated = try fields.optionalInstant("deactivatedAt")
    // What the moves of a registration's life make so.
    switch state.name {
    case .placed:
      guard last == nil else { throw .invalid("lastAuthenticatedAt", "left out of a placed key") }
      guard deactivated == nil else { throw .invalid("deactivatedAt", "left out of a placed key") }
    case .bound, .unbound:
      guard last != nil else {
        throw LineRefusal(.missingField, "a key that is or was bound needs 'lastAuthenticatedAt'")
      }
    case .revoked: break
    }
    self.init(
      deviceID: try fields.identifier("deviceId"), publicKey: try fields.publicKey(),
      state: state, device: try fields.device(),
      clientCustomerID: try fields.optionalIdentifier("clientCustomerId"),
      clientHumanID: try fields.optionalIdentifier("clientHumanId"),
      visitorID: try fields.optionalIdentifier("visitorId"),
      placedAt: try fields.instant("placedAt"), lastAuthenticatedAt: last,
      deactivatedAt: deactivated, suspendedAt: try fields.optionalInstant("suspendedAt"),
      replayWindow: try fields.replayWindow(), vaultState: try fields.vaultState(),
      version: try RegistrationDocument.version(fields))
  }
}

extension LineFields {
  fileprivate func registrationState() throws(LineRefusal) -> KeyRegistration.State {
    guard let name = try optionalWord("state", as: RegistrationStateName.self) else {
      throw .invalid("state", "a word")
    }
    let binding = try binding()
    guard (self["revocation"] != nil) == (name == .revoked) else {
      throw .invalid("revocation", "given exactly when the state is 'revoked'")
    }
    switch (name, binding) {
    case (.placed, nil): return .placed
    case (.placed, _?): throw .invalid("binding", "left out of a placed key")
    case (.bound, let binding?): return .bound(binding)
    case (.unbound, let binding?): return .unbound(former: binding)
    case (.bound, nil), (.unbound, nil):
      throw LineRefusal(.missingField, "a key that is or was bound needs 'binding'")
    case (.revoked, let binding): return .revoked(try revocation(former: binding))
    }
  }

  private func binding() throws(LineRefusal) -> KeyRegistration.Binding? {
    let known: [LineField] = [
      .required("phoneNumber"), .optional("proveId"), .required("boundAt"),
      .optional("disconnectedAt"),
    ]
    guard let inner = try optionalObject("binding", known: known) else { return nil }
    return KeyRegistration.Binding(
      phoneNumber: try inner.phoneNumber("phoneNumber"),
      proveID: try inner.optionalIdentifier("proveId"), boundAt: try inner.instant("boundAt"),
      disconnectedAt: try inner.optionalInstant("disconnectedAt"))
  }

  private func revocation(
    former: KeyRegistration.Binding?
  ) throws(LineRefusal) -> KeyRegistration.Revocation {
    let known: [LineField] = [.required("at"), .required("cause")]
    guard let inner = try optionalObject("revocation", known: known) else {
      throw LineRefusal(.missingField, "a revoked key needs 'revocation'")
    }
    let causes: [KeyRegistration.Revocation.Cause] = [.requested, .superseded, .deactivated]
    let name = try inner.text("cause")
    guard let cause = causes.first(where: { $0.name == name }) else {
      throw .invalid("cause", "one of " + causes.map(\.name).joined(separator: ", "))
    }
    return KeyRegistration.Revocation(
      revokedAt: try inner.instant("at"), cause: cause, former: former)
  }

  fileprivate func device() throws(LineRefusal) -> DeviceDescription {
    let known: [LineField] = [.required("type"), .optional("name"), .optional("capabilities")]
    guard let inner = try optionalObject("device", known: known) else {
      throw .invalid("device", "an object")
    }
    let kinds: [DeviceDescription.Kind] = [.web, .mobile]
    let type = try inner.text("type")
    guard let kind = kinds.first(where: { $0.name == type }) else {
      throw .invalid("type", "web or mobile")
    }
    var capabilities: [String] = []
    for value in try inner.optionalArray("capabilities") ?? [] {
      capabilities.append(try LineFields.text(value, "capabilities"))
    }
    let name = try inner.optionalText("name")
    do { return try DeviceDescription(kind: kind, name: name, capabilities: capabilities) } catch {
      throw .invalid("device", "a name of at most 255 bytes, and 16 capabilities of at most 64")
    }
  }

  fileprivate func publicKey() throws(LineRefusal) -> PublicKey {
    let name = try text("algorithm")
    guard let algorithm = KeyAlgorithm.allCases.first(where: { $0.name == name }) else {
      throw .invalid(
        "algorithm", "one of " + KeyAlgorithm.allCases.map(\.name).joined(separator: ", "))
    }
    let bytes = try base64URL("publicKey")
    do {
      let key = try PublicKey(algorithm: algorithm, bytes: bytes)
      if algorithm == .es256 { _ = try P256.Signing.PublicKey(x963Representation: bytes) }
      return key
    } catch { throw .invalid("publicKey", "a key of its algorithm") }
  }

  fileprivate func replayWindow() throws(LineRefusal) -> ReplayWindow? {
    let known: [LineField] = [.required("highest"), .required("used")]
    guard let inner = try optionalObject("counters", known: known) else { return nil }
    let highest: UInt64 = try inner.integer("highest")
    var used: UInt64 = 0
    for value in try inner.optionalArray("used") ?? [] {
      let counter: UInt64 = try LineFields.integer(value, "used")
      guard counter < highest, highest - counter <= ReplayWindow.width else {
        throw .invalid("used", "counters of the 64 below 'highest'")
      }
      used |= 1 << (highest - counter - 1)
    }
    return ReplayWindow(highest: highest, used: used)
  }

  fileprivate func vaultState() throws(LineRefusal) -> KeyAssertion.VaultState? {
    let known: [LineField] = [.required("generation"), .required("digest")]
    guard let inner = try optionalObject("vault", known: known) else { return nil }
    let generation: UInt64 = try inner.integer("generation")
    let digest = try inner.base64URL("digest")
    do { return try KeyAssertion.VaultState(generation: generation, digest: digest) } catch {
      throw .invalid("digest", "32 bytes")
    }
  }
}
