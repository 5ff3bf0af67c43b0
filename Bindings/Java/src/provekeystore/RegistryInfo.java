package provekeystore;

import provekeystore.internal.Structs.pks_registry_facts;

/**
 * How much there is: registrations by state, events, and what expires.
 *
 * @param fileBytes -1 where it is not known
 */
public record RegistryInfo(
    long placed, long bound, long unbound, long revoked, long events, long items,
    long fileBytes) {
  static RegistryInfo of(pks_registry_facts read) {
    return new RegistryInfo(
        read.placed, read.bound, read.unbound, read.revoked, read.events, read.items,
        read.file_bytes);
  }
}
