package provekeystore;

import java.util.List;

/**
 * What an import did.
 *
 * @param refusedLines those that were not taken, at most 1,000 of each call of the library
 */
public record ImportReport(
    long lines, long imported, long identical, long refused, List<RefusedLine> refusedLines) {
  /**
   * A line that was not taken.
   *
   * @param number from 1
   * @param reason in words that repeat nothing of the line
   */
  public record RefusedLine(long number, String reason) {}
}
