// Look-ups in a registry's file with nothing but SQLite and libsodium: the floor of the registry.
#include "registry.h"
#include "vault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct registry_floor {
  vault keys;
  // Compiled when first needed.
  sqlite3_stmt *update, *update_day, *digest;
  unsigned char text[4096];
};

static const char select_row[] =
    "SELECT device, visitor, phone, prove, customer, human, state, last_active_day, version, epoch, "
    "sealed FROM registration WHERE device = ?1";

registry_floor *registry_floor_open(const char *path, const unsigned char raw_key[32],
                                    int cache_kibibytes) {
  if (sodium_init() < 0) fail("libsodium does not start");
  registry_floor *floor = calloc(1, sizeof *floor);
  if (!floor) fail("no memory");
  floor->keys.database = open_with_settings(path, 0);
  char pragma[64];
  snprintf(pragma, sizeof pragma, "PRAGMA cache_size = -%d", cache_kibibytes);
  run(floor->keys.database, pragma);
  open_keys(&floor->keys, raw_key);
  if (sqlite3_prepare_v3(floor->keys.database, select_row, -1, SQLITE_PREPARE_PERSISTENT,
                         &floor->keys.select, NULL) != SQLITE_OK)
    fail("the statement cannot be compiled");
  return floor;
}

void registry_floor_close(registry_floor *floor) {
  sqlite3_finalize(floor->update);
  sqlite3_finalize(floor->update_day);
  sqlite3_finalize(floor->digest);
  sqlite3_finalize(floor->keys.select);
  sqlite3_close(floor->keys.database);
  free(floor);
}

// What a row's seal is bound to: five optional locators, the state and the day.
static size_t bound_column(sqlite3_stmt *select, unsigned char column[112]) {
  unsigned char *end = column;
  for (int index = 1; index <= 5; index++) {
    const void *locator = sqlite3_column_blob(select, index);
    *end++ = locator != NULL;
    if (!locator) continue;
    memcpy(end, locator, 16);
    end += 16;
  }
  for (int index = 6; index <= 7; index++) {
    uint64_t value = (uint64_t)sqlite3_column_int64(select, index);
    for (int shift = 56; shift >= 0; shift -= 8) *end++ = (unsigned char)(value >> shift);
  }
  return (size_t)(end - column);
}

uint32_t registry_floor_look_up(registry_floor *floor, const char *id, size_t count) {
  unsigned char locator[16], column[112];
  make_locator(&floor->keys, "device", id, count, locator);
  sqlite3_stmt *select = floor->keys.select;
  sqlite3_bind_blob(select, 1, locator, 16, SQLITE_STATIC);
  if (sqlite3_step(select) != SQLITE_ROW) fail("a registration is missing");
  size_t column_count = bound_column(select, column);
  const unsigned char *sealed = sqlite3_column_blob(select, 10);
  uint32_t length = open_envelope(
      &floor->keys, floor->keys.data_key, "registration", locator,
      (uint64_t)sqlite3_column_int64(select, 8), column, column_count, sealed,
      (size_t)sqlite3_column_bytes(select, 10), floor->text);
  sqlite3_reset(select);
  return length;
}

static void compile(registry_floor *floor, sqlite3_stmt **statement, const char *sql) {
  if (sqlite3_prepare_v3(floor->keys.database, sql, -1, SQLITE_PREPARE_PERSISTENT, statement,
                         NULL) != SQLITE_OK)
    fail(sqlite3_errmsg(floor->keys.database));
}

static void finish(sqlite3_stmt *statement) {
  if (sqlite3_step(statement) != SQLITE_DONE) fail("a row cannot be written");
  sqlite3_reset(statement);
}

void registry_floor_begin(registry_floor *floor) {
  if (!floor->update) {
    compile(floor, &floor->update,
            "UPDATE registration SET version = version + 1, sealed = ?2 WHERE device = ?1");
    compile(floor, &floor->update_day,
            "UPDATE registration SET version = version + 1, sealed = ?2, last_active_day = ?3 "
            "WHERE device = ?1");
    compile(floor, &floor->digest,
            "UPDATE bucket SET version = version + 1, sealed = ?2 WHERE bucket = ?1");
  }
  run(floor->keys.database, "BEGIN IMMEDIATE");
}

void registry_floor_commit(registry_floor *floor) { run(floor->keys.database, "COMMIT"); }

void registry_floor_authenticate(registry_floor *floor, const char *id, size_t count, int days) {
  unsigned char locator[16], sealed[4096];
  make_locator(&floor->keys, "device", id, count, locator);
  sqlite3_stmt *select = floor->keys.select;
  sqlite3_bind_blob(select, 1, locator, 16, SQLITE_STATIC);
  if (sqlite3_step(select) != SQLITE_ROW) fail("a registration is missing");
  sqlite3_int64 day = sqlite3_column_int64(select, 7) + days;
  int length = sqlite3_column_bytes(select, 10);
  if (length > (int)sizeof sealed) fail("a long row");
  randombytes_buf(sealed, (size_t)length);
  sqlite3_reset(select);

  sqlite3_stmt *update = days ? floor->update_day : floor->update;
  sqlite3_bind_blob(update, 1, locator, 16, SQLITE_STATIC);
  sqlite3_bind_blob(update, 2, sealed, length, SQLITE_STATIC);
  if (days) sqlite3_bind_int64(update, 3, day);
  finish(update);
  sqlite3_bind_int64(floor->digest, 1, locator[0]);
  sqlite3_bind_blob(floor->digest, 2, sealed, 177, SQLITE_STATIC);
  finish(floor->digest);
}
