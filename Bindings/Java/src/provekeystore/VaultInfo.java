package provekeystore;

import provekeystore.internal.Structs.pks_vault_facts;

/**
 * Facts about a vault that tell nothing of its content.
 *
 * @param unlockMethod "rawKey", "passphrase", "keyFile" or "provider": keyring and program are that
 */
public record VaultInfo(
    int format, boolean isShared, String unlockMethod, boolean isEntangled, int epoch,
    int epochCount, long generation, long records, long keys, long fileBytes) {
  private static final String[] METHODS = {"", "rawKey", "passphrase", "keyFile", "provider"};

  static VaultInfo of(pks_vault_facts read) {
    return new VaultInfo(
        read.format, read.mode == 1, METHODS[read.unlock_method], read.is_entangled != 0,
        read.epoch, read.epoch_count, read.generation, read.records, read.keys, read.file_bytes);
  }
}
