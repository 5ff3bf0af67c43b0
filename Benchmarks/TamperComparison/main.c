// What SQLCipher, at its defaults but for a raw key, makes of the attacks of docs/tamper-matrix.md.
//
// Built and run by scripts/compare-sqlcipher. Each attack is made on copies of a closed file that
// someone could take without knowing the key; then the file is opened with the right key, every row
// is read, and `cipher_integrity_check` and `integrity_check` are asked. Outcomes:
//   refused  opening or reading failed;
//   right    every row was read with its newest value;
//   older    rows were read with older values, or deleted rows came back, without an error;
//   mixed    something else than the newest or the older state was read without an error.
#define SQLITE_HAS_CODEC 1
#include <sqlcipher/sqlite3.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 400, REVOKED = 37, DELETED = 251 };

// As this version has them by default.
static size_t PAGE;
static int has_cipher_check;

typedef struct {
  unsigned char *bytes;
  size_t count;
} bytes;

typedef enum { REFUSED, RIGHT, OLDER, MIXED } outcome;

typedef struct {
  int tried, refused, right, older, mixed;
  // Of those that were read without an error and were not right: what the checks said.
  int cipher_check_clean, integrity_check_clean;
} tally;

static const char *KEY =
    "PRAGMA key = \"x'2DD29CA851E7B56E4697B0E1F08507293D761A05CE4D1B628663F411A8086D99'\"";

static void fail(const char *what) {
  fprintf(stderr, "compare-sqlcipher: %s\n", what);
  exit(1);
}

static bytes read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  bytes result = {NULL, 0};
  if (!file) return result;
  fseek(file, 0, SEEK_END);
  result.count = (size_t)ftell(file);
  rewind(file);
  result.bytes = malloc(result.count + 1);
  if (fread(result.bytes, 1, result.count, file) != result.count) fail("read");
  fclose(file);
  return result;
}

static void write_file(const char *path, const unsigned char *content, size_t count) {
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(content, 1, count, file) != count) fail("write");
  fclose(file);
}

static bytes copy_of(bytes from) {
  bytes copy = {malloc(from.count), from.count};
  memcpy(copy.bytes, from.bytes, from.count);
  return copy;
}

static sqlite3 *open_database(const char *path) {
  sqlite3 *database = NULL;
  if (sqlite3_open(path, &database) != SQLITE_OK) fail("open");
  sqlite3_exec(database, KEY, NULL, NULL, NULL);
  return database;
}

static void run(sqlite3 *database, const char *sql) {
  if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK) fail(sqlite3_errmsg(database));
}

// The older state: nobody is revoked, everybody there.
static void make_older(const char *path, int uses_wal) {
  unlink(path);
  sqlite3 *database = open_database(path);
  if (uses_wal) run(database, "PRAGMA journal_mode = WAL");
  run(database,
      "CREATE TABLE device (id INTEGER PRIMARY KEY, revoked INTEGER NOT NULL, body BLOB NOT NULL);"
      "CREATE INDEX device_by_revoked ON device (revoked)");
  run(database, "BEGIN");
  for (int id = 1; id <= ROWS; id++) {
    char sql[128];
    snprintf(sql, sizeof sql, "INSERT INTO device VALUES (%d, 0, randomblob(150))", id);
    run(database, sql);
  }
  run(database, "COMMIT");
  sqlite3_close(database);
}

// The newest state: one device is revoked, one deleted.
static void make_newer(sqlite3 *database) {
  char sql[128];
  snprintf(sql, sizeof sql, "UPDATE device SET revoked = 1 WHERE id = %d", REVOKED);
  run(database, sql);
  snprintf(sql, sizeof sql, "DELETE FROM device WHERE id = %d", DELETED);
  run(database, sql);
}

static int text_is_clean(sqlite3 *database, const char *pragma, int clean_is_ok) {
  sqlite3_stmt *statement = NULL;
  int clean = 1;
  if (sqlite3_prepare_v2(database, pragma, -1, &statement, NULL) != SQLITE_OK) return 0;
  int status;
  while ((status = sqlite3_step(statement)) == SQLITE_ROW) {
    const char *text = (const char *)sqlite3_column_text(statement, 0);
    if (!clean_is_ok || !text || strcmp(text, "ok") != 0) clean = 0;
  }
  sqlite3_finalize(statement);
  return clean && status == SQLITE_DONE;
}

