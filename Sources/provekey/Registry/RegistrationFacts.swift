import ProveDeviceRegistry
import ProveKeyModel

/// A registration's facts as they are printed: phone numbers redacted.
enum RegistrationFacts {
  static func all(of key: KeyRegistration, _ policy: RegistryPolicy) -> Output.Facts {
    [
      ("deviceId", .text(key.deviceID.rawValue)), ("state", .text(key.state.name.rawValue)),
      ("algorithm", .text(key.publicKey.algorithm.name)),
      ("phoneNumber", key.association.map { .text($0.phoneNumber.redacted) }),
      ("proveId", key.association?.proveID.map { .text($0.rawValue) }),
      ("boundAt", key.binding.map { .text($0.boundAt.iso8601) }),
      ("disconnectedAt", key.binding?.disconnectedAt.map { .text($0.iso8601) }),
      ("deviceType", .text(key.device.kind.name)),
      ("deviceName", key.device.name.map { .text($0) }),
      ("clientCustomerId", key.clientCustomerID.map { .text($0.rawValue) }),
      ("clientHumanId", key.clientHumanID.map { .text($0.rawValue) }),
      ("placedAt", .text(key.placedAt.iso8601)),
      ("lastAuthenticatedAt", key.lastAuthenticatedAt.map { .text($0.iso8601) }),
      ("suspendedAt", key.isSuspended ? key.suspendedAt.map { .text($0.iso8601) } : nil),
      (
        "inactiveFrom",
        key.binding.map { _ in
          .text(key.becomesInactive(afterMonths: policy.inactivityMonths).iso8601)
        }
      ),
      ("version", .number(Int(clamping: key.version))),
    ]
  }
}
