package provekeystore;

/**
 * What became of a possession check.
 *
 * @param phoneNumber whose possession was proven; null when it was not
 * @param proveId null when not known
 */
public record Possession(boolean passed, String phoneNumber, String proveId) {
  /** A check that was passed. */
  public static Possession of(String phoneNumber) {
    return new Possession(true, phoneNumber, null);
  }

  /** A check that was not. */
  public static Possession failed() {
    return new Possession(false, null, null);
  }
}
