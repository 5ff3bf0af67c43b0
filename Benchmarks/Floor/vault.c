#include "vault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fail(const char *what) {
  fprintf(stderr, "floor: %s\n", what);
  exit(1);
}

static unsigned char *put32(unsigned char *to, uint32_t value) {
  for (int index = 0; index < 4; index++) to[index] = (unsigned char)(value >> (24 - 8 * index));
  return to + 4;
}

static unsigned char *put64(unsigned char *to, uint64_t value) {
  return put32(put32(to, (uint32_t)(value >> 32)), (uint32_t)value);
}

// A part led by its length.
static unsigned char *put_part(unsigned char *to, const void *part, size_t count) {
  to = put32(to, (uint32_t)count);
  memcpy(to, part, count);
  return to + count;
}

static uint32_t read32(const unsigned char *from) {
  return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

// Opens an envelope in its place: the checks, in their order, and the decryption.
uint32_t open_envelope(const vault *vault, const unsigned char key[32], const char *table,
                       const unsigned char *locator, uint64_t version,
                       const unsigned char *column, size_t column_count,
                       const unsigned char *sealed, size_t count, unsigned char text[4096]) {
  if (count < SEALED_OVERHEAD + 32 || count > 4096 || sealed[0] != 1) fail("a malformed record");
  if (memcmp(sealed + 5, vault->store_id, 4) != 0) fail("a foreign record");

  unsigned char message[256], place[32], pair[64];
  unsigned char *end = put32(message, 1);
  *end++ = 1;
  end = put_part(end, vault->store_id, 16);
  end = put_part(end, table, strlen(table));
  end = put_part(end, locator, 16);
  end = put_part(end, sealed + 1, 4);
  end = put32(end, 8);
  end = put64(end, version);
  if (column) end = put_part(end, column, column_count);
  crypto_generichash_blake2b(place, 32, message, (size_t)(end - message), NULL, 0);

  static const char label[] = "prove-key-store record 1";
  end = put_part(message, label, sizeof label - 1);
  memcpy(end, sealed + 9, 24);
  memcpy(end + 24, place, 32);
  crypto_generichash_blake2b(pair, 64, message, (size_t)(end + 56 - message), key, 32);
  if (sodium_memcmp(pair + 32, sealed + 33, 32) != 0) fail("a wrong commitment");
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(text, NULL, NULL, sealed + 65, count - 65, place,
                                                 32, sealed + 9, pair) != 0)
    fail("a wrong tag");
  return read32(text);
}

void run(sqlite3 *database, const char *sql) {
  if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK) fail(sqlite3_errmsg(database));
}

sqlite3 *open_with_settings(const char *path, int is_exclusive) {
  sqlite3 *database = NULL;
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
  if (sqlite3_open_v2(path, &database, flags, NULL) != SQLITE_OK) fail("cannot open the vault");
  run(database, "PRAGMA cell_size_check = 1");
  run(database, "PRAGMA secure_delete = 1");
  if (is_exclusive) run(database, "PRAGMA locking_mode = exclusive");
  run(database, "PRAGMA journal_mode = WAL");
  run(database, "PRAGMA mmap_size = 0");
  run(database, "PRAGMA synchronous = 2");
  if (is_exclusive) {
    run(database, "BEGIN EXCLUSIVE");
    run(database, "COMMIT");
  }
  return database;
}

static const unsigned char *only_blob(sqlite3 *database, const char *sql, sqlite3_stmt **statement,
                                      size_t *count) {
  if (sqlite3_prepare_v2(database, sql, -1, statement, NULL) != SQLITE_OK ||
      sqlite3_step(*statement) != SQLITE_ROW)
    fail("a table of the vault cannot be read");
  const unsigned char *bytes = sqlite3_column_blob(*statement, 0);
  *count = (size_t)sqlite3_column_bytes(*statement, 0);
  return bytes;
}

