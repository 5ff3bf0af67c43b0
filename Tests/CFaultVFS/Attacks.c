// What an attacker has at hand: see CFaultVFS.h.
#define _GNU_SOURCE
#include <sqlite3.h>
#include <string.h>

#include "CFaultVFS.h"

int pks_contains(const void *bytes, long count, const void *wanted, long wanted_count) {
  return memmem(bytes, (size_t)count, wanted, (size_t)wanted_count) != NULL;
}

int pks_execute(const char *path, const char *sql) {
  sqlite3 *database = NULL;
  int status = sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL);
  if (status == SQLITE_OK) status = sqlite3_exec(database, sql, NULL, NULL, NULL);
  int closed = sqlite3_close(database);
  return status == SQLITE_OK ? closed : status;
}
