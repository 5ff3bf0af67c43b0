package import JSONLines
public import ProveKeyModel
import ProveKeySealing

/// A registration as one line of JSON, with every field that it has: how registrations travel
/// between registries.
///
/// The line holds personal data in the clear. `docs/registry-command.md` lists the members.
public struct RegistrationDocument: Hashable, Sendable {
  /// The registration.
  public let registration: KeyRegistration

  /// Takes a registration to be written.
  public init(_ registration: KeyRegistration) {
    self.registration = registration
  }

  /// The longest line that is read, its end not counted.
  public static let lineByteLimit = 32_768

  /// The line, in UTF-8 and without its end.
  public var line: [UInt8] { json.bytes }

  /// The line as a value that may stand within another.
  package var json: JSONText { jsonText(of: registration) }
}

/// Why a line is no registration, in words that repeat nothing of it.
public struct DocumentProblem: Error, Hashable, Sendable {
  /// The reason, such as `'placedAt' must be an instant like 2026-01-31T00:00:00.000Z`.
  public let reason: String
}

// MARK: - Writing

private func jsonText(of key: KeyRegistration) -> JSONText {
  var members: [(String, JSONText)] = [
    ("format", .integer(1)),
    ("deviceId", .string(key.deviceID.rawValue)),
    ("algorithm", .string(key.publicKey.algorithm.name)),
    ("publicKey", .string(Base64URL.encode(key.publicKey.bytes))),
    ("state", .string(key.state.name.rawValue)),
  ]
  if let binding = key.association { members.append(("binding", jsonText(of: binding))) }
  if case .revoked(let revocation) = key.state {
    members.append(
      (
        "revocation",
        .object([
          ("at", .string(revocation.revokedAt.iso8601)),
          ("cause", .string(revocation.cause.name)),
        ])
      ))
  }
  members.append(("device", jsonText(of: key.device)))
  func add(_ name: String, _ text: String?) {
    if let text { members.append((name, .string(text))) }
  }
  add("clientCustomerId", key.clientCustomerID?.rawValue)
  add("clientHumanId", key.clientHumanID?.rawValue)
  add("visitorId", key.visitorID?.rawValue)
  add("placedAt", key.placedAt.iso8601)
  add("lastAuthenticatedAt", key.lastAuthenticatedAt?.iso8601)
  add("deactivatedAt", key.deactivatedAt?.iso8601)
  add("suspendedAt", key.suspendedAt?.iso8601)
  if let window = key.replayWindow {
    let used = (0..<ReplayWindow.width).filter { window.used & (1 << $0) != 0 }
    members.append(
      (
        "counters",
        .object([
          ("highest", .integer(window.highest)),
          ("used", .array(used.map { .integer(window.highest - 1 - $0) })),
        ])
      ))
  }
  if let state = key.vaultState {
    members.append(
      (
        "vault",
        .object([
          ("generation", .integer(state.generation)),
          ("digest", .string(Base64URL.encode(state.digest))),
        ])
      ))
  }
  members.append(("version", .integer(key.version)))
  return .object(members)
}

private func jsonText(of binding: KeyRegistration.Binding) -> JSONText {
  var members: [(String, JSONText)] = [("phoneNumber", .string(binding.phoneNumber.e164))]
  if let id = binding.proveID { members.append(("proveId", .string(id.rawValue))) }
  members.append(("boundAt", .string(binding.boundAt.iso8601)))
  if let at = binding.disconnectedAt { members.append(("disconnectedAt", .string(at.iso8601))) }
  return .object(members)
}

private func jsonText(of device: DeviceDescription) -> JSONText {
  var members: [(String, JSONText)] = [("type", .string(device.kind.name))]
  if let name = device.name { members.append(("name", .string(name))) }
  if !device.capabilities.isEmpty {
    members.append(("capabilities", .array(device.capabilities.map { .string($0) })))
  }
  return .object(members)
}

extension KeyRegistration.Revocation.Cause {
  /// The cause's name in a document.
  var name: String { String(describing: self) }
}
