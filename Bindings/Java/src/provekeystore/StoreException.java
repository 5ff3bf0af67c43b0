package provekeystore;

/** What the library refused; its message holds no key, id, number, origin or path. */
public final class StoreException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final String name;
  private final int code;
  private final int domain;
  private final long detail;

  /** Made by the module. */
  public StoreException(String name, int code, int domain, long detail, String message) {
    super(name + ": " + message);
    this.name = name;
    this.code = code;
    this.domain = domain;
    this.detail = detail;
  }

  /** The code's name, as in "WRONG_KEY". */
  public String name() {
    return name;
  }

  /** The code, as in provekeystore.h. */
  public int code() {
    return code;
  }

  /** Where the code belongs, a {@code pks_domain}. */
  public int domain() {
    return domain;
  }

  /** What the code says of it, else 0. */
  public long detail() {
    return detail;
  }

  /** Whether this is the error of a name. */
  public boolean is(String other) {
    return name.equals(other);
  }
}
