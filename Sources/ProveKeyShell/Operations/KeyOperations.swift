import JSONLines
import ProveKeyModel
import ProveKeyVault

/// The keys role: place, look up, sign, remove; a private key never leaves the vault (H4).
extension ShellOperation {
  static let keys: [ShellOperation] = [
    ShellOperation(
      "keys.place", [.required("origin"), .optional("buildConfig"), .optional("deviceId")],
      "the pending key"
    ) { session, fields in
      let id = try fields.optionalText("deviceId").map { try DeviceID(validating: $0) }
      return .key(try session.vault.placeKey(in: fields.scope(), as: id))
    },
    ShellOperation(
      "keys.confirm", [.required("origin"), .optional("buildConfig"), .required("deviceId")],
      "the placed key"
    ) { session, fields in
      .key(try session.vault.confirmKey(fields.deviceID(), in: fields.scope()))
    },
    ShellOperation("keys.get", [.required("deviceId")], "the key or null") { session, fields in
      .key(try session.vault.key(fields.deviceID()))
    },
    ShellOperation(
      "keys.current", [.required("origin"), .optional("buildConfig")],
      "the key to use, or null"
    ) { session, fields in
      .key(try session.vault.currentKey(in: fields.scope()))
    },
    ShellOperation(
      "keys.list", [.required("origin"), .optional("buildConfig")], "keys, latest first"
    ) { session, fields in
      .array(try session.vault.keys(in: fields.scope()).map { .key($0) })
    },
    ShellOperation(
      "keys.sign", [.required("deviceId"), .required("challenge")], "the assertion"
    ) { session, fields in
      let challenge = try fields.bytes("challenge")
      return .assertion(try session.vault.sign(challenge, with: fields.deviceID()))
    },
    ShellOperation(
      "keys.remove", [.required("deviceId")], "false when there was none"
    ) { session, fields in
      .boolean(try session.vault.removeKey(fields.deviceID()))
    },
  ]
}

extension LineFields {
  fileprivate func deviceID() throws -> DeviceID {
    try DeviceID(validating: text("deviceId"))
  }

  fileprivate func scope() throws -> KeyScope {
    var config = BuildConfig.usUAT
    if let given = try optionalWord("buildConfig", as: BuildConfig.self) { config = given }
    return try KeyScope(buildConfig: config, origin: text("origin"))
  }
}

extension JSONText {
  /// The public facts of a key, or null.
  fileprivate static func key(_ key: ProveKey?) -> JSONText {
    guard let key else { return .null }
    return .object([
      ("deviceId", .string(key.deviceID.rawValue)),
      ("state", .string(key.state == .placed ? "placed" : "pending")),
      ("algorithm", .string(key.publicKey.algorithm.name)),
      ("publicKey", .binary(key.publicKey.bytes)),
      ("buildConfig", .string(key.scope.buildConfig.rawValue)),
      ("origin", .string(key.scope.origin)),
      ("createdAt", .string(key.createdAt.iso8601)),
      ("confirmedAt", key.confirmedAt.map { .string($0.iso8601) } ?? .null),
    ])
  }

  /// An assertion, in parts and in its wire form.
  fileprivate static func assertion(_ assertion: KeyAssertion) -> JSONText {
    .object([
      ("deviceId", .string(assertion.deviceID.rawValue)),
      ("counter", assertion.counter.map { .integer($0) } ?? .null),
      ("generation", assertion.vaultState.map { .integer($0.generation) } ?? .null),
      ("digest", assertion.vaultState.map { .binary($0.digest) } ?? .null),
      ("signature", .binary(assertion.signature)),
      ("encoded", .binary(assertion.encoded)),
    ])
  }
}
