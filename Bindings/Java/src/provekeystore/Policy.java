package provekeystore;

import provekeystore.internal.Library;
import provekeystore.internal.Structs.pks_policy;

/** The integrator's choices; those that are not made are Prove's behaviour with our defaults. */
public final class Policy {
  final pks_policy struct = new pks_policy();

  /** The defaults. */
  public Policy() {
    Library.call("pks_policy_default", struct);
  }

  /** The integrator's number of this policy, kept with every event. */
  public Policy version(int version) {
    struct.version = version;
    return this;
  }

  /** After how many months without use a key is dead, 1 to 120. */
  public Policy inactivityMonths(int months) {
    struct.inactivity_months = months;
    return this;
  }

  /** Whether a visitor may recover a registration whose key is gone. */
  public Policy keyPersistence(boolean on) {
    struct.key_persistence = on ? 1 : 0;
    return this;
  }

  /** How old a binding may be: -1 for any age, 0 for none. */
  public Policy maximumBindingAgeSeconds(long seconds) {
    struct.maximum_binding_age_seconds = seconds;
    return this;
  }

  /** How sure a visitor must be, 0 to 1. */
  public Policy minimumVisitorConfidence(double confidence) {
    struct.minimum_visitor_confidence = confidence;
    return this;
  }

  /** Whether the latest of several candidates is taken; else none is. */
  public Policy selectsMostRecent(boolean on) {
    struct.selection = on ? 0 : 1;
    return this;
  }

  /** Whether a visitor alone, without a number, recovers. */
  public Policy recoversByVisitorAlone(boolean on) {
    struct.recovers_by_visitor_alone = on ? 1 : 0;
    return this;
  }

  /** Whether what looks like a copied key is rejected; else possession is checked. */
  public Policy rejectsClones(boolean on) {
    struct.clone_response = on ? 1 : 0;
    return this;
  }

  /** How many live registrations a person may have: one more is refused. */
  public Policy refusesBeyond(int registrations) {
    struct.registration_cap_kind = 1;
    struct.registration_cap = registrations;
    return this;
  }

  /** How many live registrations a person may have: one more supersedes the oldest. */
  public Policy supersedesBeyond(int registrations) {
    struct.registration_cap_kind = 2;
    struct.registration_cap = registrations;
    return this;
  }

  /** Whether every decision is kept as an event; else changes, refusals and demands. */
  public Policy keepsEveryDecision(boolean on) {
    struct.keeps_every_decision = on ? 1 : 0;
    return this;
  }

  /** How finely the last authentication is kept, 0 to 86,400 seconds. */
  public Policy lastAuthenticatedGranularitySeconds(long seconds) {
    struct.last_authenticated_granularity_seconds = seconds;
    return this;
  }

  /** How long the details of events are kept, 1 to 36,500 days; -1 for as long as the person is. */
  public Policy eventDetailDays(long days) {
    struct.event_detail_days = days;
    return this;
  }
}
