import ProveKeyModel
import Testing

/// A value that cannot fail to be made; trips the test process if it does.
private func fixture<Value>(_ make: () throws(ModelError) -> Value) -> Value {
  do { return try make() } catch { preconditionFailure("a fixture is malformed: \(error)") }
}

extension PhoneNumber {
  static let lorant = fixture { () throws(ModelError) in try PhoneNumber("2001004014") }
  static let inge = fixture { () throws(ModelError) in try PhoneNumber("2001004016") }
  static let jesse = fixture { () throws(ModelError) in try PhoneNumber("2001004017") }
}

extension ProveID {
  static let lorant = fixture { () throws(ModelError) in try ProveID(validating: "prove-lorant") }
  static let inge = fixture { () throws(ModelError) in try ProveID(validating: "prove-inge") }
}

extension RegistryScope {
  static let shop = scope("shop", .usUAT)

  static func scope(_ tenant: String, _ config: BuildConfig) -> RegistryScope {
    fixture { () throws(ModelError) in try RegistryScope(tenant: tenant, buildConfig: config) }
  }
}

extension RegistryPolicy {
  /// Recovery through a visitor ID switched on.
  static let persistent = fixture { () throws(ModelError) in
    try RegistryPolicy(keyPersistence: true)
  }
}

extension Visitor {
  static func named(_ name: String = "visitor-1", confidence: Double = 0.99) -> Visitor {
    fixture { () throws(ModelError) in
      try Visitor(id: try VisitorID(validating: name), confidence: confidence)
    }
  }
}

extension KeyRequest {
  static func mobile(
    _ number: PhoneNumber? = .lorant, proveID: ProveID? = nil, rebind: Bool = false
  ) -> KeyRequest {
    KeyRequest(channel: .mobile, phoneNumber: number, proveID: proveID, rebind: rebind)
  }

  /// From a browser that has lost its key.
  static func browser(
    _ number: PhoneNumber? = .lorant, proveID: ProveID? = nil, stored: DeviceID? = nil,
    visitor: Visitor? = .named()
  ) -> KeyRequest {
    KeyRequest(
      channel: .mobile, phoneNumber: number, proveID: proveID, storedDeviceID: stored,
      visitor: visitor)
  }
}
