// Measures the floor: one work, so many times, in one round. `scripts/compare-vault` runs it in turn
// with HotPath, on a vault that that has made.
//
//   floor lookUp FOLDER COUNT   finds and opens the facts of keys, in the order that HotPath has
//   floor open FOLDER COUNT     opens the file with the library's settings, reads all rows, closes
//   floor plainOpen FOLDER COUNT   the same without any setting
//
// Prints nanoseconds a call. With FLOOR_ONCE set it prints nothing: for callgrind.
#include "vault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
  char *text;
  size_t count;
} id;

static unsigned char *read_file(const char *folder, const char *name, size_t *count) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "rb");
  if (!file) fail("a file that HotPath makes is missing");
  fseek(file, 0, SEEK_END);
  *count = (size_t)ftell(file);
  rewind(file);
  unsigned char *bytes = malloc(*count + 1);
  if (!bytes || fread(bytes, 1, *count, file) != *count) fail("a file cannot be read");
  bytes[*count] = 0;
  fclose(file);
  return bytes;
}

// One identifier a line.
static id *read_ids(const char *folder, size_t *count) {
  size_t byte_count = 0;
  char *text = (char *)read_file(folder, "ids", &byte_count);
  size_t lines = 0;
  for (size_t index = 0; index < byte_count; index++) lines += text[index] == '\n';
  id *ids = calloc(lines, sizeof *ids);
  if (!ids) fail("no memory");
  *count = 0;
  for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
    ids[(*count)++] = (id){line, strlen(line)};
  if (*count == 0) fail("no identifiers");
  return ids;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void look_up_all(vault *vault, const id *ids, size_t id_count, size_t count) {
  unsigned char text[4096];
  for (size_t index = 0; index < count; index++) {
    id id = ids[(index * 7919) % id_count];
    if (look_up(vault, id.text, id.count, text) < 32 || text[4] != 1) fail("no key's facts");
  }
}

static void open_and_read(const char *path, int is_plain) {
  sqlite3 *database = NULL;
  if (is_plain) {
    if (sqlite3_open(path, &database) != SQLITE_OK) fail("cannot open the vault");
  } else {
    database = open_with_settings(path, 1);
  }
  sqlite3_stmt *list = NULL;
  const char *sql = "SELECT locator, namespace, epoch, version, sealed FROM record";
  if (sqlite3_prepare_v2(database, sql, -1, &list, NULL) != SQLITE_OK) fail("no table of records");
  int rows = 0, bytes = 0;
  while (sqlite3_step(list) == SQLITE_ROW) {
    rows++;
    for (int column = 0; column < 5; column++) bytes += sqlite3_column_bytes(list, column);
  }
  if (rows < 100 || bytes == 0) fail("too few rows");
  sqlite3_finalize(list);
  sqlite3_close(database);
}

int main(int argc, char **argv) {
  if (argc != 4) fail("usage: floor lookUp|open|plainOpen FOLDER COUNT");
  size_t count = strtoul(argv[3], NULL, 10), size = 0, id_count = 0;
  if (count == 0 || sodium_init() < 0) fail("no count, or no libsodium");
  char path[1024];
  snprintf(path, sizeof path, "%s/hot.vault", argv[2]);

  double start = now();
  if (strcmp(argv[1], "lookUp") == 0) {
    unsigned char *key = read_file(argv[2], "key", &size);
    if (size != 32) fail("the raw key has 32 bytes");
    vault vault;
    open_vault(&vault, path, key);
    id *ids = read_ids(argv[2], &id_count);
    // As HotPath does: every key once, before the clock starts.
    if (!getenv("FLOOR_ONCE")) look_up_all(&vault, ids, id_count, id_count);
    start = now();
    look_up_all(&vault, ids, id_count, count);
    start = now() - start;
    sqlite3_finalize(vault.select);
    sqlite3_close(vault.database);
  } else {
    int is_plain = strcmp(argv[1], "plainOpen") == 0;
    for (size_t index = 0; index < count; index++) open_and_read(path, is_plain);
    start = now() - start;
  }
  if (!getenv("FLOOR_ONCE")) printf("%.0f\n", start / (double)count);
  return 0;
}
