import JSONLines
import ProveDeviceRegistry
import ProveKeyModel

// The fields that operations of the registry's shell share.

extension LineFields {
  /// The request to decide on.
  func keyRequest() throws -> KeyRequest {
    let known: [LineField] = [
      .required("channel"), .optional("phoneNumber"), .optional("proveId"),
      .optional("storedDeviceId"), .optional("rebind"), .optional("visitor"),
      .optional("clientCustomerId"), .optional("clientHumanId"),
    ]
    guard let inner = try optionalObject("request", known: known),
      let channel = try inner.optionalWord("channel", as: Channel.self)
    else { throw LineRefusal.invalid("request", "an object with 'channel'") }
    var visitor: Visitor?
    if let fields = try inner.optionalObject(
      "visitor", known: [.required("id"), .required("confidence")])
    {
      visitor = try Visitor(
        id: try fields.identifier("id"), confidence: try fields.number("confidence"))
    }
    return KeyRequest(
      channel: channel, phoneNumber: try inner.optionalPhoneNumber("phoneNumber"),
      proveID: try inner.optionalIdentifier("proveId"),
      storedDeviceID: try inner.optionalIdentifier("storedDeviceId"),
      rebind: try inner.flag("rebind"), visitor: visitor,
      clientCustomerID: try inner.optionalIdentifier("clientCustomerId"),
      clientHumanID: try inner.optionalIdentifier("clientHumanId"))
  }

  /// A finite number.
  private func number(_ name: String) throws(LineRefusal) -> Double {
    guard case .number(let text) = try value(name), let number = Double(text), number.isFinite
    else { throw .invalid(name, "a number") }
    return number
  }

  /// What became of a possession check; nothing when the field was not given.
  func possession() throws(LineRefusal) -> Possession? {
    guard let value = self["possession"] else { return nil }
    if case .string = value {
      guard try LineFields.text(value, "possession") == "failed" else {
        throw .invalid("possession", "\"failed\" or an object with 'phoneNumber'")
      }
      return .failed
    }
    let known: [LineField] = [.required("phoneNumber"), .optional("proveId")]
    guard let inner = try optionalObject("possession", known: known) else { return nil }
    return .passed(
      try inner.phoneNumber("phoneNumber"), proveID: try inner.optionalIdentifier("proveId"))
  }

  func challenge() throws(LineRefusal) -> Challenge? {
    self["challenge"] == nil ? nil : Challenge(bytes: try bytes("challenge"))
  }

  /// The assertion that is presented, in its wire form.
  private func presented(_ name: String) throws(LineRefusal) -> KeyAssertion {
    let bytes = try bytes(name)
    do { return try KeyAssertion(encoded: bytes) } catch {
      throw .invalid(name, "an assertion in its wire form")
    }
  }

  /// The assertion and the challenge that it answers: given, or made by a device for trials.
  func proof(
    _ session: RegistryShellSession
  ) throws -> (assertion: KeyAssertion?, challenge: Challenge?) {
    guard self["device"] != nil else {
      let assertion = self["presented"] == nil ? nil : try presented("presented")
      return (assertion, try challenge())
    }
    guard self["presented"] == nil, self["challenge"] == nil else {
      throw LineRefusal.invalid("device", "left out where 'presented' or 'challenge' is given")
    }
    let device = try session.devices.device(try identifier("device"))
    let challenge = session.registry.issueChallenge()
    return (try device.sign(challenge.bytes), challenge)
  }

  /// The new key and the challenge that its proof answers: given, or of a device for trials.
  func offer(
    _ session: RegistryShellSession
  ) throws -> (newKey: NewKey?, challenge: Challenge?) {
    guard self["device"] != nil else { return (try newKey(), try challenge()) }
    guard self["newKey"] == nil, self["challenge"] == nil else {
      throw LineRefusal.invalid("device", "left out where 'newKey' or 'challenge' is given")
    }
    let device = try session.devices.device(try identifier("device"))
    let challenge = session.registry.issueChallenge()
    let proof = try device.sign(challenge.bytes)
    return (
      try NewKey(deviceID: device.id, publicKey: device.publicKey, proof: proof), challenge
    )
  }

  private func newKey() throws -> NewKey? {
    let known: [LineField] = [
      .required("deviceId"), .required("algorithm"), .required("publicKey"), .required("proof"),
    ]
    guard let inner = try optionalObject("newKey", known: known) else { return nil }
    let name = try inner.text("algorithm")
    guard let algorithm = KeyAlgorithm.allCases.first(where: { $0.name == name }) else {
      throw LineRefusal.invalid("algorithm", "EdDSA or ES256")
    }
    return try NewKey(
      deviceID: try inner.identifier("deviceId"),
      publicKey: try PublicKey(algorithm: algorithm, bytes: try inner.bytes("publicKey")),
      proof: try inner.presented("proof"))
  }

  /// The ticket that is named, else that of the last decision.
  func ticket(_ session: RegistryShellSession) throws -> KeyTicket {
    if let text = try optionalText("ticket") { return KeyTicket(text: text) }
    guard let ticket = session.lastTicket else { throw RegistryError.nothingToComplete }
    return ticket
  }

  /// What is known of a device that holds a key.
  func deviceDescription() throws -> DeviceDescription {
    let type = try optionalText("deviceType") ?? "mobile"
    guard let kind = [DeviceDescription.Kind.web, .mobile].first(where: { $0.name == type }) else {
      throw LineRefusal.invalid("deviceType", "web or mobile")
    }
    return try DeviceDescription(kind: kind, name: try optionalText("deviceName"))
  }

  func deviceID() throws(LineRefusal) -> DeviceID { try identifier("deviceId") }

  func actor() throws(LineRefusal) -> String { try optionalText("actor") ?? "operator" }

  /// How many at most; 100 when it is not given.
  func limit(_ usual: Int = 100) throws(LineRefusal) -> Int {
    guard let limit = try optionalInteger("limit", as: UInt32.self) else { return usual }
    guard limit >= 1 else { throw .invalid("limit", "1 or more") }
    return Int(limit)
  }
}
