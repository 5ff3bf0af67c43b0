package provekeystore;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * A program that is started whenever a key is to be wrapped or unwrapped; docs/unlocking.md has the
 * line that it reads and the one that it answers.
 *
 * @param arguments its absolute path, then its arguments
 * @param name kept in the store's header; null for "program"
 * @param environment all that it finds there; null for PATH=/usr/bin:/bin alone
 * @param timeLimit after which it is killed, at most ten minutes
 */
public record KeyProgram(
    List<String> arguments, String name, Map<String, String> environment, Duration timeLimit) {
  /** A program with the name "program", no environment but a PATH, and 30 seconds. */
  public static KeyProgram of(String... arguments) {
    return new KeyProgram(List.of(arguments), null, null, Duration.ofSeconds(30));
  }
}
