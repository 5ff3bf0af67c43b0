import ProveKeyModel

// Messages carry numbers, ids and tokens; what is printed of them carries none.

extension UnifyRequest: CustomStringConvertible, CustomReflectable {
  /// The channel asked for; never a number, an id or an address.
  public var description: String {
    "UnifyRequest(\(Channel(rawValue: possessionType)?.rawValue ?? "unknown channel"), redacted)"
  }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

extension UnifyResponse: CustomStringConvertible, CustomReflectable {
  /// How far the flow is; never its id or token.
  public var description: String {
    "UnifyResponse(\(success.rawValue), redacted)"
  }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

extension UnifyStatusRequest: CustomStringConvertible, CustomReflectable {
  /// Nothing of the request.
  public var description: String {
    "UnifyStatusRequest(redacted)"
  }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

extension UnifyBindRequest: CustomStringConvertible, CustomReflectable {
  /// Nothing of the request.
  public var description: String {
    "UnifyBindRequest(redacted)"
  }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

extension UnifyStatusResponse: CustomStringConvertible, CustomReflectable {
  /// How the flow stands and why; never a number or an id.
  public var description: String {
    "UnifyStatusResponse(\(success.rawValue), \(evaluation), redacted)"
  }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

extension RevokeDeviceRequest: CustomStringConvertible, CustomReflectable {
  /// Nothing of the request.
  public var description: String {
    "RevokeDeviceRequest(redacted)"
  }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}
