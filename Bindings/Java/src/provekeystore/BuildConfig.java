package provekeystore;

/** Where keys and registrations belong. */
public enum BuildConfig {
  /** The United States, for trials. */
  US_UAT,
  /** The United States. */
  US_PROD,
  /** The European Union, for trials. */
  EU_UAT,
  /** The European Union. */
  EU_PROD;

  int number() {
    return ordinal() + 1;
  }
}
