package provekeystore;

import provekeystore.internal.Library;
import provekeystore.internal.Structs.pks_decision;

/**
 * What the rules say of a request.
 *
 * @param row of the decision table, as in "D11"
 * @param reason as in "keyInactive", null where there is none; there may be more in later versions
 * @param deviceId the registration that it is about, null for none
 * @param wireCode Prove's code of a refusal that has one, as 8019; else null
 * @param ticket completes the decision; null for a refusal
 */
public record Decision(
    String row, Outcome outcome, Action action, String reason, String deviceId, Integer wireCode,
    int candidateCount, String ticket) {
  /** What follows. */
  public enum Outcome {
    /** The key is enough. */
    AUTHENTICATE,
    /** Restored under a new key, which completing needs. */
    RECOVER,
    /** Possession is to be checked. */
    REQUIRE_POSSESSION,
    /** No. */
    REJECT
  }

  /** What completing does when possession was needed. */
  public enum Action {
    /** Nothing more. */
    NONE,
    /** Places and binds a new key. */
    PLACE,
    /** Binds the key. */
    BIND,
    /** Binds the key to another number. */
    REBIND,
    /** Puts a new key in the place of the old one. */
    REKEY
  }

  static Decision of(pks_decision read, String ticket) {
    return new Decision(
        "D" + read.row, Outcome.values()[read.outcome - 1], Action.values()[read.action],
        Library.optional(read.reason), Library.optional(read.device_id),
        read.wire_code == 0 ? null : (Integer) read.wire_code, read.candidate_count,
        ticket.isEmpty() ? null : ticket);
  }
}
