// The least that reading a vault's file takes, in C: what Benchmarks/Floor measures by.
//
// docs/vault-format.md describes what is read here. Keys lie in ordinary memory, nothing is zeroed
// and nothing of the set is checked: it is a floor to measure by and no way to use a vault.
#ifndef PROVE_KEY_STORE_FLOOR_VAULT_H
#define PROVE_KEY_STORE_FLOOR_VAULT_H

#include <sodium.h>
#include <sqlite3.h>
#include <stdint.h>

enum { ID_LIMIT = 255, SEALED_OVERHEAD = 81 };

typedef struct {
  sqlite3 *database;
  sqlite3_stmt *select;
  unsigned char store_id[16];
  unsigned char locator_key[32];
  unsigned char data_key[32];
} vault;

// Prints what went wrong and ends the program.
void fail(const char *what);

// Opens the file with the settings that the library makes, without reading them back.
sqlite3 *open_with_settings(const char *path, int is_exclusive);

// Runs statements that give no rows.
void run(sqlite3 *database, const char *sql);

// Reads the store's keys: of a file that the raw key locks and that has one epoch.
void open_keys(vault *vault, const unsigned char raw_key[32]);

// Hashes a name.
void make_locator(const vault *vault, const char *domain, const char *id, size_t count,
                  unsigned char locator[16]);

// Opens a sealed record, bound to one column in the clear or to none: its content stands in `text`
// from 4 on. Returns its length.
uint32_t open_envelope(const vault *vault, const unsigned char key[32], const char *table,
                       const unsigned char *locator, uint64_t version,
                       const unsigned char *column, size_t column_count,
                       const unsigned char *sealed, size_t count, unsigned char text[4096]);

// Opens a vault that the raw key locks and that has one epoch.
void open_vault(vault *vault, const char *path, const unsigned char raw_key[32]);

// Finds the facts of a placed key and opens them: bytes of content in `text` from 4 on.
uint32_t look_up(vault *vault, const char *id, size_t count, unsigned char text[4096]);

#endif
