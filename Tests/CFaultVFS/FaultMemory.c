// A counter in front of SQLite's memory: see CFaultVFS.h.
#include <sqlite3.h>
#include <stdatomic.h>

#include "CFaultVFS.h"

static sqlite3_mem_methods real;
static atomic_long countdown;
static atomic_long count;
static atomic_long failures;
static atomic_int stays;

static int fails(void) {
  atomic_fetch_add(&count, 1);
  long left = atomic_load(&countdown);
  int result = 0;
  if (left > 0) {
    left = atomic_fetch_sub(&countdown, 1) - 1;
    result = left == 0;
    if (result && atomic_load(&stays)) atomic_store(&countdown, -1);
  } else if (left < 0) {
    result = 1;
  }
  if (result) atomic_fetch_add(&failures, 1);
  return result;
}

static void *allocate(int size) { return fails() ? 0 : real.xMalloc(size); }

static void *reallocate(void *bytes, int size) { return fails() ? 0 : real.xRealloc(bytes, size); }

int pks_memory_install(void) {
  if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real) != SQLITE_OK) return 1;
  sqlite3_mem_methods counting = real;
  counting.xMalloc = allocate;
  counting.xRealloc = reallocate;
  return sqlite3_config(SQLITE_CONFIG_MALLOC, &counting) == SQLITE_OK ? 0 : 1;
}

void pks_memory_fail(long number, int from_then_on) {
  atomic_store(&stays, from_then_on);
  atomic_store(&count, 0);
  atomic_store(&failures, 0);
  atomic_store(&countdown, number);
}

long pks_memory_count(void) { return atomic_load(&count); }

long pks_memory_failures(void) { return atomic_load(&failures); }
