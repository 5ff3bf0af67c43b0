import ProveDeviceRegistry
import ProveKeyModel
import ProveKeySealing

/// What the README's server example talks to.
protocol ExampleDevice: Sendable {
  func offerKey(as deviceID: DeviceID?) async throws -> (NewKey, Challenge)
  func provePossession(because reason: PossessionReason) async throws -> PhoneNumber
}

/// How the README's server example refuses.
struct Refused: Error {
  let code: Int?
}

/// The README's server example, to the letter, between its two halves: opening and deciding.
func openExample(path: String, keyPath: String) async throws -> DeviceRegistry {
  let store = try SQLiteRegistryStore(at: path, unlock: .keyFile(keyPath))
  let scope = try RegistryScope(tenant: "shop", buildConfig: .usUAT)
  let registry = try await DeviceRegistry(store: store, scope: scope)

  return registry
}

/// The second half.
func decideExample(
  registry: DeviceRegistry, assertion: KeyAssertion?, challenge: Challenge?,
  device: any ExampleDevice
) async throws -> KeyRegistration? {
  let request = KeyRequest(channel: .mobile, phoneNumber: try PhoneNumber("2001004014"))
  let decision = try await registry.decide(request, presenting: assertion, for: challenge)
  switch decision.outcome {
  case .authenticate:
    return try await registry.complete(decision)
  case .recover(let deviceID):
    let (newKey, challenge) = try await device.offerKey(as: deviceID)
    return try await registry.complete(decision, newKey: newKey, for: challenge)
  case .requirePossession(let reason, let plan):
    let number = try await device.provePossession(because: reason)
    let (newKey, challenge) = try await device.offerKey(as: plan.action.deviceID)
    return try await registry.complete(
      decision, possession: .passed(number), newKey: newKey, for: challenge)
  case .reject(let reason):
    throw Refused(code: reason.wireCode)
  }
}
