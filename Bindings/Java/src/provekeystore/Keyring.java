package provekeystore;

import com.sun.jna.Memory;
import provekeystore.internal.Library;
import provekeystore.internal.Structs.pks_keyring;

/**
 * A 32-byte key in the Linux kernel's keyring.
 *
 * @param kind who may use it, and how long it lives
 * @param description 1 to 255 printable ASCII characters; can be seen in /proc/keys
 */
public record Keyring(Kind kind, String description) {
  /** The kernel's keyrings. */
  public enum Kind {
    /** All processes of the user, until the last one ends or the machine is restarted. */
    USER,
    /** The login session, until it ends. */
    SESSION,
    /** All processes of the user, until some days without use or a restart. */
    PERSISTENT
  }

  /** Puts a key there, null for a random one; ALREADY_EXISTS when there is one. */
  public void create(byte[] key) {
    Memory text = Library.lend(description);
    Library.call("pks_keyring_create", struct(text), key, Library.count(key));
  }

  /** Revokes the key: what it wrapped is lost. False when there was none. */
  public boolean remove() {
    Memory text = Library.lend(description);
    return Library.found("pks_keyring_remove", struct(text));
  }

  pks_keyring struct(Memory text) {
    pks_keyring keyring = new pks_keyring();
    keyring.kind = kind.ordinal() + 1;
    keyring.description = text;
    return keyring;
  }
}