static outcome read_all(const char *path, int *cipher_clean, int *integrity_clean) {
  sqlite3 *database = open_database(path);
  sqlite3_stmt *statement = NULL;
  outcome result = REFUSED;
  int newest = 0, older = 0, others = 0, rows = 0;
  int status = sqlite3_prepare_v2(database, "SELECT id, revoked, length(body) FROM device", -1,
                                  &statement, NULL);
  if (status == SQLITE_OK) {
    int revoked_of_37 = -1, saw_deleted = 0;
    while ((status = sqlite3_step(statement)) == SQLITE_ROW) {
      int id = sqlite3_column_int(statement, 0), revoked = sqlite3_column_int(statement, 1);
      rows++;
      if (id == REVOKED) revoked_of_37 = revoked;
      else if (revoked != 0) others++;
      if (id == DELETED) saw_deleted = 1;
      if (id < 1 || id > ROWS || sqlite3_column_int(statement, 2) != 150) others++;
    }
    if (status == SQLITE_DONE) {
      newest = revoked_of_37 == 1 && !saw_deleted && rows == ROWS - 1 && others == 0;
      older = (revoked_of_37 == 0 || saw_deleted) && others == 0 && rows >= ROWS - 1;
      result = newest ? RIGHT : older ? OLDER : MIXED;
    }
  }
  sqlite3_finalize(statement);
  if (result != REFUSED) {
    *cipher_clean = text_is_clean(database, "PRAGMA cipher_integrity_check", 0);
    *integrity_clean = text_is_clean(database, "PRAGMA integrity_check", 1);
  }
  sqlite3_close(database);
  return result;
}

static void attack(const char *path, bytes database, bytes log, tally *tally) {
  char log_path[512];
  snprintf(log_path, sizeof log_path, "%s-wal", path);
  unlink(log_path);
  snprintf(log_path, sizeof log_path, "%s-shm", path);
  unlink(log_path);
  write_file(path, database.bytes, database.count);
  if (log.bytes) {
    snprintf(log_path, sizeof log_path, "%s-wal", path);
    write_file(log_path, log.bytes, log.count);
  }
  int cipher_clean = 0, integrity_clean = 0;
  tally->tried++;
  switch (read_all(path, &cipher_clean, &integrity_clean)) {
    case REFUSED: tally->refused++; return;
    case RIGHT: tally->right++; return;
    case OLDER: tally->older++; break;
    case MIXED: tally->mixed++; break;
  }
  tally->cipher_check_clean += cipher_clean;
  tally->integrity_check_clean += integrity_clean;
}

static void print_row(const char *name, tally tally) {
  printf("| %s | %d | %d | %d | %d | %d | ", name, tally.tried, tally.refused, tally.right,
         tally.older, tally.mixed);
  int accepted = tally.older + tally.mixed;
  if (accepted == 0) {
    printf("- | - |\n");
  } else {
    if (has_cipher_check) printf("%d of %d | ", tally.cipher_check_clean, accepted);
    else printf("not in this version | ");
    printf("%d of %d |\n", tally.integrity_check_clean, accepted);
  }
}

