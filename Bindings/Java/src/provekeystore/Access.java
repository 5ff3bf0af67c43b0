package provekeystore;

/** Whether a file is to be there already. */
public enum Access {
  /** Either. */
  OPEN_OR_CREATE,
  /** It must not be there yet. */
  CREATE,
  /** It must be there. */
  OPEN_EXISTING
}
