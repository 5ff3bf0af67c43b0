/* What the tests share: a check that counts, and the two structs that each of them needs. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provekeystore.h"

static int checks, failures;

#define CHECK(condition) \
  do { \
    checks++; \
    if (!(condition)) { \
      failures++; \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
    } \
  } while (0)

/* Checks what a call answers, and prints what it answered instead. */
#define EXPECT(code, call) \
  do { \
    pks_status status_ = (call); \
    checks++; \
    if (status_ != (code)) { \
      failures++; \
      fprintf(stderr, "%s:%d: %s instead of %s: %s (%s)\n", __FILE__, __LINE__, \
              pks_status_name(status_), pks_status_name(code), #call, error.message); \
    } \
  } while (0)

static int finish(const char *name) {
  printf("%s: %d checks, %d failed\n", name, checks, failures);
  return failures == 0 ? 0 : 1;
}

static const uint8_t test_key[32] = {7, 1, 2, 3};

static pks_unlock raw_unlock(void) {
  PKS_DECLARE(pks_unlock, unlock);
  unlock.method = PKS_METHOD_RAW_KEY;
  unlock.secret = test_key;
  unlock.secret_length = sizeof test_key;
  return unlock;
}

/* A path in the folder that the test was given, in one of eight buffers that take turns. */
static const char *in_folder(const char *folder, const char *name) {
  static char paths[8][1024];
  static int next;
  char *path = paths[next++ % 8];
  snprintf(path, sizeof paths[0], "%s/%s", folder, name);
  return path;
}

#endif