int main(int argc, char **argv) {
  if (argc != 2) fail("one argument is needed: a folder to work in");
  if (chdir(argv[1]) != 0) fail("no such folder");
  const char *path = "attacked.db";
  bytes none = {NULL, 0};

  make_older("main.db", 0);
  bytes older = read_file("main.db");
  sqlite3 *database = open_database("main.db");
  make_newer(database);
  sqlite3_close(database);
  bytes newer = read_file("main.db");
  make_older("other.db", 0);
  bytes other = read_file("other.db");
  database = open_database("main.db");
  sqlite3_stmt *statement = NULL;
  sqlite3_prepare_v2(database, "PRAGMA cipher_version", -1, &statement, NULL);
  if (sqlite3_step(statement) != SQLITE_ROW) fail("this is not SQLCipher");
  char version[64];
  snprintf(version, sizeof version, "%s", (const char *)sqlite3_column_text(statement, 0));
  sqlite3_finalize(statement);
  int major = 0, minor = 0;
  sscanf(version, "%d.%d", &major, &minor);
  has_cipher_check = major > 4 || (major == 4 && minor >= 2);
  sqlite3_prepare_v2(database, "PRAGMA page_size", -1, &statement, NULL);
  if (sqlite3_step(statement) != SQLITE_ROW) fail("no page size");
  PAGE = (size_t)sqlite3_column_int(statement, 0);
  sqlite3_finalize(statement);
  if (newer.count % PAGE != 0) fail("the file is no whole number of pages");
  printf("SQLCipher %s, SQLite %s; %zu pages of %zu bytes, %d rows, raw key\n\n", version,
         sqlite3_libversion(), newer.count / PAGE, PAGE, ROWS);
  sqlite3_close(database);
  printf("| attack | tried | refused | right | older accepted | mixed accepted | "
         "cipher_integrity_check clean | integrity_check clean |\n|---|---|---|---|---|---|---|---|\n");

  tally t = {0};
  attack(path, newer, none, &t);
  print_row("none (control)", t);

  memset(&t, 0, sizeof t);
  for (size_t offset = 0; offset < newer.count; offset += 97) {
    bytes changed = copy_of(newer);
    changed.bytes[offset] ^= (unsigned char)(1 << (offset % 8));
    attack(path, changed, none, &t);
    free(changed.bytes);
  }
  print_row("one byte flipped", t);

  memset(&t, 0, sizeof t);
  size_t pages = newer.count / PAGE;
  for (size_t page = 0; page < pages && page < older.count / PAGE; page++) {
    if (memcmp(newer.bytes + page * PAGE, older.bytes + page * PAGE, PAGE) == 0) continue;
    bytes changed = copy_of(newer);
    memcpy(changed.bytes + page * PAGE, older.bytes + page * PAGE, PAGE);
    attack(path, changed, none, &t);
    free(changed.bytes);
  }
  print_row("one page put back from an older copy", t);

  memset(&t, 0, sizeof t);
  for (size_t first = 0; first < pages; first++) {
    for (size_t second = first + 1; second < pages; second++) {
      bytes changed = copy_of(newer);
      memcpy(changed.bytes + first * PAGE, newer.bytes + second * PAGE, PAGE);
      memcpy(changed.bytes + second * PAGE, newer.bytes + first * PAGE, PAGE);
      attack(path, changed, none, &t);
      free(changed.bytes);
    }
  }
  print_row("two pages change places", t);

  memset(&t, 0, sizeof t);
  for (size_t page = 0; page < pages && page < other.count / PAGE; page++) {
    bytes changed = copy_of(newer);
    memcpy(changed.bytes + page * PAGE, other.bytes + page * PAGE, PAGE);
    attack(path, changed, none, &t);
    free(changed.bytes);
  }
  print_row("a page of another file with the same key", t);

  memset(&t, 0, sizeof t);
  for (size_t page = 1; page < pages; page++) {
    bytes cut = {newer.bytes, page * PAGE};
    attack(path, cut, none, &t);
  }
  print_row("file cut short at a page", t);

  memset(&t, 0, sizeof t);
  attack(path, older, none, &t);
  print_row("whole older file put back", t);

  // The same with a write-ahead log that was not yet moved into the file.
  make_older("wal.db", 1);
  bytes base = read_file("wal.db");
  database = open_database("wal.db");
  run(database, "PRAGMA wal_autocheckpoint = 0");
  char sql[128];
  snprintf(sql, sizeof sql, "UPDATE device SET revoked = 1 WHERE id = %d", REVOKED);
  run(database, sql);
  bytes older_log = read_file("wal.db-wal");
  snprintf(sql, sizeof sql, "DELETE FROM device WHERE id = %d", DELETED);
  run(database, sql);
  bytes log = read_file("wal.db-wal");

  memset(&t, 0, sizeof t);
  attack(path, base, log, &t);
  print_row("none, with a log (control)", t);
  memset(&t, 0, sizeof t);
  attack(path, base, older_log, &t);
  attack(path, base, none, &t);
  print_row("older log, or none", t);
  memset(&t, 0, sizeof t);
  for (size_t end = 32; end < log.count; end += 24 + PAGE) {
    bytes cut = {log.bytes, end};
    attack(path, base, cut, &t);
  }
  print_row("log cut short at a frame", t);
  memset(&t, 0, sizeof t);
  for (size_t offset = 0; offset < log.count; offset += 97) {
    bytes changed = copy_of(log);
    changed.bytes[offset] ^= (unsigned char)(1 << (offset % 8));
    attack(path, base, changed, &t);
    free(changed.bytes);
  }
  print_row("one byte of the log flipped", t);
  sqlite3_close(database);
  return 0;
}
