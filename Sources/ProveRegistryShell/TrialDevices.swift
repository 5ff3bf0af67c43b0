import JSONLines
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeySealing

/// Keys that live in the shell's memory alone and are gone with it: for trials, so that a script
/// without a device of its own can play the life of one.
struct TrialDevices {
  /// A key with the counter of its signatures.
  final class Device {
    let id: DeviceID
    let publicKey: PublicKey
    private let signingKey: SecretBytes
    private var counter: UInt64 = 0

    init(_ id: DeviceID) throws {
      let seed = try Ed25519.makeSeed()
      self.id = id
      publicKey = try PublicKey(
        algorithm: .ed25519, bytes: try Ed25519.publicKey(ofSeed: seed))
      signingKey = try Ed25519.signingKey(ofSeed: seed)
    }

    /// Signs a challenge.
    /// - Parameter counter: the counter to show, as a copied key would; else the next one.
    func sign(_ challenge: [UInt8], counter given: UInt64? = nil) throws -> KeyAssertion {
      let next = given ?? counter &+ 1
      counter = max(counter, next)
      let message = try KeyAssertion.signedBytes(
        challenge: challenge, deviceID: id, counter: next, vaultState: nil)
      return try KeyAssertion(
        deviceID: id, counter: next, vaultState: nil,
        signature: Ed25519.sign(message.span, with: signingKey))
    }
  }

  private var devices: [DeviceID: Device] = [:]

  /// Makes a key; one of the same deviceId is gone then, as when a browser has lost its key.
  mutating func make(_ id: DeviceID?) throws -> Device {
    var random = SecureRandomNumberGenerator()
    let id = id ?? DeviceID.random(using: &random)
    guard devices.count < RegistryShellLimits.devices || devices[id] != nil else {
      throw LineRefusal.tooManyDevices
    }
    let device = try Device(id)
    devices[id] = device
    return device
  }

  func device(_ id: DeviceID) throws(LineRefusal) -> Device {
    guard let device = devices[id] else { throw .unknownTrialDevice }
    return device
  }
}

extension RegistryShellOperation {
  static let trials: [RegistryShellOperation] = [
    RegistryShellOperation("device.new", [.optional("deviceId")], "the key's public half") {
      session, fields in
      let device = try session.devices.make(try fields.optionalIdentifier("deviceId"))
      return .object([
        ("deviceId", .string(device.id.rawValue)),
        ("algorithm", .string(device.publicKey.algorithm.name)),
        ("publicKey", .binary(device.publicKey.bytes)),
      ])
    },
    RegistryShellOperation(
      "device.sign", [.required("deviceId"), .required("challenge"), .optional("counter")],
      "`presented`, and the same as `newKey`"
    ) { session, fields in
      let device = try session.devices.device(try fields.identifier("deviceId"))
      let assertion = try device.sign(
        try fields.bytes("challenge"), counter: try fields.optionalInteger("counter"))
      return .object([
        ("presented", .binary(assertion.encoded)),
        (
          "newKey",
          .object([
            ("deviceId", .string(device.id.rawValue)),
            ("algorithm", .string(device.publicKey.algorithm.name)),
            ("publicKey", .binary(device.publicKey.bytes)),
            ("proof", .binary(assertion.encoded)),
          ])
        ),
      ])
    },
  ]
}
