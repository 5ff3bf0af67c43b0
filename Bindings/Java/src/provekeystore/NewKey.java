package provekeystore;

import java.util.Arrays;
import provekeystore.internal.Library;
import provekeystore.internal.Structs.pks_new_key;

/** A key that a device offers for registration, with proof over the server's challenge. */
public record NewKey(String deviceId, int algorithm, byte[] publicKey, byte[] proof) {
  static NewKey of(pks_new_key read) {
    return new NewKey(
        Library.text(read.device_id), read.algorithm,
        Arrays.copyOf(read.public_key, read.public_key_length),
        Arrays.copyOf(read.proof, read.proof_length));
  }

  pks_new_key struct() {
    pks_new_key key = new pks_new_key();
    key.algorithm = algorithm;
    key.public_key_length = Library.fill(key.public_key, publicKey);
    key.proof_length = Library.fill(key.proof, proof);
    Library.fill(key.device_id, Library.utf8(deviceId));
    return key;
  }
}
