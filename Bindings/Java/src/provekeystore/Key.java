package provekeystore;

import java.time.Instant;
import java.util.Arrays;
import provekeystore.internal.Library;
import provekeystore.internal.Structs.pks_key;

/**
 * The public half of a key.
 *
 * @param algorithm 1 for Ed25519, 2 for ES256
 * @param isPlaced whether the server has it; else it is pending
 * @param confirmedAt null while pending
 */
public record Key(
    String deviceId, int algorithm, byte[] publicKey, String origin, boolean isPlaced,
    Instant createdAt, Instant confirmedAt) {
  static Key of(pks_key read) {
    return new Key(
        Library.text(read.device_id), read.algorithm,
        Arrays.copyOf(read.public_key, read.public_key_length), Library.text(read.origin),
        read.state == 2, Instant.ofEpochMilli(read.created_at),
        read.confirmed_at == 0 ? null : Instant.ofEpochMilli(read.confirmed_at));
  }
}
