package provekeystore;

import provekeystore.internal.Library;
import provekeystore.internal.SizeT;
import provekeystore.internal.Structs.pks_assertion;

/**
 * A device's proof that it holds a key, in parts.
 *
 * @param counter null where there is none
 * @param generation null where the vault's state is not told
 * @param digest null where the vault's state is not told
 */
public record Assertion(
    String deviceId, Long counter, Long generation, byte[] digest, byte[] signature) {
  /** Reads the wire form; says nothing of the signature. */
  public static Assertion parse(byte[] encoded) {
    pks_assertion read = new pks_assertion();
    Library.call("pks_assertion_parse", encoded, new SizeT(encoded.length), read);
    boolean state = read.has_vault_state != 0;
    return new Assertion(
        Library.text(read.device_id), read.has_counter != 0 ? (Long) read.counter : null,
        state ? (Long) read.generation : null, state ? read.digest : null, read.signature);
  }

  /** Whether the signature is the key's over the challenge; a registry checks more. */
  public static boolean verify(
      byte[] encoded, int algorithm, byte[] publicKey, byte[] challenge) {
    try {
      Library.call(
          "pks_assertion_verify", encoded, new SizeT(encoded.length), algorithm, publicKey,
          new SizeT(publicKey.length), challenge, new SizeT(challenge.length));
      return true;
    } catch (StoreException refused) {
      if (refused.is("SIGNATURE_INVALID")) {
        return false;
      }
      throw refused;
    }
  }
}
