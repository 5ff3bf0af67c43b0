import ProveKeyModel

/// The fields of a unify request, each checked by its rule.
///
/// Source: Prove server SDK field docs (required, conditional, lengths, character sets).
struct UnifyFields {
  let clientRequestID: ClientRequestID
  let channel: Channel
  let phoneNumber: PhoneNumber?
  let proveID: ProveID?
  let storedDeviceID: DeviceID?
  let clientCustomerID: ClientCustomerID?
  let clientHumanID: ClientHumanID?

  init(_ request: UnifyRequest) throws(UnifyError) {
    clientRequestID = try Self.required(request.clientRequestID, ClientRequestID.self)
    guard let channel = Channel(rawValue: request.possessionType) else {
      throw .invalidField("possessionType")
    }
    self.channel = channel
    phoneNumber = try request.phoneNumber.map { text throws(UnifyError) in
      try Self.phoneNumber(text)
    }
    proveID = try Self.optional(request.proveID, ProveID.self)
    storedDeviceID = try Self.optional(request.deviceID, DeviceID.self)
    clientCustomerID = try Self.optional(request.clientCustomerID, ClientCustomerID.self)
    clientHumanID = try Self.optional(request.clientHumanID, ClientHumanID.self)
    try Self.checkTarget(request.finalTargetURL, channel)
    try Self.checkMessage(request.smsMessage)
    try Self.check(request.emailAddress, "emailAddress", beside: "@.+")
    try Self.check(request.ipAddress, "ipAddress", beside: ".:")
  }

  static func required<ID: Identifier>(
    _ text: String, _ type: ID.Type
  ) throws(UnifyError) -> ID {
    guard let id = ID(text) else { throw .invalidField(ID.fieldName) }
    return id
  }

  static func optional<ID: Identifier>(
    _ text: String?, _ type: ID.Type
  ) throws(UnifyError) -> ID? {
    guard let text else { return nil }
    return try required(text, type)
  }

  static func phoneNumber(_ text: String) throws(UnifyError) -> PhoneNumber {
    do { return try PhoneNumber(text) } catch { throw .invalidField("phoneNumber") }
  }

  private static func checkTarget(_ url: String?, _ channel: Channel) throws(UnifyError) {
    guard url != nil || channel != .desktop else { throw .invalidField("finalTargetUrl") }
    guard let url else { return }
    guard (1...UnifyLimits.finalTargetURLCharacters).contains(url.utf8.count),
      isMade(url, beside: "-._+=/:?")
    else { throw .invalidField("finalTargetUrl") }
  }

  /// At most 160 characters; the run of `#`, where there is one, has 4 to 6.
  private static func checkMessage(_ message: String?) throws(UnifyError) {
    guard let message else { return }
    let runs = message.split(omittingEmptySubsequences: true) { $0 != "#" }
    guard (1...UnifyLimits.smsMessageCharacters).contains(message.count), runs.count <= 1,
      runs.allSatisfy({ (4...6).contains($0.count) })
    else { throw .invalidField("smsMessage") }
  }

  private static func check(
    _ text: String?, _ field: String, beside others: String
  ) throws(UnifyError) {
    guard let text else { return }
    guard (1...UnifyLimits.contactCharacters).contains(text.utf8.count),
      isMade(text, beside: others)
    else { throw .invalidField(field) }
  }

  /// Whether text has only letters and digits of ASCII, and the characters given.
  private static func isMade(_ text: String, beside others: String) -> Bool {
    text.utf8.allSatisfy { byte in
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
        || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || others.utf8.contains(byte)
    }
  }
}
