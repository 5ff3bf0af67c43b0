package provekeystore;

import java.time.Instant;
import java.util.Arrays;
import provekeystore.internal.Library;
import provekeystore.internal.Structs.pks_registration;

/**
 * A registration; what it has none of is null.
 *
 * @param isInactive by the registry's policy, when it was read
 * @param phoneNumber bound now, or last
 */
public record Registration(
    String deviceId, State state, boolean isSuspended, boolean isInactive, int algorithm,
    byte[] publicKey, String phoneNumber, String proveId, String visitorId,
    String clientCustomerId, String clientHumanId, String deviceName, long version,
    Instant placedAt, Instant boundAt, Instant lastAuthenticatedAt, Instant revokedAt,
    Instant becomesInactiveAt) {
  /** The states of a registration. */
  public enum State {
    /** Registered, and bound to no number yet. */
    PLACED,
    /** Bound to a number. */
    BOUND,
    /** Bound no longer. */
    UNBOUND,
    /** Disabled for good. */
    REVOKED
  }

  /** Whether its key can be enough for an authentication. */
  public boolean isUsable() {
    return state == State.BOUND && !isSuspended && !isInactive;
  }

  /** Null where there is no registration. */
  static Registration of(pks_registration read) {
    if (read.state == 0) {
      return null;
    }
    return new Registration(
        Library.text(read.device_id), State.values()[read.state - 1], read.is_suspended != 0,
        read.is_inactive != 0, read.algorithm,
        Arrays.copyOf(read.public_key, read.public_key_length),
        Library.optional(read.phone_number), Library.optional(read.prove_id),
        Library.optional(read.visitor_id), Library.optional(read.client_customer_id),
        Library.optional(read.client_human_id), Library.optional(read.device_name), read.version,
        Instant.ofEpochMilli(read.placed_at), instant(read.bound_at),
        instant(read.last_authenticated_at), instant(read.revoked_at),
        Instant.ofEpochMilli(read.becomes_inactive_at));
  }

  private static Instant instant(long milliseconds) {
    return milliseconds == 0 ? null : Instant.ofEpochMilli(milliseconds);
  }
}
