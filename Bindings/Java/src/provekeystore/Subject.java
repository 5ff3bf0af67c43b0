package provekeystore;

/** By what a person, or one of the person's devices, is named. */
public record Subject(Kind kind, String value) {
  /** The kinds of names. */
  public enum Kind {
    /** Everything bound, now or last, to a number. */
    PHONE_NUMBER,
    /** Everything bound, now or last, to a consumer of Prove's. */
    PROVE_ID,
    /** Everything of a customer of the integrator. */
    CLIENT_CUSTOMER_ID,
    /** Everything of a person of the integrator. */
    CLIENT_HUMAN_ID,
    /** One registration. */
    DEVICE_ID
  }

  int number() {
    return kind.ordinal() + 1;
  }

  @Override
  public String toString() {
    return "Subject(" + kind + ")";
  }
}
