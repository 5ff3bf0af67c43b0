import ProveKeyModel

// What a device says carries codes, tokens and keys; what is printed of it carries none.

extension DeviceStart: CustomStringConvertible, CustomReflectable {
  /// The build config; never the tokens.
  public var description: String {
    "DeviceStart(\(buildConfig.rawValue), redacted)"
  }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

extension DeviceContextProof: CustomStringConvertible, CustomReflectable {
  /// Nothing of it.
  public var description: String { "DeviceContextProof(redacted)" }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

extension DeviceFinish: CustomStringConvertible, CustomReflectable {
  /// How the flow ended and why; never an id.
  public var description: String {
    let isAuthenticated = isAuthenticated.map { "\($0)" } ?? "possession required"
    return "DeviceFinish(\(isAuthenticated), \(reason ?? "no reason"), redacted)"
  }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

extension DeviceReply: CustomStringConvertible, CustomReflectable {
  /// The kind of reply; never a code, a token, a number or a key.
  public var description: String {
    switch self {
    case .presented(let assertion): "presented(\(assertion == nil ? "no key" : "a key"))"
    case .mobileAuth(let token): "mobileAuth(\(token == nil ? "nothing" : "redacted"))"
    case .consent(let number): "consent(\(number == nil ? "no number" : "redacted"))"
    case .code: "code(redacted)"
    case .waiting: "waiting"
    case .resend: "resend"
    case .changeNumber: "changeNumber"
    case .offered: "offered(a key)"
    case .cancelled: "cancelled"
    }
  }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

extension OTPFinishResult: CustomStringConvertible, CustomReflectable {
  /// What the person did; never the code.
  public var description: String {
    switch self {
    case .success: "success(redacted)"
    case .resend: "resend"
    case .changeNumber: "changeNumber"
    }
  }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}
