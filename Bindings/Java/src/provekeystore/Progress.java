package provekeystore;

/** Told how far long work has come. */
@FunctionalInterface
public interface Progress {
  /** Whether to go on. What it throws ends the work, and is thrown by the call. */
  boolean told(long done, long total);
}
