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

  /** Makes a key file of 32 random bytes and mode 0600. */
  public static void createKeyFile(String path) {
    Library.call("pks_key_file_create", (Object) Library.utf8(path));
  }

  /** The number in E.164, by Prove's rules. */
  public static String normalisePhoneNumber(String text) {
    byte[] number = Library.bytes("pks_phone_normalise", 17, (Object) Library.utf8(text));
    return new String(number, StandardCharsets.US_ASCII);
  }
}
