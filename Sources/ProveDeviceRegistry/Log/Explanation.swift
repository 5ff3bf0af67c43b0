public import ProveKeyModel

/// What happened to a registration once, in words for somebody who helps the person.
public struct Explanation: Hashable, Sendable {
  /// When.
  public let at: UTCInstant
  /// What kind of event it was.
  public let kind: KeyEvent.Kind
  /// The row of the decision table behind it, if a decision was.
  public let row: DecisionRow?
  /// A sentence or two without numbers or ids.
  public let text: String
}

extension DeviceRegistry {
  /// Tells in plain words why the last attempts with a registration ended as they did.
  /// - Parameter limit: how many of the latest events: 1 to 1,000.
  /// - Returns: the latest first; the first tells how things stand now.
  /// - Throws: ``RegistryError/unknownDevice`` when nothing is, or ever was, under this id.
  public func explain(
    _ id: DeviceID, limit: Int = 20
  ) async throws(RegistryError) -> [Explanation] {
    guard (1...RegistryLimits.pageLimit).contains(limit) else {
      throw .model(.malformed(field: "limit"))
    }
    let device = codec.locator(of: id)
    guard let last = try await store.lastEvent(of: device) else { throw .unknownDevice }
    let first = last.sequence > UInt64(limit) ? last.sequence - UInt64(limit) : 0
    return try await events(at: device, after: first, limit: limit).reversed().map {
      Explanation(at: $0.at, kind: $0.kind, row: $0.row, text: $0.sentence)
    }
  }
}

extension KeyEvent {
  fileprivate var sentence: String {
    switch kind {
    case .placed: "The key was registered. It is not tied to a phone number by that."
    case .bound: "Possession of a number was proven and the key was tied to it."
    case .authenticated: "The key was enough: no possession check was needed."
    case .recovered:
      "The browser had lost its key; the registration was restored under a new one."
    case .rebound: "Possession was proven anew and the key was tied to the verified number."
    case .unbound: "The tie to the number was taken away. The next use needs a possession check."
    case .revoked:
      "The key was disabled for good\(cause). Only a new full flow makes a new key."
    case .deactivated:
      "The key had not been used for the months of the policy and is no longer honoured."
    case .rekeyed: "After a possession check the key was replaced by a new one."
    case .counterRegression, .staleVault, .forkedVault, .rejected, .possessionRequired, .decided:
      decisionSentence
    case .possessionFailed: "The possession check failed; bindings stayed as they were."
    case .suspended: "An operator suspended the key. It is refused until it is resumed."
    case .resumed: "An operator let the key be used again."
    case .renamed: "The device got another name."
    case .disconnected:
      "The number was marked as out of service. The next use needs a check of a number in service."
    case .erased: "The person's data was erased and the registration with it."
    case .imported: "The registration was brought in from another registry."
    }
  }

  private var cause: String {
    switch reason {
    case "superseded": ", since a newer registration of the same browser and number took its place"
    case "deactivated": ", since it was inactive and its successor was tied to the number"
    default: ""
    }
  }

  private var decisionSentence: String {
    switch reason {
    case "revoked": "The key was refused because it is revoked."
    case "suspended": "The key was refused because it is suspended."
    case "phoneMismatch":
      "The key is tied to another number than the request named: refused, and the tie stands."
    case "identityMismatch":
      "The key belongs to another consumer than the request named: refused, and the tie stands."
    case "clonedKey": "The key seems to have been copied, and the policy refuses such keys."
    case "counterRegression":
      "A signature counter came twice or too late, as when a key is copied: a check was asked for."
    case "staleVault":
      "The device's storage is older than one seen before, as from a backup: a check was asked for."
    case "forkedVault":
      "Two copies of the device's storage are in use: a possession check was asked for."
    case "rebindRequested": "The request forced a possession check."
    case "keyNotBound": "The key is not tied to a number yet: a possession check was asked for."
    case "keyInactive":
      "The key was not used for the months of the policy: a check and a new key were asked for."
    case "bindingTooOld": "The tie is older than the policy allows: a check was asked for."
    case "numberDisconnected":
      "The number is out of service: a check of a number in service was asked for."
    case "storedDeviceRevoked": "The stored device was revoked and could not be restored."
    case "storedDeviceSuspended": "The stored device is suspended and could not be restored."
    case "storedDeviceNotCandidate":
      "The stored device does not belong to the browser that asked, and was not restored."
    case nil: "The registration was found good: no possession check was needed."
    default: "A possession check was asked for (\(reason ?? "no reason"))."
    }
  }
}
