#include "plain.h"

#ifdef SQLITE_HAS_CODEC
#include <sqlcipher/sqlite3.h>
// Debian's is built on an older SQLite.
#define sqlite3_prepare_v3(database, sql, count, flags, statement, tail) \
  sqlite3_prepare_v2(database, sql, count, statement, tail)
#else
#include <sqlite3.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct plain {
  sqlite3 *database;
  sqlite3_stmt *select;
  unsigned char row[8192];
};

static void fail(const char *what) {
  fprintf(stderr, "plain: %s\n", what);
  exit(1);
}

static void run(sqlite3 *database, const char *sql) {
  if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK) fail(sqlite3_errmsg(database));
}

plain *plain_open(const char *path, const char *key, int cache_kibibytes, int is_exclusive) {
  plain *opened = calloc(1, sizeof *opened);
  if (!opened) fail("no memory");
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
  if (sqlite3_open_v2(path, &opened->database, flags, NULL) != SQLITE_OK) fail("cannot open");
  char pragma[128];
  if (key) {
    snprintf(pragma, sizeof pragma, "PRAGMA key = \"x'%s'\"", key);
    run(opened->database, pragma);
    if (is_exclusive) run(opened->database, "PRAGMA cipher_memory_security = OFF");
  }
  if (is_exclusive) run(opened->database, "PRAGMA locking_mode = EXCLUSIVE");
  run(opened->database, "PRAGMA cell_size_check = 1");
  run(opened->database, "PRAGMA secure_delete = 1");
  run(opened->database, "PRAGMA journal_mode = WAL");
  run(opened->database, "PRAGMA mmap_size = 0");
  run(opened->database, "PRAGMA synchronous = 2");
  snprintf(pragma, sizeof pragma, "PRAGMA cache_size = -%d", cache_kibibytes);
  run(opened->database, pragma);
  if (sqlite3_prepare_v3(opened->database, "SELECT * FROM registration WHERE device = ?1", -1,
                         SQLITE_PREPARE_PERSISTENT, &opened->select, NULL) != SQLITE_OK)
    fail(sqlite3_errmsg(opened->database));
  return opened;
}

void plain_close(plain *plain) {
  sqlite3_finalize(plain->select);
  sqlite3_close(plain->database);
  free(plain);
}

size_t plain_look_up(plain *plain, const char *id, size_t count) {
  sqlite3_stmt *select = plain->select;
  sqlite3_bind_text(select, 1, id, (int)count, SQLITE_STATIC);
  if (sqlite3_step(select) != SQLITE_ROW) fail("a registration is missing");
  size_t used = 0;
  int columns = sqlite3_column_count(select);
  for (int index = 0; index < columns; index++) {
    if (sqlite3_column_type(select, index) == SQLITE_INTEGER) {
      sqlite3_int64 value = sqlite3_column_int64(select, index);
      memcpy(plain->row + used, &value, sizeof value);
      used += sizeof value;
      continue;
    }
    const void *bytes = sqlite3_column_blob(select, index);
    size_t length = (size_t)sqlite3_column_bytes(select, index);
    if (used + length + 8 > sizeof plain->row) fail("a long row");
    if (length > 0) memcpy(plain->row + used, bytes, length);
    used += length;
  }
  sqlite3_reset(select);
  return used;
}
