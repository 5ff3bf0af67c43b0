import CampaignSupport
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import ProveKeyTesting

/// The devices, numbers and visitors of one run of a history: the same for all engines and the model.
final class HistoryCast: Sendable {
  let policy: RegistryPolicy
  let clock = ManualClock(UTCInstant(millisecondsSinceEpoch: 1_741_564_800_000))
  let numbers: [PhoneNumber]
  let visitors: [VisitorID]
  let ids: [DeviceID]
  private let devices: Locked<[Device]>

  private struct Device {
    var keys: [SimulatedDevice]
    var counter: UInt64 = 0
  }

  /// A key presented, or offered, in one step.
  struct Signing: Sendable {
    let device: SimulatedDevice
    let counter: UInt64?
    let vaultState: KeyAssertion.VaultState?

    func assertion(for challenge: Challenge) throws -> KeyAssertion {
      try device.assertion(for: challenge, counter: counter, vaultState: vaultState)
    }

    func offer(for challenge: Challenge) throws -> NewKey {
      try NewKey(
        deviceID: device.deviceID, publicKey: device.publicKey,
        proof: try assertion(for: challenge))
    }
  }

  /// - Parameter seed: chooses the policy.
  init(seed: UInt64) throws {
    policy = try Self.policy(seed)
    numbers = try ["2001004014", "2001004016", "2001004017"].map { try PhoneNumber($0) }
    visitors = try ["visitor-0", "visitor-1"].map { try VisitorID(validating: $0) }
    ids = try (0..<HistoryStep.deviceCount).map { try DeviceID(validating: "device-\($0)") }
    devices = Locked(try ids.map { Device(keys: [try SimulatedDevice(as: $0)]) })
  }

  private static func policy(_ seed: UInt64) throws -> RegistryPolicy {
    // Another stream than that of the steps.
    var random = SeededGenerator(seed: seed ^ 0x5EED)
    func pick<Value>(_ values: [Value]) -> Value {
      values[Int.random(in: 0..<values.count, using: &random)]
    }
    return try RegistryPolicy(
      inactivityMonths: pick([12, 12, 1]),
      maximumBindingAge: pick([.ignored, .ignored, .alwaysTooOld, .seconds(86_400)]),
      keyPersistence: pick([true, true, false]),
      selection: pick([.mostRecentlyAuthenticated, .mostRecentlyAuthenticated, .none]),
      recoversByVisitorAlone: pick([true, false]),
      cloneResponse: pick([.requirePossession, .requirePossession, .reject]),
      registrationCap: pick([.none, .none, .refuse(above: 2), .supersedeOldest(above: 1)]),
      lastAuthenticatedGranularitySeconds: pick([0, 0, 3_600]),
      eventDetail: pick([.changes, .changes, .everyDecision]))
  }

  /// The key with which a device answers a challenge.
  /// - Parameter registered: the public key that is registered for it, if any.
  func signing(
    _ index: Int, _ way: HistoryStep.Way, registered: PublicKey?
  ) throws -> Signing {
    let stranger = way == .wrongKey ? try SimulatedDevice(as: ids[index]) : nil
    return try devices.withLock { devices in
      let keys = devices[index].keys
      let key = stranger ?? keys.last { $0.publicKey == registered } ?? keys[keys.count - 1]
      switch way {
      case .withoutCounter: return Signing(device: key, counter: nil, vaultState: nil)
      case .again:
        let counter = devices[index].counter
        return Signing(device: key, counter: counter, vaultState: try Self.vault(counter))
      case .old: return Signing(device: key, counter: 0, vaultState: try Self.vault(0))
      case .fresh, .forked, .wrongKey:
        devices[index].counter += way == .fresh ? 1 : 70
        let counter = devices[index].counter
        let vault =
          way == .forked
          ? try Self.vault(max(counter, 71) - 71, variant: 9)
          : try Self.vault(counter)
        return Signing(device: key, counter: counter, vaultState: vault)
      }
    }
  }

  /// A key to be registered: the device's first, or another under the same deviceId.
  func offering(_ index: Int, isNew: Bool) throws -> Signing {
    let key = isNew ? try SimulatedDevice(as: ids[index]) : nil
    return try devices.withLock { devices in
      if let key { devices[index].keys.append(key) }
      devices[index].counter += 1
      let keys = devices[index].keys
      let counter = devices[index].counter
      return Signing(
        device: keys[keys.count - 1], counter: counter, vaultState: try Self.vault(counter))
    }
  }

  private static func vault(
    _ generation: UInt64, variant: UInt8 = 0
  ) throws -> KeyAssertion.VaultState {
    try .init(
      generation: generation,
      digest: [variant] + [UInt8](repeating: UInt8(truncatingIfNeeded: generation), count: 31))
  }

  func request(_ step: HistoryStep.Request) throws -> KeyRequest {
    KeyRequest(
      channel: step.isDesktop ? .desktop : .mobile,
      phoneNumber: step.number.map { numbers[$0] },
      storedDeviceID: step.stored.map { ids[$0] }, rebind: step.rebinds,
      visitor: try step.visitor.map {
        try Visitor(id: visitors[$0], confidence: step.isSure ? 0.95 : 0.5)
      })
  }
}

/// A step as it is carried out: the keys that sign in it are the same everywhere.
struct HistoryMove: Sendable {
  let step: HistoryStep
  var signing: HistoryCast.Signing?
}

/// What a registry, or the model, says to a step.
enum HistoryAnswer: Equatable, Sendable {
  case registration(KeyRegistration?)
  case decision(DecisionRow, KeyOutcome)
  case count(Int)
  case revocation(RevocationResult)
  case done
  case refused(RegistryError)
  /// The step refers to a decision that there is not.
  case skipped
}
