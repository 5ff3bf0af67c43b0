package provekeystore;

import java.util.List;

/**
 * What was read out of a damaged vault.
 *
 * @param isWhole whether nothing was lost or put back; else what was saved is genuine, but may be older
 * @param losses what was lost, without names; at most 100 of {@code lossCount}
 */
public record Salvage(
    boolean isWhole, long records, long keys, long storageItems, long databases,
    long databaseRows, long lossCount, List<String> losses) {}
