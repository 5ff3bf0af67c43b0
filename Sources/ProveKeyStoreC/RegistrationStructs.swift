import CProveKeyStore
import ProveDeviceRegistry
import ProveKeyModel

extension pks_registration {
  /// Fills a zeroed struct in with a registration as it is now by the policy.
  mutating func fill(_ key: KeyRegistration, _ policy: RegistryPolicy, now: UTCInstant) {
    state = key.state.name.number
    is_suspended = key.isSuspended ? 1 : 0
    is_inactive = key.isInactive(at: now, afterMonths: policy.inactivityMonths) ? 1 : 0
    device_kind = UInt32(key.device.kind.rawValue)
    algorithm = UInt32(key.publicKey.algorithm.rawValue)
    version = key.version
    placed_at = key.placedAt.millisecondsSinceEpoch
    bound_at = key.association?.boundAt.millisecondsSinceEpoch ?? 0
    last_authenticated_at = key.lastAuthenticatedAt?.millisecondsSinceEpoch ?? 0
    if case .revoked(let revocation) = key.state {
      revoked_at = revocation.revokedAt.millisecondsSinceEpoch
    }
    becomes_inactive_at =
      key.becomesInactive(afterMonths: policy.inactivityMonths).millisecondsSinceEpoch
    public_key_length = write(bytes: key.publicKey, to: &public_key)
    write(key.deviceID.rawValue, to: &device_id)
    if let binding = key.association {
      write(binding.phoneNumber.e164, to: &phone_number)
      if let id = binding.proveID { write(id.rawValue, to: &prove_id) }
    }
    if let id = key.visitorID { write(id.rawValue, to: &visitor_id) }
    if let id = key.clientCustomerID { write(id.rawValue, to: &client_customer_id) }
    if let id = key.clientHumanID { write(id.rawValue, to: &client_human_id) }
    if let name = key.device.name { write(name, to: &device_name) }
  }
}

extension RegistrationStateName {
  fileprivate var number: UInt32 {
    let state =
      switch self {
      case .placed: PKS_STATE_PLACED
      case .bound: PKS_STATE_BOUND
      case .unbound: PKS_STATE_UNBOUND
      case .revoked: PKS_STATE_REVOKED
      }
    return state.rawValue
  }
}

extension pks_event {
  /// Fills a zeroed struct in.
  mutating func fill(_ event: KeyEvent) {
    row = UInt32(event.row?.rawValue ?? 0)
    sequence = event.sequence
    at = event.at.millisecondsSinceEpoch
    policy_version = event.policyVersion
    has_detail = event.detail == nil ? 0 : 1
    write(event.kind.name, to: &kind)
    if let text = event.reason { write(text, to: &reason) }
    write(event.actor, to: &actor)
  }
}

extension pks_decision {
  init(_ decision: RegistryDecision) {
    self.init()
    row = UInt32(decision.row.rawValue)
    switch decision.outcome {
    case .authenticate(let id):
      outcome = PKS_AUTHENTICATE.rawValue
      write(id.rawValue, to: &device_id)
    case .recover(let id):
      outcome = PKS_RECOVER.rawValue
      write(id.rawValue, to: &device_id)
    case .requirePossession(let why, let plan):
      outcome = PKS_REQUIRE_POSSESSION.rawValue
      action = plan.action.number
      write(why.name, to: &reason)
      if case .ambiguous(let count) = why { candidate_count = UInt32(count) }
      if let id = plan.action.deviceID { write(id.rawValue, to: &device_id) }
    case .reject(let why):
      outcome = PKS_REJECT.rawValue
      wire_code = UInt32(why.wireCode ?? 0)
      write(why.rawValue, to: &reason)
    }
  }
}

extension KeyPlan.Action {
  fileprivate var number: UInt32 {
    let action =
      switch self {
      case .none: PKS_ACTION_NONE
      case .place: PKS_ACTION_PLACE
      case .bind: PKS_ACTION_BIND
      case .rebind: PKS_ACTION_REBIND
      case .rekey: PKS_ACTION_REKEY
      }
    return action.rawValue
  }
}

/// What a caller names a person by.
func subject(
  _ kind: UInt32, _ value: UnsafePointer<CChar>?
) throws -> PersonalSubject {
  switch pks_subject(kind) {
  case PKS_SUBJECT_PHONE_NUMBER: .phoneNumber(try PhoneNumber(unsafe text(value)))
  case PKS_SUBJECT_PROVE_ID: .proveID(try unsafe identifier(value))
  case PKS_SUBJECT_CLIENT_CUSTOMER_ID: .clientCustomerID(try unsafe identifier(value))
  case PKS_SUBJECT_CLIENT_HUMAN_ID: .clientHumanID(try unsafe identifier(value))
  case PKS_SUBJECT_DEVICE_ID: .deviceID(try unsafe identifier(value))
  default: throw Refusal.badValue("subject")
  }
}
