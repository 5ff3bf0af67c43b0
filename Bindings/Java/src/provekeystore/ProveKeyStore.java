package provekeystore;

import java.nio.charset.StandardCharsets;
import provekeystore.internal.Library;

/** What belongs to no vault and no registry. */
public final class ProveKeyStore {
  private ProveKeyStore() {}

  /** The version of the C library that was loaded. */
  public static String version() {
    return Library.version();
  }

  /** The number in E.164, by Prove's rules. */
  public static String normalisePhoneNumber(String text) {
    byte[] number = Library.bytes("pks_phone_normalise", 17, (Object) Library.utf8(text));
    return new String(number, StandardCharsets.US_ASCII);
  }
}
