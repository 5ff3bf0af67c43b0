package provekeystore;

import java.time.Instant;
import provekeystore.internal.Library;
import provekeystore.internal.Structs.pks_event;

/**
 * What happened to a registration.
 *
 * @param sequence from 1
 * @param kind as in "bound"; there may be more in later versions
 * @param row of the decision table, as in "D11"; null for none
 * @param reason null for none
 */
public record Event(
    long sequence, Instant at, String kind, String row, String reason, String actor,
    int policyVersion) {
  static Event of(pks_event read) {
    return new Event(
        read.sequence, Instant.ofEpochMilli(read.at), Library.text(read.kind),
        read.row == 0 ? null : "D" + read.row, Library.optional(read.reason),
        Library.text(read.actor), read.policy_version);
  }
}
