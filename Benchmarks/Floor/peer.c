// Measures look-ups of the same keys in SQLCipher at its best settings: raw key, exclusive locking, a
// cache that holds everything, no wiping of freed memory, one statement compiled once and reused.
//
//   peer FOLDER COUNT               one look-up after the other
//   peer FOLDER COUNT transaction   all of them in one transaction, which spares each its own
//
// It makes its own database in FOLDER from the identifiers that HotPath has left there, with values
// as long as a key's facts. Prints nanoseconds a call and on standard error its version.
#define SQLITE_HAS_CODEC 1
#include <sqlcipher/sqlite3.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// Kind to confirmation 28, and led by their lengths: id 36, build config 6, origin 20, public key 32.
enum { VALUE_COUNT = 138, KEY_LIMIT = 100 };

static void fail(const char *what) {
  fprintf(stderr, "peer: %s\n", what);
  exit(1);
}

static void run(sqlite3 *database, const char *sql) {
  if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK) fail(sqlite3_errmsg(database));
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static size_t read_ids(const char *folder, char ids[KEY_LIMIT][256]) {
  char path[1024];
  snprintf(path, sizeof path, "%s/ids", folder);
  FILE *file = fopen(path, "r");
  if (!file) fail("the identifiers that HotPath makes are missing");
  size_t count = 0;
  while (count < KEY_LIMIT && fgets(ids[count], 256, file)) {
    ids[count][strcspn(ids[count], "\n")] = 0;
    count++;
  }
  fclose(file);
  if (count == 0) fail("no identifiers");
  return count;
}

static sqlite3 *make_database(const char *folder, char ids[KEY_LIMIT][256], size_t count) {
  char path[1024];
  snprintf(path, sizeof path, "%s/peer.db", folder);
  unlink(path);
  sqlite3 *database = NULL;
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(path, &database, flags, NULL) != SQLITE_OK) fail("cannot open a database");
  run(database,
      "PRAGMA key = \"x'2DD29CA851E7B56E4697B0E1F08507293D761A05CE4D1B628663F411A8086D99'\"");
  run(database, "PRAGMA cipher_memory_security = OFF");
  run(database, "PRAGMA cache_size = -65536");
  run(database, "PRAGMA temp_store = MEMORY");
  run(database, "PRAGMA locking_mode = EXCLUSIVE");
  run(database, "PRAGMA journal_mode = WAL");
  run(database, "CREATE TABLE key (id TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID");
  run(database, "BEGIN");
  sqlite3_stmt *insert = NULL;
  const char *sql = "INSERT INTO key VALUES (?1, randomblob(?2))";
  if (sqlite3_prepare_v2(database, sql, -1, &insert, NULL) != SQLITE_OK) fail("no insert");
  for (size_t index = 0; index < count; index++) {
    sqlite3_bind_text(insert, 1, ids[index], -1, SQLITE_STATIC);
    sqlite3_bind_int(insert, 2, VALUE_COUNT);
    if (sqlite3_step(insert) != SQLITE_DONE) fail("a row cannot be written");
    sqlite3_reset(insert);
  }
  sqlite3_finalize(insert);
  run(database, "COMMIT");
  return database;
}

int main(int argc, char **argv) {
  if (argc < 3) fail("usage: peer FOLDER COUNT [transaction]");
  size_t count = strtoul(argv[2], NULL, 10);
  if (count == 0) fail("no count");
  static char ids[KEY_LIMIT][256];
  size_t id_count = read_ids(argv[1], ids);
  sqlite3 *database = make_database(argv[1], ids, id_count);
  if (argc > 3) run(database, "BEGIN");

  sqlite3_stmt *select = NULL;
  if (sqlite3_prepare_v2(database, "SELECT value FROM key WHERE id = ?1", -1, &select, NULL) !=
      SQLITE_OK)
    fail("the statement cannot be compiled");
  unsigned char value[VALUE_COUNT];
  unsigned sum = 0;
  double start = 0;
  for (size_t index = 0; index < count + id_count; index++) {
    // The first turn over all keys fills the cache.
    if (index == id_count) start = now();
    const char *id = ids[index % id_count];
    sqlite3_bind_text(select, 1, id, (int)strlen(id), SQLITE_STATIC);
    if (sqlite3_step(select) != SQLITE_ROW) fail("a key is missing");
    if (sqlite3_column_bytes(select, 0) != VALUE_COUNT) fail("a value of another length");
    memcpy(value, sqlite3_column_blob(select, 0), VALUE_COUNT);
    sum += value[index % VALUE_COUNT];
    sqlite3_reset(select);
  }
  double each = (now() - start) / (double)count;
  if (sum == 0) fail("no bytes");
  sqlite3_finalize(select);

  sqlite3_prepare_v2(database, "PRAGMA cipher_version", -1, &select, NULL);
  if (sqlite3_step(select) != SQLITE_ROW) fail("this is not SQLCipher");
  fprintf(stderr, "SQLCipher %s, SQLite %s\n", (const char *)sqlite3_column_text(select, 0),
          sqlite3_libversion());
  sqlite3_finalize(select);
  sqlite3_close(database);
  printf("%.0f\n", each);
  return 0;
}
