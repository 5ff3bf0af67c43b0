import ProveDeviceRegistry
import ProveKeyModel

// The JSON of what the server asks of a device.

extension DeviceStep: Codable {
  private enum CodingKeys: String, CodingKey {
    case type, challenge, phoneNumberNeeded, error
    case deviceID = "deviceId"
    case finish
  }

  private enum Kind: String {
    case presentKey, presentAnotherKey, mobileAuth, startOTP, finishOTP, startInstantLink
    case awaitInstantLink, offerKey, finished
  }

  /// Reads a step.
  public init(from decoder: any Decoder) throws {
    let from = try decoder.container(keyedBy: CodingKeys.self)
    switch try from.name(Kind.self, .type) {
    case .presentKey: self = .presentKey(Challenge(bytes: try from.bytes(.challenge)))
    case .presentAnotherKey:
      self = .presentAnotherKey(Challenge(bytes: try from.bytes(.challenge)))
    case .mobileAuth: self = .mobileAuth
    case .startOTP:
      self = .startOTP(
        phoneNumberNeeded: try from.decode(Bool.self, forKey: .phoneNumberNeeded),
        try from.nameIfPresent(PhoneNumberEntryError.self, .error))
    case .finishOTP: self = .finishOTP(try from.nameIfPresent(OTPEntryError.self, .error))
    case .startInstantLink:
      self = .startInstantLink(
        phoneNumberNeeded: try from.decode(Bool.self, forKey: .phoneNumberNeeded),
        try from.nameIfPresent(PhoneNumberEntryError.self, .error))
    case .awaitInstantLink: self = .awaitInstantLink
    case .offerKey:
      let isNamed = try from.decodeIfPresent(String.self, forKey: .deviceID) != nil
      self = .offerKey(
        Challenge(bytes: try from.bytes(.challenge)),
        as: isNamed ? try from.identifier(DeviceID.self, .deviceID) : nil)
    case .finished: self = .finished(try from.decode(DeviceFinish.self, forKey: .finish))
    }
  }

  /// Writes a step.
  public func encode(to encoder: any Encoder) throws {
    var to = encoder.container(keyedBy: CodingKeys.self)
    let kind: Kind
    switch self {
    case .presentKey(let challenge):
      kind = .presentKey
      try to.encode(WireText.text(challenge.bytes), forKey: .challenge)
    case .presentAnotherKey(let challenge):
      kind = .presentAnotherKey
      try to.encode(WireText.text(challenge.bytes), forKey: .challenge)
    case .mobileAuth: kind = .mobileAuth
    case .startOTP(let isNeeded, let error):
      kind = .startOTP
      try to.encode(isNeeded, forKey: .phoneNumberNeeded)
      try to.encodeIfPresent(error?.rawValue, forKey: .error)
    case .finishOTP(let error):
      kind = .finishOTP
      try to.encodeIfPresent(error?.rawValue, forKey: .error)
    case .startInstantLink(let isNeeded, let error):
      kind = .startInstantLink
      try to.encode(isNeeded, forKey: .phoneNumberNeeded)
      try to.encodeIfPresent(error?.rawValue, forKey: .error)
    case .awaitInstantLink: kind = .awaitInstantLink
    case .offerKey(let challenge, let id):
      kind = .offerKey
      try to.encode(WireText.text(challenge.bytes), forKey: .challenge)
      try to.encodeIfPresent(id?.rawValue, forKey: .deviceID)
    case .finished(let finish):
      kind = .finished
      try to.encode(finish, forKey: .finish)
    }
    try to.encode(kind.rawValue, forKey: .type)
  }
}

extension DeviceFinish: Codable {
  private enum CodingKeys: String, CodingKey {
    case authID = "authId"
    case success, reason
    case deviceID = "deviceId"
    case dropsPresentedKey
  }

  /// Reads the end of a flow.
  public init(from decoder: any Decoder) throws {
    let from = try decoder.container(keyedBy: CodingKeys.self)
    let isAuthenticated: Bool? =
      switch try from.name(UnifySuccess.self, .success) {
      case .true: true
      case .false: false
      case .pending, .possessionRequired: nil
      }
    let isNamed = try from.decodeIfPresent(String.self, forKey: .deviceID) != nil
    self.init(
      authID: try from.decode(String.self, forKey: .authID), isAuthenticated: isAuthenticated,
      reason: try from.decodeIfPresent(String.self, forKey: .reason),
      deviceID: isNamed ? try from.identifier(DeviceID.self, .deviceID) : nil,
      dropsPresentedKey: try from.decodeIfPresent(Bool.self, forKey: .dropsPresentedKey) ?? false)
  }

  /// Writes the end of a flow.
  public func encode(to encoder: any Encoder) throws {
    var to = encoder.container(keyedBy: CodingKeys.self)
    let success: UnifySuccess =
      switch isAuthenticated {
      case true: .true
      case false: .false
      default: .possessionRequired
      }
    try to.encode(authID, forKey: .authID)
    try to.encode(success.rawValue, forKey: .success)
    try to.encodeIfPresent(reason, forKey: .reason)
    try to.encodeIfPresent(deviceID?.rawValue, forKey: .deviceID)
    if dropsPresentedKey { try to.encode(true, forKey: .dropsPresentedKey) }
  }
}
