public import CProveKeyStore
import ProveKeyModel

/// The default policy.
@c @implementation
public func pks_policy_default(
  _ policy: UnsafeMutablePointer<pks_policy>!, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) { try unsafe ResultPlace(policy).put(pks_policy(.prove)) }
}

extension pks_policy {
  init(_ policy: RegistryPolicy) {
    self.init()
    version = policy.version
    inactivity_months = UInt32(policy.inactivityMonths)
    key_persistence = policy.keyPersistence ? 1 : 0
    maximum_binding_age_seconds =
      switch policy.maximumBindingAge {
      case .ignored: Int64(PKS_BINDING_AGE_IGNORED.rawValue)
      case .alwaysTooOld: Int64(PKS_BINDING_AGE_ALWAYS_TOO_OLD.rawValue)
      case .seconds(let seconds): seconds
      }
    minimum_visitor_confidence = policy.minimumVisitorConfidence
    selection =
      (policy.selection == .none ? PKS_SELECT_NONE : PKS_SELECT_MOST_RECENT).rawValue
    recovers_by_visitor_alone = policy.recoversByVisitorAlone ? 1 : 0
    clone_response =
      (policy.cloneResponse == .reject ? PKS_CLONE_REJECT : PKS_CLONE_REQUIRE_POSSESSION).rawValue
    switch policy.registrationCap {
    case .none: break
    case .refuse(let above):
      (registration_cap_kind, registration_cap) = (PKS_CAP_REFUSE.rawValue, UInt32(above))
    case .supersedeOldest(let above):
      (registration_cap_kind, registration_cap) = (
        PKS_CAP_SUPERSEDE_OLDEST.rawValue, UInt32(above)
      )
    }
    keeps_every_decision = policy.eventDetail == .everyDecision ? 1 : 0
    last_authenticated_granularity_seconds = policy.lastAuthenticatedGranularitySeconds
    event_detail_days = policy.eventDetailDays.map { Int64($0) } ?? -1
  }
}

extension RegistryPolicy {
  /// The policy that a caller's struct states; the default when there is none.
  init(_ pointer: UnsafePointer<pks_policy>?) throws {
    guard let pointer = unsafe pointer else {
      self = .prove
      return
    }
    let given = try unsafe argument(pointer)
    self = try RegistryPolicy(
      inactivityMonths: Int(given.inactivity_months),
      maximumBindingAge: try Self.bindingAge(given.maximum_binding_age_seconds),
      keyPersistence: try flag(given.key_persistence, "key_persistence"),
      minimumVisitorConfidence: given.minimum_visitor_confidence,
      selection: try Self.selection(given.selection),
      recoversByVisitorAlone: try flag(
        given.recovers_by_visitor_alone, "recovers_by_visitor_alone"),
      cloneResponse: try Self.cloneResponse(given.clone_response),
      registrationCap: try Self.cap(given.registration_cap_kind, given.registration_cap),
      lastAuthenticatedGranularitySeconds: given.last_authenticated_granularity_seconds,
      eventDetail: try flag(given.keeps_every_decision, "keeps_every_decision")
        ? .everyDecision : .changes,
      eventDetailDays: given.event_detail_days == -1 ? nil : Int(given.event_detail_days),
      version: given.version)
  }

  private static func bindingAge(_ seconds: Int64) throws(Refusal) -> BindingAge {
    switch seconds {
    case Int64(PKS_BINDING_AGE_IGNORED.rawValue): .ignored
    case Int64(PKS_BINDING_AGE_ALWAYS_TOO_OLD.rawValue): .alwaysTooOld
    case 1...: .seconds(seconds)
    default: throw .badValue("maximum_binding_age_seconds")
    }
  }

  private static func selection(_ number: UInt32) throws(Refusal) -> CandidateSelection {
    switch pks_selection(number) {
    case PKS_SELECT_MOST_RECENT: .mostRecentlyAuthenticated
    case PKS_SELECT_NONE: .none
    default: throw .badValue("selection")
    }
  }

  private static func cloneResponse(_ number: UInt32) throws(Refusal) -> CloneResponse {
    switch pks_clone_response(number) {
    case PKS_CLONE_REQUIRE_POSSESSION: .requirePossession
    case PKS_CLONE_REJECT: .reject
    default: throw .badValue("clone_response")
    }
  }

  private static func cap(_ kind: UInt32, _ count: UInt32) throws(Refusal) -> RegistrationCap {
    switch pks_cap(kind) {
    case PKS_CAP_NONE: .none
    case PKS_CAP_REFUSE: .refuse(above: Int(count))
    case PKS_CAP_SUPERSEDE_OLDEST: .supersedeOldest(above: Int(count))
    default: throw .badValue("registration_cap_kind")
    }
  }
}

/// A number that stands for yes or no.
func flag(_ number: UInt32, _ field: String) throws(Refusal) -> Bool {
  guard number <= 1 else { throw .badValue(field) }
  return number == 1
}
