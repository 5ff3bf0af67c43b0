// The same look-ups in SQLCipher, in a process of their own that takes turns with the others.
//
//   cipher make PLAIN CIPHER               copies a plain file into an encrypted one
//   cipher look-up CIPHER IDS CACHE BEST   answers rounds: reads a count and so many numbers of ids (as
//                                          32-bit words) and writes as many times in nanoseconds
#define SQLITE_HAS_CODEC 1
#include <sqlcipher/sqlite3.h>

#include "include/plain.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char key[] = "2DD29CA851E7B56E4697B0E1F08507293D761A05CE4D1B628663F411A8086D99";
enum { ID_SIZE = 40 };

static void fail(const char *what) {
  fprintf(stderr, "cipher: %s\n", what);
  exit(1);
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void make(const char *from, const char *to) {
  sqlite3 *database = NULL;
  char sql[4096];
  if (sqlite3_open(from, &database) != SQLITE_OK) fail("cannot open");
  snprintf(sql, sizeof sql,
           "ATTACH DATABASE '%s' AS encrypted KEY \"x'%s'\"; SELECT sqlcipher_export('encrypted');"
           "DETACH DATABASE encrypted", to, key);
  if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK) fail(sqlite3_errmsg(database));
  sqlite3_close(database);
}

static char *read_ids(const char *path, size_t *count) {
  FILE *file = fopen(path, "r");
  if (!file) fail("no ids");
  size_t room = 1024;
  char *ids = malloc(room * ID_SIZE);
  *count = 0;
  while (ids && fgets(ids + *count * ID_SIZE, ID_SIZE, file)) {
    ids[*count * ID_SIZE + strcspn(ids + *count * ID_SIZE, "\n")] = 0;
    if (++*count == room) ids = realloc(ids, (room *= 2) * ID_SIZE);
  }
  if (!ids) fail("no memory");
  fclose(file);
  return ids;
}

int main(int argc, char **argv) {
  if (argc == 4 && strcmp(argv[1], "make") == 0) {
    make(argv[2], argv[3]);
    return 0;
  }
  if (argc != 6 || strcmp(argv[1], "look-up") != 0) fail("usage: make PLAIN CIPHER | look-up ...");
  plain *opened = plain_open(argv[2], key, atoi(argv[4]), atoi(argv[5]));
  size_t id_count = 0;
  char *ids = read_ids(argv[3], &id_count);
  uint32_t count;
  while (fread(&count, sizeof count, 1, stdin) == 1) {
    uint32_t *numbers = malloc(count * sizeof *numbers);
    if (!numbers || fread(numbers, sizeof *numbers, count, stdin) != count) fail("a short round");
    uint64_t before = now();
    for (uint32_t index = 0; index < count; index++) {
      const char *id = ids + (size_t)numbers[index] % id_count * ID_SIZE;
      if (plain_look_up(opened, id, strlen(id)) == 0) fail("no bytes");
      uint64_t after = now();
      numbers[index] = (uint32_t)(after - before);
      before = after;
    }
    fwrite(numbers, sizeof *numbers, count, stdout);
    fflush(stdout);
    free(numbers);
  }
  plain_close(opened);
  return 0;
}
