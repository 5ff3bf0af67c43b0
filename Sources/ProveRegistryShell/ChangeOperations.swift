import JSONLines
import ProveDeviceRegistry
import ProveKeyModel

/// What an integrator or operator changes outside a flow.
extension RegistryShellOperation {
  static let changes: [RegistryShellOperation] = [
    RegistryShellOperation(
      "bind",
      [.required("deviceId"), .required("phoneNumber"), .optional("proveId"), .optional("actor")],
      "the registration"
    ) { session, fields in
      let key = try await session.registry.bind(
        try fields.deviceID(), to: try fields.phoneNumber("phoneNumber"),
        proveID: try fields.optionalIdentifier("proveId"), actor: try fields.actor())
      return RegistrationDocument(key).json
    },
    RegistryShellOperation(
      "rebind",
      [.required("deviceId"), .required("phoneNumber"), .optional("proveId"), .optional("actor")],
      "the registration"
    ) { session, fields in
      let key = try await session.registry.rebind(
        try fields.deviceID(), to: try fields.phoneNumber("phoneNumber"),
        proveID: try fields.optionalIdentifier("proveId"), actor: try fields.actor())
      return RegistrationDocument(key).json
    },
    RegistryShellOperation(
      "rekey",
      [.optional("newKey"), .optional("challenge"), .optional("device"), .optional("actor")],
      "the registration"
    ) { session, fields in
      let offer = try fields.offer(session)
      guard let newKey = offer.newKey else { throw RegistryError.newKeyMissing }
      guard let challenge = offer.challenge else { throw RegistryError.challengeMissing }
      let key = try await session.registry.rekey(
        newKey, for: challenge, actor: try fields.actor())
      return RegistrationDocument(key).json
    },
    RegistryShellOperation(
      "unbind", [.required("deviceId"), .optional("reason"), .optional("actor")],
      "the registration"
    ) { session, fields in
      let key = try await session.registry.unbind(
        try fields.deviceID(), reason: try fields.optionalText("reason"),
        actor: try fields.actor())
      return RegistrationDocument(key).json
    },
    RegistryShellOperation(
      "suspend", [.required("deviceId"), .optional("reason"), .optional("actor")],
      "the registration"
    ) { session, fields in
      let key = try await session.registry.suspend(
        try fields.deviceID(), reason: try fields.optionalText("reason"),
        actor: try fields.actor())
      return RegistrationDocument(key).json
    },
    RegistryShellOperation(
      "resume", [.required("deviceId"), .optional("reason"), .optional("actor")],
      "the registration"
    ) { session, fields in
      let key = try await session.registry.resume(
        try fields.deviceID(), reason: try fields.optionalText("reason"),
        actor: try fields.actor())
      return RegistrationDocument(key).json
    },
    RegistryShellOperation(
      "rename", [.required("deviceId"), .optional("name"), .optional("actor")],
      "the registration"
    ) { session, fields in
      let key = try await session.registry.rename(
        try fields.deviceID(), to: try fields.optionalText("name"), actor: try fields.actor())
      return RegistrationDocument(key).json
    },
    RegistryShellOperation(
      "disconnect", [.required("phoneNumber"), .optional("actor")],
      "how many bound registrations were marked"
    ) { session, fields in
      let count = try await session.registry.markDisconnected(
        try fields.phoneNumber("phoneNumber"), actor: try fields.actor())
      return .integer(count)
    },
    RegistryShellOperation(
      "revoke", [.required("deviceId"), .optional("reason"), .optional("actor")],
      "`revoked` or `alreadyRevoked`"
    ) { session, fields in
      let result = try await session.registry.revoke(
        try fields.deviceID(), reason: try fields.optionalText("reason"),
        actor: try fields.actor())
      return .string(result.rawValue)
    },
    RegistryShellOperation(
      "recordAuthentication", [.required("deviceId"), .optional("actor")], "the registration"
    ) { session, fields in
      let key = try await session.registry.recordAuthentication(
        of: try fields.deviceID(), actor: try fields.actor())
      return RegistrationDocument(key).json
    },
  ]
}