// Unwraps the root key of a header that a raw key locks.
static void unwrap(vault *vault, const unsigned char *header, size_t count,
                   const unsigned char raw_key[32], unsigned char root[32]) {
  // Magic 8, layout 1, kind 1, store id 16, method 1, salt 16, nonce 24, check 32, root 48, MAC 32,
  // checksum 32.
  if (count != 211 || header[26] != 1) fail("the vault is not locked by a raw key");
  memcpy(vault->store_id, header + 10, 16);
  unsigned char message[128], wrapping[32], pair[64];
  unsigned char *end = put_part(message, "prove-key-store raw key 1", 25);
  end = put_part(end, header + 27, 16);
  crypto_generichash_blake2b(wrapping, 32, message, (size_t)(end - message), raw_key, 32);
  end = put_part(message, "prove-key-store root wrapping 1", 31);
  memcpy(end, header + 43, 24);
  crypto_generichash_blake2b(pair, 64, message, (size_t)(end + 24 - message), wrapping, 32);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(root, NULL, NULL, header + 99, 48, header, 99,
                                                 header + 43, pair) != 0)
    fail("the key is not the vault's");
}

void open_keys(vault *vault, const unsigned char raw_key[32]) {
  sqlite3_stmt *statement = NULL;
  size_t count = 0;
  const unsigned char *bytes =
      only_blob(vault->database, "SELECT bytes FROM header WHERE id = 1", &statement, &count);
  unsigned char root[32], epoch_wrapping[32], text[4096];
  unwrap(vault, bytes, count, raw_key, root);
  sqlite3_finalize(statement);
  crypto_kdf_derive_from_key(vault->locator_key, 32, 1, "pkstore1", root);
  crypto_kdf_derive_from_key(epoch_wrapping, 32, 4, "pkstore1", root);

  bytes = only_blob(vault->database, "SELECT sealed FROM epoch", &statement, &count);
  static const unsigned char nowhere[16];
  uint32_t length = open_envelope(vault, epoch_wrapping, "prove-key-store epoch key", nowhere, 1,
                                  NULL, 0, bytes, count, text);
  if (length != 32) fail("a data key of another length");
  memcpy(vault->data_key, text + 4, 32);
  sqlite3_finalize(statement);
}

void open_vault(vault *vault, const char *path, const unsigned char raw_key[32]) {
  vault->database = open_with_settings(path, 1);
  open_keys(vault, raw_key);
  const char *sql =
      "SELECT namespace, epoch, version, sealed FROM record WHERE locator = ?1";
  if (sqlite3_prepare_v3(vault->database, sql, -1, SQLITE_PREPARE_PERSISTENT, &vault->select,
                         NULL) != SQLITE_OK)
    fail("the statement cannot be compiled");
}

void make_locator(const vault *vault, const char *domain, const char *id, size_t count,
                  unsigned char locator[16]) {
  unsigned char message[32 + ID_LIMIT];
  unsigned char *end = put_part(message, domain, strlen(domain));
  end = put_part(end, id, count);
  crypto_generichash_blake2b(locator, 16, message, (size_t)(end - message), vault->locator_key, 32);
}

uint32_t look_up(vault *vault, const char *id, size_t count, unsigned char text[4096]) {
  unsigned char locator[16];
  make_locator(vault, "vault.key.placed", id, count, locator);

  sqlite3_stmt *select = vault->select;
  sqlite3_bind_blob(select, 1, locator, 16, SQLITE_STATIC);
  if (sqlite3_step(select) != SQLITE_ROW) fail("a key is missing");
  const unsigned char *name = sqlite3_column_blob(select, 0);
  uint64_t version = (uint64_t)sqlite3_column_int64(select, 2);
  const unsigned char *sealed = sqlite3_column_blob(select, 3);
  uint32_t length =
      open_envelope(vault, vault->data_key, "record", locator, version, name, 16,
                    sealed, (size_t)sqlite3_column_bytes(select, 3), text);
  sqlite3_reset(select);
  return length;
}
